"""The fold of one item: from its records to its story (records 5).

Pure, and O(the item's records). It replays the home's decisions and gathers what people asked,
handed in and said; it writes no row and knows no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from ledger.decide import (
    ItemJudge,
    ItemState,
    OpenGrant,
    handed_in_by,
    last_rejection,
    may_instruct,
)
from ledger.handed import BY_TIME, attempts_of, gather_void, lost_of, stamps_of
from ledger.registrar import policy_values
from ledger.story import Ask, Attempt, Grant, Home, Note, Rules, Status, Stop, Story
from ledger.walk import Walk, replay
from ledger.world import World, counts, lives, look
from stamps.clock import SECOND_US
from stamps.kinds import ITEM_DECISION_KINDS
from stamps.limits import BID_DEFAULT_US, HANDLE_CHARS_MAX, SIGNATURE_BYTES
from stamps.record import Record, parse

RACE_MOST_DEFAULT: Final = 2
GENESES_CACHED_MAX: Final = 64


def fold_item(world: World, post: Record) -> Story | None:
    """The story of a post, or None while the post itself does not count here."""
    log = world.log(post.account)
    if log is None or not lives(world, post) or not log.may(post.device, "wanted.post"):
        return None
    about = [r for r in world.about(post.id) if r.kind != "wanted.post"]
    own = post.body.get("policy", {}).get("home")
    home = Home(own["account"], own["device"]) if own else Home(post.account, post.device)
    rules, missing, named = rules_of(world, post)
    own_home = home.account == post.account and home.device not in log.effective.revokes
    if not about and missing is None and not named and own_home:
        return untouched(post, rules, home)
    state = ItemState(post, rules, _fields(post), {post.id: 0}, {home.account})
    state.named.update(named)
    if missing is not None:
        state.missing.extend(missing)
    return replayed(world, state, home, about, ready=missing is None)


def replayed(
    world: World, state: ItemState, home: Home, about: list[Record], *, ready: bool
) -> Story:
    """The story of an item by all that is held about it; unless `ready` nothing is decided."""
    living = [r for r in about if lives(world, r)]
    alive = {r.id for r in living}
    walk = Walk(root=state.post.id, home=home, alive=lambda _, r: r.id in alive)
    if ready:
        _replay(world, state, walk, about)
    else:
        walk.stop = Stop.POLICY
    return _story(world, state, walk, about, living)


def untouched(post: Record, rules: Rules, home: Home) -> Story:
    """The story of a post about which nobody has said anything, as most are folded first."""
    return Story(
        post=post,
        fields=_fields(post),
        rules=rules,
        home=home,
        status=Status.OPEN,
        pointer=post.id,
    )


def rules_of(world: World, post: Record) -> tuple[Rules, tuple[str, ...] | None, frozenset[str]]:
    """The rules that bind a post for good, what they wait for, and what they pin (5.2)."""
    under = post.body.get("under", "")
    genesis = world.record(world.wasteland)
    policy: Record | None = None
    named: frozenset[str] = frozenset()
    missing: tuple[str, ...] | None = None
    if under and under != world.wasteland:
        named = frozenset({under})
        policy = world.record(under)
        if policy is None:
            missing = (under,)
        elif policy.kind != "wasteland.policy" or policy.about != world.wasteland:
            missing, policy = (), None  # it names no policy of this wasteland: it waits for ever
    own = post.body.get("policy", {})
    if not own and policy is None:
        return _common_rules(genesis.raw if under and genesis else b""), missing, named
    values = policy_values(genesis, policy) if under else policy_values(None, None)
    return _rules(own, values), missing, named


@lru_cache(maxsize=GENESES_CACHED_MAX)
def _common_rules(genesis: bytes) -> Rules:
    """The rules of an item with none of its own, under a genesis (its bytes) or under nothing."""
    parsed = parse(genesis, signature=bytes(SIGNATURE_BYTES)).record if genesis else None
    return _rules({}, policy_values(parsed, None))


def _rules(own: Mapping[str, Any], values: Mapping[str, Any]) -> Rules:
    assign = own.get("assign", values["assign"])
    most = own.get("max", RACE_MOST_DEFAULT) if assign == "race" else 1
    return Rules(
        assign=assign,
        most=most,
        lease_s=own.get("lease_s", values["lease_s"]),
        unsigned=own.get("unsigned", values["unsigned"]),
        maintainers=frozenset(values["maintainers"]),
        may_instruct=frozenset(values["may_instruct"]),
    )


def _fields(post: Record) -> dict[str, Any]:
    return {k: v for k, v in post.body.items() if k not in ("policy", "under")}


def _replay(world: World, state: ItemState, walk: Walk, about: Sequence[Record]) -> None:
    chains: dict[Home, list[Record]] = {}
    for record in about:
        if "decides" in record.body:
            chains.setdefault(Home(record.account, record.device), []).append(record)
    for chain in chains.values():
        chain.sort(key=lambda r: r.seq)
    judge = ItemJudge(world, state)

    def judged(record: Record) -> Any:
        verdict = judge(record)
        if state.moved_to is not None:
            to, state.moved_to = state.moved_to, None
            walk.moved_to = Home(to["account"], to["device"])
        return verdict

    replay(world, walk, lambda home: chains.get(home, ()), judged)


def _story(
    world: World, state: ItemState, walk: Walk, about: list[Record], living: list[Record]
) -> Story:
    living.sort(key=BY_TIME)
    by_kind: dict[str, list[Record]] = {}
    for record in living:
        by_kind.setdefault(record.kind, []).append(record)
    submissions = by_kind.get("work.submit", [])
    pending = _pending(state, walk, living)
    attempts = attempts_of(world, state, submissions)
    waits, pins = _named(world, state, walk)
    return Story(
        post=state.post,
        fields=state.fields,
        rules=state.rules,
        home=walk.home,
        status=_status(state, submissions),
        pointer=walk.pointer,
        stop=walk.stop,
        decisions=tuple(state.decisions),
        asks=_asks(state, by_kind),
        grants=_grants(state, by_kind),
        attempts=attempts,
        stamps=stamps_of(world, state),
        notes=_notes(by_kind.get("note.add", ())),
        instructions=pending,
        void=(*gather_void(state, walk, living, pending), *lost_of(world, walk, about, living)),
        waits=(*waits, *_neighbours(state, attempts)),
        named=frozenset(state.named),
        pins=pins,
    )


def _pending(state: ItemState, walk: Walk, living: Iterable[Record]) -> tuple[Record, ...]:
    """Instructions of people who may give them, which the home has not answered yet (5.1)."""
    confirmed = {d.instruction for d in state.decisions}
    return tuple(
        r
        for r in living
        if r.kind in ITEM_DECISION_KINDS
        and r.kind != "decision.confirm"
        and r.id not in confirmed
        and (r.account, r.device) != walk.home
        and may_instruct(state, r)
        and r.body.get("decides") == walk.pointer
    )


def _named(world: World, state: ItemState, walk: Walk) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the item waits for, and which pinned records stand outside every prefix (2.4)."""
    waits = list(state.missing)
    if walk.stop is Stop.HEAD:
        waits.append(f"head:{walk.home.account}:{walk.home.device}")
    pins = []
    for record_id in sorted(state.named):
        record, missing = look(world, record_id)
        if record is None:
            waits.append(missing)
            continue
        if record.about != state.post.id:
            waits.append(f"names:{record_id}")  # its chain is not among the item's own
        if not counts(world, record):
            pins.append(record_id)
    if walk.home.account != state.post.account:
        waits.append(f"home:{walk.home.account}")
    return tuple(dict.fromkeys(waits)), tuple(pins)


