"""The desk that keeps items of the market and beads of the town in step.

One turn and one change an item, made from how both stand now: done again it does nothing, and it
does not matter what was seen first. It hands nothing in by itself; a person does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import CLOSED, TERMINAL, Bead
from ledger.private.store import Change, PrivateStore
from ledger.workspace.link import (
    ACCEPTED,
    DRAFT,
    DRAFTED,
    HELD,
    LINK_ENDS,
    LINKED,
    LOST,
    SENT,
    SENT_BACK,
    SHUT,
    WITHDRAWN_DRAFT,
    Claim,
    CompletionDraft,
    ItemLink,
    Outcome,
    bead_fields,
    draft_of,
    evidence_of,
    is_due,
    outcome_of,
    rig_of,
    title_of,
)
from ledger.workspace.rows import Rig
from ledger.workspace.work import DONE, MERGED, Assignment, GateRun, MergeRequest
from stamps.errors import WastelandError
from town.beads.making import Draft, Making
from town.beads.ports import BeadPorts
from town.hooks.slinging import Slinging
from town.link.errors import LostDraftError, NoDraftError
from town.link.letters import Letters
from town.link.withdrawing import Withdrawing
from town.market.posting import SIGNS_A_LEASE

SIGN: Final = "work on it goes on"
HISTORY: Final = "gt link"


class Board(Protocol):
    """The market's side of the link; everything within a turn."""

    def held(self) -> list[tuple[str, str]]:
        """(wasteland, item) of everything that is the town's now."""
        ...

    def claim(self, wasteland: str, item: str) -> Claim | None:
        """How an item stands now; None where its board is not here."""
        ...

    def renew(self, claim: Claim, sign: str) -> None:
        """The item's home is told that work on it goes on. Raises WastelandError."""
        ...

    def hand_in(self, claim: Claim, evidence: Sequence[str], summary: str) -> None:
        """The work is handed in. Raises WastelandError."""
        ...

    def deliver(self, wasteland: str) -> None:
        """What was said is on its way. In no turn."""
        ...


@dataclass(slots=True)
class Round:
    """What one round came to: items that something was done for, and what failed."""

    did: list[str] = field(default_factory=list)
    failed: list[tuple[str, WastelandError]] = field(default_factory=list)


