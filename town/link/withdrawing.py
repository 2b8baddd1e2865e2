"""What a lost item leads to: nobody works on its bead any more, and every commit stays."""

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import TERMINAL, Bead
from ledger.private.store import Change
from ledger.workspace.link import (
    DRAFT,
    LOST,
    WITHDRAWN_DRAFT,
    WITHDRAWN_FOR,
    Claim,
    CompletionDraft,
    ItemLink,
)
from ledger.workspace.work import (
    ACTIVE,
    HELD,
    OPEN_REQUESTS,
    WITHDRAWN,
    MergeRequest,
)
from town.hooks.slinging import Slinging
from town.link.letters import Letters


class Withdrawing:
    """Takes beads back, within a turn."""

    def __init__(self, hooks: Slinging, letters: Letters) -> None:
        self.hooks = hooks
        self.letters = letters
        self.store = hooks.store
        self.ports = hooks.ports

    def closed(self, bead: Bead) -> bool:
        """Whether a bead was closed because its item was lost."""
        return bead.close_reason.startswith(WITHDRAWN_FOR)

    def step(self, claim: Claim, link: ItemLink) -> Change:
        """The item is lost. Nothing while its work is being pushed: what comes of that is first."""
        work = tuple(self.hooks.assignments(link.bead, ACTIVE))
        requests = self.store.find(MergeRequest, bead=link.bead, state=OPEN_REQUESTS)
        if any(one.tip for one in requests):
            return Change()
        now, why = self.ports.now(), claim.why
        change = Change()
        tasks = tuple(one.blocked_by for one in requests if one.blocked_by)
        held = (*work, *(one for task in tasks for one in self.hooks.assignments(task, ACTIVE)))
        for one in work:
            change += self.hooks.ended(one, WITHDRAWN, why)
        for request in requests:
            change += self.hooks.superseded(request, why)
        bead = self.store.get(Bead, link.bead)
        merged = ""
        if bead is not None and bead.status not in TERMINAL:
            closed = rules.closed(bead, now=now, reason=f"{WITHDRAWN_FOR}{why}", force=True)
            change += self.hooks.changed(bead, closed, "bead.closed", item=link.item)
        draft = self.store.get(CompletionDraft, link.item)
        if draft is not None and draft.state == DRAFT:
            merged = draft.sha
            gone_draft = replace(draft, state=WITHDRAWN_DRAFT)
            change += Change(puts=(gone_draft,), seen=(self.hooks.seen(draft),))
        over = replace(link, state=LOST, why=why, changed_at=now)
        event = self.hooks.event("link.lost", link.bead, item=link.item, why=why)
        change += Change(puts=(over,), events=(event,), seen=(self.hooks.seen(link),))
        told = tuple(one for one in held if one.state in HELD)
        return change + self.letters.lost(claim, link, told, merged=merged)