def _neighbours(state: ItemState, attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """Keys of unsigned neighbours' names: rows mark one once somebody bears it (5.2)."""
    if not state.grants and not attempts:
        return ()
    names = {grant.neighbour for grant in state.grants.values()}
    names |= {attempt.on_behalf for attempt in attempts}
    # what is longer than a handle nobody will ever bear
    borne = (n for n in names if n is not None and len(n) <= HANDLE_CHARS_MAX)
    return tuple(f"name:{name}" for name in sorted(borne))


def _status(state: ItemState, submissions: Iterable[Record]) -> Status:
    """records 5.4."""
    if state.completed is not None:
        return Status.COMPLETED
    if state.withdrawn is not None:
        return Status.WITHDRAWN
    for grant in state.open_grants:
        for submission in submissions:
            if submission.id not in state.rejected and handed_in_by(state, submission, grant):
                return Status.IN_REVIEW
    return Status.CLAIMED if state.open_grants else Status.OPEN


def _asks(state: ItemState, by_kind: Mapping[str, list[Record]]) -> tuple[Ask, ...]:
    if "claim.bid" not in by_kind:
        return ()
    granted = {g.bid: g.id for g in state.grants.values() if g.bid is not None}
    released = {
        (r.account, r.body.get("bid") or r.body.get("grant"))
        for r in by_kind.get("claim.release", ())
    }
    found = []
    for bid in by_kind.get("claim.bid", ()):
        grant = granted.get(bid.id)
        place = state.order.get(bid.body["seen"])
        found.append(
            Ask(
                id=bid.id,
                account=bid.account,
                device=bid.device,
                by=bid.body.get("by", ""),
                at=bid.at,
                until=bid.body.get("until", bid.at + BID_DEFAULT_US),
                seen=bid.body["seen"],
                grant=grant,
                released=(bid.account, bid.id) in released,
                stale=place is None or place < state.updated,
            )
        )
    return tuple(found)


def _grants(state: ItemState, by_kind: Mapping[str, list[Record]]) -> tuple[Grant, ...]:
    if not state.grants:
        return ()
    renews: dict[str, Record] = {}
    for renew in by_kind.get("claim.renew", ()):
        grant = state.grants.get(renew.body["grant"])
        if grant is not None and renew.account == grant.holder:
            renews[grant.id] = renew  # by_kind is in (at, id) order: the last one stays
    return tuple(_grant(state, g, renews.get(g.id)) for g in state.grants.values())


def _grant(state: ItemState, grant: OpenGrant, renew: Record | None) -> Grant:
    renewed = renew.at if renew is not None else 0
    last = max(grant.at, last_rejection(state, grant), renewed)
    return Grant(
        id=grant.id,
        term=grant.term,
        holder=grant.holder,
        neighbour=grant.neighbour,
        bid=grant.bid,
        at=grant.at,
        lease_s=grant.lease_s,
        until=last + grant.lease_s * SECOND_US,
        last_sign=max(grant.at, renewed),
        renew=renew.id if renew is not None else None,
        ended=grant.ended,
        reason=grant.reason,
    )


def _notes(records: Iterable[Record]) -> tuple[Note, ...]:
    return tuple(
        Note(
            id=r.id,
            account=r.account,
            at=r.at,
            tag=r.body["tag"],
            text=r.body["text"],
            re=r.body.get("re", ""),
        )
        for r in records
    )
