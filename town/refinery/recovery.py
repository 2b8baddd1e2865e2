"""What a refinery that died left behind, and what others did while it slept.

A request whose push was written down is merged if the target has its commit, and in the queue
again if not: whichever it is, it happens once.
"""

from functools import partial

from msgspec.structs import replace

from ledger.private.store import Change
from ledger.workspace.work import NO_TARGET, READY, MergeRequest
from town.escalation.desk import Matter
from town.refinery.queue import Queue
from town.refinery.records import Records
from town.refinery.scratch import ORIGIN, Scratch
from town.refinery.sight import Sight


class Recovery:
    """Looks after requests of one rig that are neither waiting nor over. The remote was fetched."""

    def __init__(self, records: Records, sight: Sight, queue: Queue, scratch: Scratch) -> None:
        self.records = records
        self.sight = sight
        self.queue = queue
        self.scratch = scratch

    def finish(self) -> list[str]:
        """The requests that are found to be merged, and are so in the rows now."""
        left = self.sight.trying()
        there = [one.id for one in left if self._arrived(one)]
        merged = self.records.merged(there) if there else []
        self.records.released([one.id for one in left if one.id not in there], pushed=True)
        return merged

    def _arrived(self, request: MergeRequest) -> bool:
        commit = request.merge_commit if request.tip else ""
        return bool(commit) and self.scratch.contains(request.target, commit)

    def unblock(self) -> None:
        """Requests whose conflict's task is over are in the queue, as their branch is now."""
        for request in self.sight.freed():
            sha = self._newest(request)
            self.records.act("refinery", partial(self._resolved, request, sha))

    def _resolved(self, old: MergeRequest, sha: str) -> tuple[None, Change]:
        now = self.records.store.get(MergeRequest, old.id)
        if now != old:
            return None, Change()
        return None, self.queue.resolved(old, sha=sha)[1]

    def targets(self, default: str) -> None:
        """Whatever is for a branch that the remote has no more waits for it, until it is back.

        Somebody deleted it: others are not held up, and a person is told once a branch.
        """
        back = set()
        for line in self.sight.listed(self.sight.rig):
            request = line.request
            if request.state != READY or request.target == default:
                continue
            there, waits = bool(self.scratch.head(request.target)), request.failure == NO_TARGET
            if there == waits or self.sight.long_ago(request):
                self.records.act("refinery", partial(self._waits, request, there=there))
            if there:
                back.add(_matter(request))
        for matter in back:
            self.records.alarms.settle(matter, reason="the branch is there again")

    def _waits(self, old: MergeRequest, *, there: bool) -> tuple[None, Change]:
        now = self.records.store.get(MergeRequest, old.id)
        if now != old:
            return None, Change()
        why = "" if there else f"waiting on {old.target}, a branch that the remote has no more"
        failure, at = "" if there else NO_TARGET, self.records.ports.now()
        new = replace(old, failure=failure, reason=why, updated_at=at)
        change = Change(puts=(new,), seen=(self.records.seen(old),))
        if there or old.failure == NO_TARGET:
            return None, change
        told = self.records.event("merge_skipped", old.id, rig=old.rig, reason=why)
        subject = f"The remote of {old.rig} has no branch {old.target} any more"
        text = (
            f"{old.id} ({old.bead or old.branch}) is to be merged into it, and waits. Make the"
            f" branch again, or: gt mq reject {old.id} --reason R"
        )
        matter = Matter(about=_matter(old), subject=subject, text=text, bead=old.bead)
        return None, change + Change(events=(told,)) + self.records.alarms.raised(matter)

    def _newest(self, request: MergeRequest) -> str:
        """The commit at the branch's end: here or at the remote, whichever came later."""
        scratch = self.scratch
        there = scratch.commit_of(f"refs/remotes/{ORIGIN}/{request.branch}")
        here = scratch.commit_of(f"refs/heads/{request.branch}")
        if not there or not here or there == here:
            return there or here or request.sha
        return here if scratch.is_before(there, here) else there


def _matter(request: MergeRequest) -> str:
    return f"target:{request.rig}:{request.target}"
