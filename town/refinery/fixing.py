"""Mending work that breaks the gates, in the scratch worktree: `merge_queue.fix_inline`.

Whoever mends is behind a port. What it leaves goes through the gates like everything else, as one
commit on the target; where it does not pass, the work goes back to its worker as it was.
"""

from collections.abc import Callable
from typing import Final

from ledger.merging.isolating import Try, Verdict
from ledger.workspace.work import MergeRequest
from town.refinery.ports import Fixer
from town.refinery.scratch import Scratch, Stack
from town.refinery.trying import Tried, Trying

FIXED: Final = "fixed"


class Fixing:
    """Mends culprits, for one rig. `beat` is called now and then meanwhile."""

    def __init__(
        self, fixer: Fixer, agent: str, trying: Trying, *, beat: Callable[[], None]
    ) -> None:
        self.fixer = fixer
        self.agent = agent
        self.trying = trying
        self.scratch: Scratch = trying.scratch
        self.beat = beat

    def fixed(self, request: MergeRequest, base: str, output: str) -> Tried | None:
        """The request alone on the base, mended and passed; None where it was not."""
        stack = self.scratch.stack(base, [request])
        if stack.unstacked or not self.fixer.fix(
            request, agent=self.agent, worktree=self.scratch.path, output=output, beat=self.beat
        ):
            return None
        commit = self.scratch.amended(stack.tip, {"Fixed-By": self.agent})
        if not commit:
            return None
        mended = Stack(base, {request.id: commit})
        if not self.trying.gated(mended, Try((), (request.id,), FIXED)).passed:
            return None
        verdict = Verdict(merged=(request.id,), runs=1)
        return Tried(base, verdict, commits=dict(mended.commits), tip=commit)
