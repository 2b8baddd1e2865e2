"""What can be wrong with a merge request, or with what somebody wants of the refinery."""

from collections.abc import Sequence
from typing import ClassVar, Final

from stamps.errors import WastelandError

# What a refinery cannot do, where that is about one target and others may go on.
PUSH: Final = "push"
TARGET: Final = "target"


class MergeError(WastelandError):
    """Something about a merge request was refused; nothing of it was done."""

    code: ClassVar[str] = "merge.refused"
    hint: ClassVar[str] = "`gt mq list RIG` shows the queue."
    exit: ClassVar[int] = 1


class NoRequestError(MergeError):
    """No merge request, or more than one, is meant."""

    code: ClassVar[str] = "id.request"
    exit: ClassVar[int] = 3

    def __init__(self, said: str, found: Sequence[str] = ()) -> None:
        could = f": it could be {', '.join(found)}" if found else ""
        super().__init__(f"no merge request is called {said!r}{could}")
        self.said, self.found = said, list(found)


class EndedError(MergeError):
    """The request is merged, rejected or replaced; that stays so."""

    code: ClassVar[str] = "merge.ended"
    hint: ClassVar[str] = "Hand the work in anew: gt mq submit"

    def __init__(self, request: str, state: str) -> None:
        super().__init__(f"{request} is {state}")
        self.request, self.state = request, state


class RejectedError(MergeError):
    """The very same commit was rejected before."""

    code: ClassVar[str] = "merge.rejected"
    hint: ClassVar[str] = "Mend it and commit, or add --resubmit to try the same commit again."

    def __init__(self, request: str, sha: str, reason: str) -> None:
        super().__init__(f"{sha[:12]} was rejected as {request}: {reason}")
        self.request, self.sha = request, sha


class NoBranchError(MergeError):
    """There is no branch that could be handed in."""

    code: ClassVar[str] = "merge.branch"
    hint: ClassVar[str] = "Run it in a checkout of the rig on the branch, or name it: --branch"
    exit: ClassVar[int] = 2

    def __init__(self, why: str) -> None:
        super().__init__(why)


class BlockedByTaskError(MergeError):
    """The request waits for a conflict to be resolved."""

    code: ClassVar[str] = "merge.conflict"
    hint: ClassVar[str] = "Resolve the conflict on the branch, push it, then close the task."

    def __init__(self, request: str, task: str) -> None:
        super().__init__(f"{request} waits for {task}")
        self.request, self.task = request, task


class BusyRefineryError(MergeError):
    """Another process is working in the rig's refinery."""

    code: ClassVar[str] = "refinery.busy"
    hint: ClassVar[str] = "`gt refinery status RIG` says what it is doing."
    exit: ClassVar[int] = 9
    retryable: ClassVar[bool] = True

    def __init__(self, rig: str) -> None:
        super().__init__(f"the refinery of {rig} is at work in another process")
        self.rig = rig


class LeaseLostError(MergeError):
    """Somebody else works in the rig's refinery by now; this process stopped."""

    code: ClassVar[str] = "refinery.lost"
    retryable: ClassVar[bool] = True

    def __init__(self, rig: str) -> None:
        super().__init__(f"the refinery of {rig} was taken over")
        self.rig = rig


class BrokenError(MergeError):
    """The refinery cannot work; that says nothing about any request."""

    code: ClassVar[str] = "refinery.broken"
    hint: ClassVar[str] = "Mend what the reason names; the queue goes on by itself."
    exit: ClassVar[int] = 6

    def __init__(self, what: str, why: str) -> None:
        super().__init__(why)
        self.what, self.why = what, why
        self.target = ""  # the branch that it is about, where others may go on


class RefusedError(BrokenError):
    """The remote can be reached, and takes no push of this."""

    def __init__(self, why: str) -> None:
        super().__init__(PUSH, why)
