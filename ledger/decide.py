"""Whether a decision about an item is good: the rules of records 5.3, one by one.

Pure. A decision is judged by the post, the effective decisions before it and the records it
names; never by a clock, by names in rows, or by anything that may arrive later.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from ledger.story import Decision, Rules
from ledger.walk import Verdict
from ledger.world import World, look
from stamps.bodies import BODIES
from stamps.clock import SECOND_US
from stamps.kinds import ITEM_DECISION_KINDS
from stamps.limits import BID_DEFAULT_US
from stamps.record import Record


class OpenGrant(msgspec.Struct):
    """A grant during the replay."""

    id: str
    term: int
    holder: str | None
    neighbour: str | None
    bid: str | None
    at: int
    lease_s: int
    ended: str | None = None
    reason: str = ""


class Said(msgspec.Struct):
    """What a decision says once an instruction has been resolved (records 5.1)."""

    id: str
    kind: str
    body: dict[str, Any]
    at: int
    author: str
    instruction: Record | None = None


class ItemState(msgspec.Struct):
    """The state of an item while its decisions are replayed."""

    post: Record
    rules: Rules
    fields: dict[str, Any]
    order: dict[str, int]
    homes: set[str]  # accounts whose device decided, or does
    grants: dict[str, OpenGrant] = {}
    granted_bids: set[str] = msgspec.field(default_factory=set)
    updated: int = 0  # place of the last effective wanted.update
    rejected: dict[str, Said] = {}
    rejections: list[tuple[Record, int]] = []
    completed: Said | None = None
    withdrawn: Said | None = None
    moved_to: dict[str, Any] | None = None
    decisions: list[Decision] = []
    named: set[str] = msgspec.field(default_factory=set)  # pinned once judged (records 2.4)
    missing: list[str] = []
    reasons: dict[str, str] = {}

    @property
    def open_grants(self) -> list[OpenGrant]:
        """Grants that nothing ended yet."""
        return [grant for grant in self.grants.values() if grant.ended is None]


def handed_in_by(state: ItemState, submission: Record, grant: OpenGrant) -> bool:
    """Whether a submission is the holder's; for an unsigned neighbour the home says it (5.2)."""
    behalf = submission.body.get("on_behalf")
    if grant.holder is None:
        said = behalf is not None and behalf == grant.neighbour
        return said and submission.account in state.homes
    return behalf is None and submission.account == grant.holder


def may_instruct(state: ItemState, told: Record) -> bool:
    """Whether the author may tell this item's home what to decide (records 5.1)."""
    if told.account == state.post.account:
        return True
    rules = state.rules
    return told.account in rules.maintainers and told.kind in rules.may_instruct


def last_rejection(state: ItemState, grant: OpenGrant) -> int:
    """When a submission of this holder was last sent back, 0 for never."""
    sent_back = (at for told, at in state.rejections if handed_in_by(state, told, grant))
    return max(sent_back, default=0)


class _Void(Exception):  # noqa: N818 - control flow inside this module, never escapes it
    """The decision changes nothing, for this reason code."""


class _Waits(Exception):  # noqa: N818 - as above
    """The decision cannot be judged before this key arrives."""


