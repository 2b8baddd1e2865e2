"""One batch from the queue to its target, or back to who did the work.

Tried on the target as it is, pushed only from there; where somebody else pushed meanwhile, all of
it is tried again. Nothing is merged that the gates did not pass as it is.
"""

from collections.abc import Sequence
from typing import Final

from ledger.merging.judging import first_bad
from ledger.merging.queue import Batch, Line
from town.refinery.cycle import Cycle
from town.refinery.errors import TARGET, BrokenError, RefusedError
from town.refinery.fixing import Fixing
from town.refinery.records import Records
from town.refinery.returning import Returning
from town.refinery.reviewing import Reviewing
from town.refinery.scratch import NOTHING as ALL_THERE
from town.refinery.scratch import Scratch
from town.refinery.trying import Tried, Trying
from town.workspace.git import GitError

PUSHES_MAX: Final = 5


class Merging:
    """Takes batches of one rig to their targets."""

    def __init__(
        self,
        records: Records,
        trying: Trying,
        returning: Returning,
        fixing: Fixing | None = None,
        reviewing: Reviewing | None = None,
    ) -> None:
        self.records = records
        self.scratch: Scratch = trying.scratch
        self.fixing = fixing
        self.reviewing = reviewing  # where a person merges
        self.trying = trying
        self.returning = returning
        self.pushes = 0  # how many came through

    def run(self, batch: Batch, cycle: Cycle) -> None:
        """Everybody of the batch is merged, given back, or waits as before. Raises BrokenError."""
        begun = self.records.started([line.request for line in batch.lines])
        ids = {request.id for request in begun}
        lines = [line for line in batch.lines if line.request.id in ids]
        cycle.gates = self.trying.gates.count
        try:
            self._run(lines, batch, cycle)
        finally:
            self.records.released([*ids])

    def _run(self, lines: Sequence[Line], batch: Batch, cycle: Cycle) -> None:
        trusts = True
        for _ in range(PUSHES_MAX):
            if not lines:
                return
            base = self.scratch.head(batch.target)
            if not base:
                raise BrokenError(TARGET, f"the remote has no branch {batch.target}")
            alone = self.trying.verified(lines[0], base) if trusts else None
            tried = alone or self.trying.tried(lines, base, batch.needs())
            cycle.runs += tried.verdict.runs
            if tried.verdict.broken:
                raise BrokenError("gate", tried.broken)
            try:
                pushed = self._pushed(tried, batch.target, cycle)
            except RefusedError as error:
                trusts, pushed = False, alone is None or len(lines) == 1
                if pushed:
                    self._alone(tried, lines, batch, cycle, error)
            if pushed:
                self._settled(tried, lines, batch, cycle)
                return
            lines = [line for line in lines if line.request.id in self._still(lines)]

    def _settled(self, tried: Tried, lines: Sequence[Line], batch: Batch, cycle: Cycle) -> None:
        """Whoever is not merged knows why. Raises BrokenError where the target is broken itself."""
        self._there_already(tried, lines, cycle)
        self._mended(tried, lines, cycle)
        self.returning.give_back(tried, cycle)
        if tried.verdict.target_broken:
            self._refuse(batch.target, tried.base, tried)

    def _alone(
        self,
        tried: Tried,
        lines: Sequence[Line],
        batch: Batch,
        cycle: Cycle,
        error: RefusedError,
    ) -> None:
        """Each is tried and pushed by itself. Raises RefusedError where the remote takes nobody.

        Where it takes some, it is those it refuses that are not as it wants them.
        """
        wanted = [line for line in lines if line.request.id in tried.verdict.merged]
        if len(wanted) == 1:
            raise error
        refused: dict[str, RefusedError] = {}
        through, needs = self.pushes, batch.needs()
        for line in wanted:
            if needs.get(line.request.id, frozenset()) & refused.keys():
                continue  # it waits on, behind one that is not merged
            try:
                self._run([line], batch, cycle)
            except RefusedError as again:
                refused[line.request.id] = again
        if self.pushes == through:
            raise error
        for one, why in refused.items():
            if self.returning.refused(one, why.why, self.scratch.head(batch.target)):
                cycle.failed.append(one)

    def _still(self, lines: Sequence[Line]) -> set[str]:
        """Those that nobody took away meanwhile."""
        ids = [line.request.id for line in lines]
        return {one.id for one in self.records.look(lambda: self.records.now_of(ids))}

    def _refuse(self, target: str, base: str, tried: Tried) -> None:
        if tried.verdict.merged:
            return  # one of them mended it
        why = f"the gates fail on {target} itself, at {base}"
        raise BrokenError(TARGET, why)

    def _there_already(self, tried: Tried, lines: Sequence[Line], cycle: Cycle) -> None:
        """Requests of which the target has everything are merged, as it says or as it is."""
        requests = {line.request.id: line.request for line in lines}
        for one in tried.verdict.apart:
            if tried.unstacked[one].why == ALL_THERE:
                commit = self.scratch.merged_as(requests[one]) or tried.base
                why = f"{requests[one].target} has all of it already"
                cycle.merged += self.records.merged([one], commit=commit, reason=why)

    def _mended(self, tried: Tried, lines: Sequence[Line], cycle: Cycle) -> None:
        """Culprits that somebody could mend here and now are merged; they are culprits no more."""
        for line in lines if self.fixing is not None else ():
            one = line.request
            if one.id not in tried.verdict.culprits or self.fixing is None:
                continue
            output = str(first_bad(tried.blamed[one.id].gates)[1].get("tail", ""))
            fixed = self.fixing.fixed(one, self.scratch.head(one.target), output)
            if fixed is None:
                continue
            cycle.runs += fixed.verdict.runs
            if self._pushed(fixed, one.target, cycle):
                tried.verdict.culprits.remove(one.id)

    def _pushed(self, tried: Tried, target: str, cycle: Cycle) -> bool:
        """Whether what may be merged is; False where the target is another by now."""
        ids = list(tried.verdict.merged)
        if not ids:
            return True
        if self.reviewing is not None:
            self._handed_over(ids, tried, cycle, self.reviewing)
            return True
        if not self.records.pushing(ids, tried.commits, tried.tip):
            return False
        try:
            self.scratch.push(tried.tip, branch=target, was=tried.base)
        except GitError as error:
            if not self._arrived(tried, target, error):
                return False
        self.pushes += 1
        cycle.merged += self.records.merged(ids)
        return True

    def _handed_over(
        self, ids: Sequence[str], tried: Tried, cycle: Cycle, reviewing: Reviewing
    ) -> None:
        """A person merges them; one whose branch the remote does not take is given back."""
        for request in self.records.look(lambda: self.records.now_of(ids)):
            try:
                reviewing.hand_over(request, tried.base)
            except (GitError, RefusedError) as error:
                why = error.why if isinstance(error, RefusedError) else error.said or str(error)
                if self.returning.refused(request.id, why, tried.base):
                    cycle.failed.append(request.id)
            else:
                cycle.review.append(request.id)

    def _arrived(self, tried: Tried, target: str, error: GitError) -> bool:
        """Whether the push came through though git says no; False where somebody was first.

        Where the remote cannot be asked, nobody knows: the rows say what was being pushed.
        """
        self.scratch.fetch()
        if self.scratch.contains(target, tried.tip):
            return True
        self.records.unpushed(tried.verdict.merged)
        if self.scratch.head(target) == tried.base:
            raise RefusedError(error.said or str(error))
        return False
