"""What can be wrong with a worker, or with what somebody wants to do to its worktree."""

from collections.abc import Sequence
from typing import ClassVar

from stamps.errors import WastelandError


class PolecatError(WastelandError):
    """Something about a worker was refused; nothing of it was done."""

    code: ClassVar[str] = "polecat.refused"
    hint: ClassVar[str] = "`gt polecat list --all` shows every worker."
    exit: ClassVar[int] = 1


class NoPolecatError(PolecatError):
    """No worker is called so."""

    code: ClassVar[str] = "id.polecat"
    exit: ClassVar[int] = 3

    def __init__(self, said: str, known: Sequence[str]) -> None:
        there = f"; there are {', '.join(known)}" if known else "; there is none yet: gt sling"
        super().__init__(f"no worker is called {said!r}{there}")
        self.said = said


class AtWorkError(PolecatError):
    """The worker has work in hand, or a session that runs."""

    code: ClassVar[str] = "polecat.busy"
    hint: ClassVar[str] = (
        "gt unsling takes its work off the hook, gt session stop ends its session."
    )

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"{address} {why}")
        self.address = address


class KeptError(PolecatError):
    """The worktree has what no other place has, or what the merge queue may send back to it."""

    code: ClassVar[str] = "polecat.unsaved"
    hint: ClassVar[str] = "Commit and push it, or hand it in; with --force it is lost."

    def __init__(self, address: str, kept: Sequence[str]) -> None:
        super().__init__(f"{address} keeps its worktree: {', '.join(kept)}")
        self.address, self.kept = address, list(kept)
