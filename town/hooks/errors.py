"""What can be wrong with giving work to somebody, and with handing it in."""

from typing import ClassVar

from stamps.errors import WastelandError


class HookError(WastelandError):
    """Work could not be given, taken back or handed in; nothing of it was done."""

    code: ClassVar[str] = "work.refused"
    hint: ClassVar[str] = "`gt hook` shows who works on what."
    exit: ClassVar[int] = 1


class NoTargetError(HookError):
    """Nobody can be given work under this name."""

    code: ClassVar[str] = "work.target"
    hint: ClassVar[str] = "A rig, RIG/NAME, RIG/crew/NAME, mayor, or . for yourself."
    exit: ClassVar[int] = 2

    def __init__(self, said: str, why: str) -> None:
        super().__init__(f"work cannot be given to {said!r}: {why}")
        self.said = said


class NotWorkError(HookError):
    """The bead is nothing that somebody could work on now."""

    code: ClassVar[str] = "work.bead"
    hint: ClassVar[str] = "`bd ready` lists what can be begun."

    def __init__(self, bead: str, why: str) -> None:
        super().__init__(f"{bead} {why}")
        self.bead = bead


class TakenError(HookError):
    """Somebody works on the bead."""

    code: ClassVar[str] = "work.taken"
    hint: ClassVar[str] = "Add --force to take it from them; what they did stays on their branch."
    exit: ClassVar[int] = 5

    def __init__(self, bead: str, by: str) -> None:
        super().__init__(f"{bead} is on the hook of {by}")
        self.bead, self.by = bead, by


class BusyError(HookError):
    """The worker has other work on its hook."""

    code: ClassVar[str] = "work.busy"
    hint: ClassVar[str] = "Add --force to take that off first; it becomes open again."

    def __init__(self, agent: str, bead: str) -> None:
        super().__init__(f"{agent} has {bead} on its hook")
        self.agent, self.bead = agent, bead


class NoPlaceError(HookError):
    """The worker's worktree is being removed at this moment."""

    code: ClassVar[str] = "work.no_place"
    hint: ClassVar[str] = "Wait a moment; whoever removed it and died is helped by gt polecat gc."
    retryable: ClassVar[bool] = True

    def __init__(self, agent: str) -> None:
        super().__init__(f"the worktree of {agent} is being removed")
        self.agent = agent


class OtherRigError(HookError):
    """The bead belongs to another rig."""

    code: ClassVar[str] = "work.rig"
    hint: ClassVar[str] = "`bd create TITLE --rig RIG` makes one there; --force gives this one."

    def __init__(self, bead: str, rig: str, prefix: str) -> None:
        super().__init__(f"{bead} is not of {rig}, whose beads begin with {prefix}-")
        self.bead, self.rig = bead, rig


class RestingError(HookError):
    """The rig rests."""

    code: ClassVar[str] = "work.parked"
    hint: ClassVar[str] = "`gt rig unpark RIG` lets it work again."

    def __init__(self, rig: str, state: str) -> None:
        super().__init__(f"{rig} is {state}")
        self.rig, self.state = rig, state


class NotYoursToGiveError(HookError):
    """Workers do not hand out work."""

    code: ClassVar[str] = "work.worker"
    hint: ClassVar[str] = "File a bead with bd create; the mayor or a person gives it out."
    exit: ClassVar[int] = 4

    def __init__(self, agent: str) -> None:
        super().__init__(f"{agent} is a worker, and workers give no work to others")
        self.agent = agent


class FullError(HookError):
    """So many work already that one more would be no help."""

    code: ClassVar[str] = "work.full"
    hint: ClassVar[str] = "Wait until some are done, or raise operational.polecat.working_max."
    exit: ClassVar[int] = 9

    def __init__(self, rig: str, count: int) -> None:
        super().__init__(f"{count} workers are busy in {rig}")
        self.rig, self.count = rig, count


class BeingMergedError(HookError):
    """The refinery is pushing the request at this moment."""

    code: ClassVar[str] = "merge.pushing"
    hint: ClassVar[str] = "Look again in a moment: gt mq status ID"
    exit: ClassVar[int] = 9
    retryable: ClassVar[bool] = True

    def __init__(self, request: str) -> None:
        super().__init__(f"{request} is being pushed at this moment")
        self.request = request


class NoWorkError(HookError):
    """There is nothing on the hook."""

    code: ClassVar[str] = "work.none"
    hint: ClassVar[str] = "`gt prime` says what to do next."
    exit: ClassVar[int] = 3

    def __init__(self, agent: str) -> None:
        super().__init__(f"nothing is on the hook of {agent}")
        self.agent = agent


class StaleError(HookError):
    """The message is of an earlier assignment; what is done now is somebody's or something else."""

    code: ClassVar[str] = "work.stale"
    hint: ClassVar[str] = (
        "Stop: this work was given away or is over. Your commits stay on the branch."
    )
    exit: ClassVar[int] = 5

    def __init__(self, assignment: str, state: str) -> None:
        super().__init__(f"assignment {assignment} is {state}")
        self.assignment, self.state = assignment, state


class WorktreeGoneError(HookError):
    """The worktree of the work is not there any more; nothing was committed elsewhere."""

    code: ClassVar[str] = "work.worktree"
    hint: ClassVar[str] = "The town makes it anew from the branch; start again with gt prime."
    exit: ClassVar[int] = 6

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not there, or is no worktree of the rig")
        self.path = path


class NothingDoneError(HookError):
    """There is no commit to hand in."""

    code: ClassVar[str] = "work.no_commit"
    hint: ClassVar[str] = "Commit your work; or gt done --status DEFERRED with what is missing."

    def __init__(self, branch: str, base: str) -> None:
        super().__init__(f"{branch} has no commit that {base} does not have")
        self.branch, self.base = branch, base


class OtherWorkError(HookError):
    """What is said to be handed in is not what is on the hook."""

    code: ClassVar[str] = "work.other"
    hint: ClassVar[str] = "gt done alone hands in what is on your hook: gt hook"
    exit: ClassVar[int] = 2

    def __init__(self, said: str, bead: str) -> None:
        super().__init__(f"{said} is not on your hook; {bead} is")
        self.said, self.bead = said, bead


class BadTargetError(HookError):
    """The work cannot be merged into that branch."""

    code: ClassVar[str] = "work.base"
    hint: ClassVar[str] = "Name a branch that the remote has; without --target, the work's own."
    exit: ClassVar[int] = 2

    def __init__(self, target: str, why: str) -> None:
        super().__init__(f"it cannot be merged into {target!r}: {why}")
        self.target = target
