"""Making a merge request within the step that hands work in.

One a branch and commit: asked again, the one that is there is the answer. An older one of the same
bead that still waits is superseded.
"""

from typing import Final

from msgspec.structs import replace

from ledger.beads import ids
from ledger.private.store import Change
from ledger.workspace.rows import Rig
from ledger.workspace.talk import Convoy
from ledger.workspace.work import OPEN_REQUESTS, SUPERSEDED, MergeRequest
from town.beads.acting import Acting
from town.hooks.handing import Wanted

KIND: Final = "mr"


class Requesting(Acting):
    """Makes merge requests; only within a turn."""

    def request(self, wanted: Wanted) -> tuple[MergeRequest, Change]:
        """The request for this work, and the change that makes it."""
        work, now = wanted.work, self.ports.now()
        waiting = self.store.find(MergeRequest, bead=work.bead, state=OPEN_REQUESTS)
        for one in waiting:
            if (one.branch, one.sha) == (work.branch, wanted.sha):
                return one, Change()
        convoy = self.store.get(Convoy, work.convoy) if work.convoy else None
        made = MergeRequest(
            id=self._new_id(work.rig),
            rig=work.rig,
            bead=work.bead,
            assignment=work.id,
            worker=work.agent,
            branch=work.branch,
            sha=wanted.sha,
            target=work.base,
            priority=wanted.priority,
            convoy=work.convoy,
            convoy_at=convoy.created_at if convoy is not None else 0,
            submitted_at=now,
            updated_at=now,
            verified_base=wanted.verified_base,
        )
        older = tuple(replace(one, state=SUPERSEDED, updated_at=now) for one in waiting)
        return made, Change(
            puts=(made, *older),
            events=(self.event("mr.submitted", work.bead, request=made.id, sha=wanted.sha),),
            seen=(self.missing(MergeRequest, made.id), *(self.seen(one) for one in waiting)),
        )

    def _new_id(self, rig: str) -> str:
        found = self.store.get(Rig, rig)
        prefix = f"{found.prefix if found is not None else rig}-{KIND}"
        return ids.new_id(
            prefix,
            self.ports.new_secret,
            lambda one: self.store.get(MergeRequest, one) is not None,
        )