class Links(Making):
    """Keeps items and beads in step. `signs` is when somebody last worked on a bead."""

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        board: Board,
        *,
        signs: Callable[[str], int] = lambda _: 0,
    ) -> None:
        super().__init__(store, ports)
        self.board = board
        self.signs = signs
        self.letters = Letters(store, ports)
        self.withdrawing = Withdrawing(Slinging(store, ports), self.letters)

    def cycle(self, *, renewing: bool = True) -> Round:
        """Every item and its bead are in step, as far as that could be done."""
        told = Round()
        for wasteland, item in self.look(self._known):
            try:
                if self.act(HISTORY, lambda w=wasteland, i=item: self._settled(w, i)):  # type: ignore[misc]
                    told.did.append(item)
                if renewing and self._renewed(wasteland, item):
                    told.did.append(item)
            except WastelandError as error:  # the others are not held up
                told.failed.append((item, error))
        return told

    def _known(self) -> list[tuple[str, str]]:
        links = [one for one in self.store.find(ItemLink) if one.state not in LINK_ENDS]
        known = [(one.wasteland, one.item) for one in links]
        return list(dict.fromkeys([*known, *self.board.held()]))

    # --- one item

    def _settled(self, wasteland: str, item: str) -> tuple[bool, Change]:
        """Whether there was something to do for the item, and the step that does it."""
        claim, link = self.board.claim(wasteland, item), self.store.get(ItemLink, item)
        if claim is None:
            return False, Change()
        change = self._next(claim, link)
        return bool(change), change

    def _next(self, claim: Claim, link: ItemLink | None) -> Change:
        if claim.stands == HELD:
            if link is None:
                return self._linked(claim)
            return self._again(claim, link) if link.state in LINK_ENDS else self._on(claim, link)
        if link is None or link.state in LINK_ENDS:
            return Change()
        if claim.stands == LOST:
            return self.withdrawing.step(claim, link)
        return self.moved(link, ACCEPTED, "accepted by who posted it")

    def moved(self, link: ItemLink, state: str, why: str = "", **more: str) -> Change:
        """The link in another state."""
        new = replace(link, state=state, why=why, changed_at=self.ports.now())
        told = self.event(f"link.{state}", link.bead, item=link.item, **more)
        return Change(puts=(new,), events=(told,), seen=(self.seen(link),))

    def _linked(self, claim: Claim) -> Change:
        """The item has a bead: the one that names it already, else a new one."""
        there = self.store.find(Bead, external_ref=claim.item)
        bead = next((one for one in there if one.status not in TERMINAL), None)
        change = Change()
        if bead is None:
            rig = rig_of(str(claim.fields.get("repo") or ""), self.store.find(Rig))
            prefix = rig.prefix if rig is not None else self.setting("issue_prefix")
            draft = Draft(title=title_of(claim), fields=bead_fields(claim), prefix=prefix)
            bead = self._bead(draft, {})
            change = self._made({bead.id: bead}, ())
        else:
            change = Change(seen=(self.seen(bead),))
        now = self.ports.now()
        link = ItemLink(
            item=claim.item, wasteland=claim.wasteland, bead=bead.id, made_at=now, changed_at=now
        )
        told = self.event("link.bead", bead.id, item=claim.item)
        rests = self.missing(ItemLink, claim.item)
        return change + Change(puts=(link,), events=(told,), seen=(rests,))

    def _again(self, claim: Claim, link: ItemLink) -> Change:
        """The town has the item once more, and its bead is open where it was withdrawn."""
        bead = self.store.get(Bead, link.bead)
        change = self.moved(link, LINKED)
        if bead is None or bead.status not in TERMINAL:
            return change
        if bead.status == CLOSED and self.withdrawing.closed(bead):
            opened = rules.reopened(bead, now=self.ports.now())
            return change + self.changed(bead, opened, "bead.reopened", item=claim.item)
        return change + Change(seen=(self.seen(bead),))

    # --- an item that is held

    def _on(self, claim: Claim, link: ItemLink) -> Change:
        """What the bead, or the market, says of an item that is the town's."""
        bead = self.store.get(Bead, link.bead)
        draft = self.store.get(CompletionDraft, link.item)
        if draft is not None and draft.state == DRAFT and _sent(claim, draft):
            return self._sent_now(link, draft)
        if bead is not None and bead.status not in TERMINAL:
            return self.moved(link, LINKED) if link.state != LINKED else Change()
        last = claim.handed_in[-1] if claim.handed_in else None
        if link.state == SENT and last is not None and last.decision == "rejected":
            return self.moved(link, SENT_BACK) + self.letters.sent_back(claim, link, last.reason)
        return self._closed_now(claim, link, bead, draft)

    def _closed_now(
        self, claim: Claim, link: ItemLink, bead: Bead | None, draft: CompletionDraft | None
    ) -> Change:
        """The bead is closed or gone: by a merge, which may be handed in, or otherwise."""
        outcome = self._outcome(bead) if bead is not None else None
        if bead is not None and outcome is not None:
            known = draft is not None and draft.sha == outcome.sha
            if known and draft is not None and draft.state != WITHDRAWN_DRAFT:
                return Change()
            change = self._drafted(link, self._draft_of(claim, bead, outcome), draft)
            return change + Change(seen=(self.seen(bead),))
        if link.state != LINKED:
            return Change()
        return self.moved(link, SHUT) + self.letters.shut(claim, link, bead)

    def _outcome(self, bead: Bead) -> Outcome | None:
        requests = self.store.find(MergeRequest, bead=bead.id, state=MERGED)
        return outcome_of(bead, requests, self.store.find(Assignment, bead=bead.id, state=DONE))

    def _draft_of(self, claim: Claim, bead: Bead, outcome: Outcome) -> CompletionDraft:
        request = self.store.get(MergeRequest, outcome.request) if outcome.request else None
        runs = self.store.find(GateRun, rig=request.rig) if request is not None else ()
        return draft_of(claim, bead, outcome, runs, now=self.ports.now())

    def _drafted(
        self, link: ItemLink, draft: CompletionDraft, old: CompletionDraft | None
    ) -> Change:
        rests = self.seen(old) if old is not None else self.missing(CompletionDraft, draft.item)
        change = Change(puts=(draft,), seen=(rests,))
        moved = self.moved(link, DRAFTED, sha=draft.sha)
        return change + moved + self.letters.drafted(draft)

    def _sent_now(self, link: ItemLink | None, draft: CompletionDraft) -> Change:
        """The draft counts as handed in."""
        sent = replace(draft, state=SENT, sent_at=self.ports.now())
        change = Change(puts=(sent,), seen=(self.seen(draft),))
        return change + (self.moved(link, SENT) if link is not None else Change())

    # --- signs of work

    def _renewed(self, wasteland: str, item: str) -> bool:
        """Whether somebody's work on the item made the claim hold longer."""

        def asked() -> tuple[Claim | None, ItemLink | None]:
            return self.board.claim(wasteland, item), self.store.get(ItemLink, item)

        claim, link = self.look(asked)
        if claim is None or link is None or link.state != LINKED:
            return False
        if not is_due(claim, self.ports.now(), SIGNS_A_LEASE):
            return False
        at = min(self.signs(link.bead), self.ports.now())
        if not is_due(claim, at, SIGNS_A_LEASE):
            return False
        self.look(lambda: self.board.renew(claim, SIGN))

        def work() -> tuple[bool, Change]:
            old = self.store.get(ItemLink, item)
            if old is None:
                return True, Change()
            new = replace(old, renewed_at=self.ports.now())
            told = self.event("link.renewed", old.bead, item=item, sign=at)
            return True, Change(puts=(new,), events=(told,), seen=(self.seen(old),))

        return self.act(HISTORY, work)

    # --- drafts

    def drafts(self) -> list[CompletionDraft]:
        """What waits to be handed in, then what was, the newest first."""
        found = self.look(lambda: self.store.find(CompletionDraft))
        return sorted(found, key=lambda one: (one.state != DRAFT, -one.at))

    def submit(self, said: str, urls: Sequence[str] = ()) -> tuple[CompletionDraft, bool]:
        """The draft, handed in, and whether that happened now.

        All in one turn, so that of two who do it one does; cut short between the hand-in and the
        row, the hand-in is found. Raises DraftError, and what the market refuses.
        """

        def work() -> tuple[tuple[CompletionDraft, bool, str], Change]:
            draft = self._draft(said)
            link = self.store.get(ItemLink, draft.item)
            if draft.state == SENT:
                return (draft, False, ""), Change()
            claim = self.board.claim(link.wasteland, draft.item) if link is not None else None
            if claim is None or claim.stands != HELD:
                raise LostDraftError(draft.item, claim.why if claim is not None else "")
            fresh = not _sent(claim, draft)
            if fresh:
                self.board.hand_in(claim, evidence_of(draft, urls), draft.summary)
            change = self._sent_now(link, draft)
            return (replace(draft, state=SENT), fresh, claim.wasteland), change

        draft, fresh, wasteland = self.act("gt drafts submit", work)
        if wasteland:
            self.board.deliver(wasteland)
        return draft, fresh

    def _draft(self, said: str) -> CompletionDraft:
        found = self.store.find(CompletionDraft)
        exact = [one for one in found if said in (one.item, one.bead)]
        wanted = said if said.startswith("w-") else f"w-{said}"
        near = exact or [one for one in found if one.item.startswith(wanted)]
        if len(near) != 1:
            raise NoDraftError(said, [one.item for one in near])
        return near[0]


def _sent(claim: Claim, draft: CompletionDraft) -> bool:
    """Whether work was handed in since the draft was made; clocks have no say in it."""
    return len(claim.handed_in) > draft.handed_before
