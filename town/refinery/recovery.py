"""What a refinery that died left behind, and what others did while it slept.

A request whose push was written down is merged if the target has its commit, and in the queue
again if not: whichever it is, it happens once.
"""

from functools import partial

from ledger.private.store import Change
from ledger.workspace.work import MergeRequest
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

    def _newest(self, request: MergeRequest) -> str:
        """The commit at the branch's end: here or at the remote, whichever came later."""
        scratch = self.scratch
        there = scratch.commit_of(f"refs/remotes/{ORIGIN}/{request.branch}")
        here = scratch.commit_of(f"refs/heads/{request.branch}")
        if not there or not here or there == here:
            return there or here or request.sha
        return here if scratch.is_before(there, here) else there
