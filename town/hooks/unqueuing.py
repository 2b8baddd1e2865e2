"""Taking a merge request out of the queue: it is replaced, and so is whatever hangs on it.

One that is being pushed stays: what comes of that is first. What was done stays on its branch.
"""

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import TERMINAL, Bead
from ledger.private.store import Change
from ledger.workspace.rows import Agent
from ledger.workspace.work import (
    ACTIVE,
    DONE,
    IDLE,
    SUPERSEDED,
    WITHDRAWN,
    Assignment,
    MergeRequest,
)
from town.beads.finding import Finding
from town.hooks.errors import BeingMergedError


class Unqueuing(Finding):
    """Takes requests out, within a turn."""

    def superseded(self, old: MergeRequest, reason: str) -> Change:
        """The request is over without a word about its work. Raises BeingMergedError."""
        if old.tip:
            raise BeingMergedError(old.id)
        gone = replace(old, state=SUPERSEDED, reason=reason, updated_at=self.ports.now())
        told = self.event("mr.superseded", old.id, bead=old.bead, rig=old.rig, reason=reason)
        change = Change(puts=(gone,), events=(told,), seen=(self.seen(old),))
        return change + self.task_done(old)

    def task_done(self, old: MergeRequest) -> Change:
        """The task that resolves a conflict of it is over, and so is whoever works on that."""
        change = Change()
        for name in dict.fromkeys((old.task, old.blocked_by)):
            task = self.store.get(Bead, name) if name else None
            if task is not None:
                change += self._task_over(task, DONE if name == old.task else WITHDRAWN)
        return change

    def _task_over(self, task: Bead, state: str) -> Change:
        now, change = self.ports.now(), Change()
        for work in self.store.find(Assignment, bead=task.id, state=ACTIVE):
            over = replace(work, state=state, ended_at=now, outcome="the request is over")
            change += Change(puts=(over,), seen=(self.seen(work),))
            agent = self.store.get(Agent, work.agent)
            if agent is not None and agent.assignment == work.id:
                idle = replace(agent, state=IDLE, hook_bead="", assignment="")
                change += Change(puts=(idle,), seen=(self.seen(agent),))
        if task.status in TERMINAL:
            return change
        closed = rules.closed(task, now=now, reason="The merge request is over", force=True)
        return change + self.changed(task, closed, "bead.closed")