class ItemJudge:
    """Judges the candidates of one item's replay and applies the effective ones."""

    def __init__(self, world: World, state: ItemState) -> None:
        self.world = world
        self.state = state

    def __call__(self, record: Record) -> Verdict:
        """The verdict; an effective decision has changed the state."""
        state = self.state
        if state.completed is not None or state.withdrawn is not None:
            state.reasons[record.id] = "item_closed"
            return Verdict.VOID
        if record.kind not in ITEM_DECISION_KINDS:
            # records 5.3, last line: a kind this version does not know
            return Verdict.VOID if record.kind in BODIES else Verdict.NEWER
        try:
            said = self._resolve(record)
            _RULES[said.kind](self, said)
        except _Void as void:
            state.reasons[record.id] = str(void)
            return Verdict.VOID
        except _Waits as waits:
            state.missing.append(str(waits))
            return Verdict.WAITS
        self._apply(said)
        return Verdict.EFFECTIVE

    def _apply(self, said: Said) -> None:
        self.state.order[said.id] = len(self.state.order)
        self.state.decisions.append(
            Decision(
                id=said.id,
                kind=said.kind,
                body=said.body,
                at=said.at,
                author=said.author,
                instruction=said.instruction.id if said.instruction else None,
            )
        )

    def _resolve(self, record: Record) -> Said:
        """A confirm stands for what it confirms, with its own `at` and place (5.1)."""
        if record.kind != "decision.confirm":
            return Said(record.id, record.kind, record.body, record.at, record.account)
        told = self._named(record.body["of"])
        if told.kind not in ITEM_DECISION_KINDS or told.kind == "decision.confirm":
            raise _Void("not_an_instruction")
        if told.about != self.state.post.id:
            raise _Void("other_item")
        if not may_instruct(self.state, told):
            raise _Void("not_allowed")
        return Said(record.id, told.kind, told.body, record.at, told.account, told)

    def _named(self, record_id: str) -> Record:
        """The named record; naming it pins it, whatever the decision comes to (2.4)."""
        self.state.named.add(record_id)
        record, missing = look(self.world, record_id)
        if record is None:
            raise _Waits(missing)
        return record

    def _named_as(self, record_id: str, kind: str) -> Record:
        record = self._named(record_id)
        if record.kind != kind or record.about != self.state.post.id:
            raise _Void(f"not_a_{kind.rpartition('.')[2]}")
        return record

    def grant(self, said: Said) -> None:
        """records 5.3, grant."""
        state, body = self.state, said.body
        if len(state.open_grants) >= state.rules.most:
            raise _Void("held")
        holder = bid_id = None
        neighbour = body.get("for")
        if neighbour is None:
            bid_id = body["bid"]
            holder = self._bidder(bid_id, said.at)
        if body["term"] != len(state.grants) + 1:
            raise _Void("wrong_term")
        if body["lease_s"] < state.rules.lease_s:
            raise _Void("lease_too_short")
        if bid_id is not None:
            state.granted_bids.add(bid_id)
        state.grants[said.id] = OpenGrant(
            said.id, body["term"], holder, neighbour, bid_id, said.at, body["lease_s"]
        )

    def _bidder(self, bid_id: str, at: int) -> str:
        state = self.state
        bid = self._named_as(bid_id, "claim.bid")
        until = bid.body.get("until", bid.at + BID_DEFAULT_US)
        if bid_id in state.granted_bids:
            raise _Void("bid_used")
        if not bid.at < at <= until:
            raise _Void("bid_over")
        place = state.order.get(bid.body["seen"])
        if place is None or place < state.updated:
            raise _Void("terms_changed")
        return bid.account

    def end(self, said: Said) -> None:
        """records 5.3, end."""
        body = said.body
        grant = self.state.grants.get(body["grant"])
        if grant is None or grant.ended is not None:
            raise _Void("no_such_grant")
        cause = body["cause"]
        if cause == "lapsed":
            self._lapsed(grant, said)
        elif cause == "released":
            release = self._named_as(body["release"], "claim.release")
            names = (release.body.get("grant") == grant.id) or (
                grant.bid is not None and release.body.get("bid") == grant.bid
            )
            if release.account != grant.holder or not names:
                raise _Void("not_the_holder")
        grant.ended = cause
        grant.reason = body.get("reason", "")

    def _lapsed(self, grant: OpenGrant, said: Said) -> None:
        last = max(grant.at, last_rejection(self.state, grant))
        renew_id = said.body.get("renew")
        if renew_id is not None:
            renew = self._named_as(renew_id, "claim.renew")
            if renew.account != grant.holder or renew.body["grant"] != grant.id:
                raise _Void("not_the_holder")
            last = max(last, renew.at)
        if said.at < last + grant.lease_s * SECOND_US:
            raise _Void("too_early")

    def _submission(self, submission_id: str) -> Record:
        submission = self._named_as(submission_id, "work.submit")
        if submission_id in self.state.rejected:
            raise _Void("rejected_before")
        return submission

    def accept(self, said: Said) -> None:
        """records 5.3, accept: it may take a late or speculative one."""
        self._submission(said.body["submission"])
        self._complete(said)

    def close(self, said: Said) -> None:
        """records 5.3, close: with or without a submission."""
        if said.body.get("submission"):
            self._submission(said.body["submission"])
        self._complete(said)

    def _complete(self, said: Said) -> None:
        self.state.completed = said
        for grant in self.state.open_grants:
            grant.ended = "completed"

    def reject(self, said: Said) -> None:
        """records 5.3, reject: the lease of its author starts anew."""
        submission = self._submission(said.body["submission"])
        self.state.rejected[submission.id] = said
        self.state.rejections.append((submission, said.at))

    def update(self, said: Said) -> None:
        """records 5.3, update: only while nobody holds the item."""
        if self.state.open_grants:
            raise _Void("held")
        self.state.fields.update(said.body["set"])
        self.state.updated = len(self.state.order)

    def withdraw(self, said: Said) -> None:
        """records 5.3, withdraw: with a grant open it shows as taken back."""
        self.state.withdrawn = said
        for grant in self.state.open_grants:
            grant.ended, grant.reason = "withdrawn", said.body.get("reason", "")

    def move(self, said: Said) -> None:
        """records 4.2: another device decides from here on."""
        self.state.moved_to = said.body["to"]
        self.state.homes.add(said.body["to"]["account"])


_RULES: Final[dict[str, Callable[[ItemJudge, Said], None]]] = {
    "claim.grant": ItemJudge.grant,
    "claim.end": ItemJudge.end,
    "work.accept": ItemJudge.accept,
    "work.reject": ItemJudge.reject,
    "work.close": ItemJudge.close,
    "wanted.update": ItemJudge.update,
    "wanted.withdraw": ItemJudge.withdraw,
    "home.move": ItemJudge.move,
}
