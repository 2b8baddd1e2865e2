"""What was handed in for an item, what it earned, and what did not count (records 5.5, 6).

Pure. Parts of a story; the decisions have been replayed before these are gathered.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

from ledger.decide import ItemState, OpenGrant, Said, handed_in_by
from ledger.story import Attempt, Given, Void
from ledger.walk import Walk
from ledger.world import World, counts, lives
from stamps.kinds import ITEM_DECISION_KINDS, JUDGING_KINDS
from stamps.record import Record

BY_TIME: Final = attrgetter("at", "id")
_LATE = frozenset({"lapsed", "released", "taken_back"})


def attempts_of(
    world: World, state: ItemState, submissions: Iterable[Record]
) -> tuple[Attempt, ...]:
    """Every hand-in that counts or that a decision names, by (`at`, id), numbered from 1."""
    found = {record.id: record for record in submissions}
    if not found and not state.decisions:
        return ()
    for decision in state.decisions:
        # of other kinds a member of this name is unknown, and pins nothing
        named = decision.body.get("submission") if decision.kind in JUDGING_KINDS else None
        record = world.record(named) if named else None
        if record is not None:
            found[record.id] = record
    ordered = sorted(found.values(), key=BY_TIME)
    return tuple(_attempt(state, record, n) for n, record in enumerate(ordered, 1))


def _attempt(state: ItemState, record: Record, n: int) -> Attempt:
    grant = _grant_of(state, record)
    decision, said = _decided(state, record)
    return Attempt(
        id=record.id,
        n=n,
        worker=record.account,
        device=record.device,
        on_behalf=record.body.get("on_behalf"),
        grant=grant.id if grant is not None else None,
        at=record.at,
        summary=record.body.get("summary", ""),
        evidence=tuple(record.body.get("evidence", ())),
        decision=decision,
        decided_at=said.at if said is not None else 0,
        reason=_reason(said),
        late=grant is not None and grant.ended in _LATE,
        speculative=grant is None,
    )


def _reason(said: Said | None) -> str:
    """Why a hand-in was sent back or closed; an accept gives no reason, whatever it carries."""
    if said is None or said.kind == "work.accept":
        return ""
    return str(said.body.get("reason", ""))


def _grant_of(state: ItemState, record: Record) -> OpenGrant | None:
    named = state.grants.get(record.body.get("grant", ""))
    if named is not None and handed_in_by(state, record, named):
        return named
    open_ones = [g for g in state.grants.values() if handed_in_by(state, record, g)]
    return open_ones[-1] if open_ones else None


def _decided(state: ItemState, record: Record) -> tuple[str, Said | None]:
    rejected = state.rejected.get(record.id)
    if rejected is not None:
        return "rejected", rejected
    done = state.completed
    if done is not None and done.body.get("submission") == record.id:
        return ("accepted" if done.kind == "work.accept" else "closed"), done
    return "", None


def stamps_of(world: World, state: ItemState) -> tuple[Given, ...]:
    """The stamp an accept gave, with the reason when it has no row (records 5.6, 6)."""
    done = state.completed
    if done is None or done.kind != "work.accept":
        return ()
    submission = world.record(done.body["submission"])
    if submission is None:  # pragma: no cover - an accept takes effect once this is held (5.3)
        return ()
    void = ""
    if submission.body.get("on_behalf") is not None:
        void = "unsigned_subject"
    elif submission.account == done.author:
        void = "yearbook"
    return (
        Given(
            id=done.id,
            author=done.author,
            subject=submission.account,
            stamp=done.body["stamp"],
            at=done.at,
            void=void,
            weightless="" if counts(world, submission) else "uncounted",
            revoked=revoked_by(world, done.id, done.author),
        ),
    )


def revoked_by(world: World, stamp_id: str, author: str) -> str:
    """The reason of an effective `stamp.revoke` by the stamp's author, else empty."""
    for record in world.about(stamp_id):
        if record.kind == "stamp.revoke" and record.account == author and lives(world, record):
            return str(record.body.get("reason") or "revoked")
    return ""


def gather_void(
    state: ItemState, walk: Walk, living: Iterable[Record], pending: Iterable[Record]
) -> tuple[Void, ...]:
    """Decisions that change nothing here, each with its reason code (records 5.5).

    `living` by (`at`, id), and so is what is returned.
    """
    decisions = [record for record in living if record.kind in ITEM_DECISION_KINDS]
    if not decisions:
        return ()
    good = {d.id for d in state.decisions} | {d.instruction for d in state.decisions}
    good |= {record.id for record in pending}
    void = []
    for record in decisions:
        if record.id in good:
            continue
        reason = state.reasons.get(record.id) or _why(walk, record)
        void.append(Void(id=record.id, kind=record.kind, account=record.account, reason=reason))
    return tuple(void)


def lost_of(
    world: World, walk: Walk, about: Sequence[Record], living: Sequence[Record]
) -> tuple[Void, ...]:
    """Decisions of a home that a revoke or a fork took away, as far as they are held (5.5).

    Beside them those that followed its own retirement (3.2): nothing was taken back by these.
    """
    if len(living) == len(about):
        return ()
    alive = {record.id for record in living}
    gone = (
        record
        for record in about
        if record.kind in ITEM_DECISION_KINDS
        and (record.account, record.device) in walk.homes
        and record.id not in alive
    )
    return tuple(
        Void(
            id=record.id,
            kind=record.kind,
            account=record.account,
            reason="retired" if counts(world, record) else "disowned",
        )
        for record in sorted(gone, key=BY_TIME)
    )


def _why(walk: Walk, record: Record) -> str:
    if record.device != walk.home.device or record.account != walk.home.account:
        return "not_home"
    if record.body.get("decides") == walk.pointer and walk.stop:
        return str(walk.stop)
    return "stale"
