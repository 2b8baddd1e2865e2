"""Attacks 20-32: on admission, the set, and how two ledgers compare it."""

import hashlib

import pytest
from nacl.bindings import (
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
)

from federation.frontier import Nonces, describe
from federation.outline import Part, outline_of
from federation.remembered import Memory
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.quota import Quota
from ledger.set_journal import JournalReplica
from stamps.errors import BadRecordError
from stamps.identity import DeviceKey, public_key_of
from stamps.kinds import check_place
from stamps.record import RECORD_DOMAIN, Entry, Envelope, sign, to_line
from tests.federation.exchange import Side, talk
from tests.federation.test_bundle import exported, learned
from tests.ledger.people import HOUR, POST, SECOND, Board, Person
from tests.ledger.test_sets import exchanged, fed, shown

PLAIN = POST | {"under": ""}


def ledger(board: Board, *parts: list[Entry]) -> Journal:
    """Another ledger of the board that heard these, part by part."""
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    for part in parts:
        fed(other, part)
    return other


def root(journal: Journal) -> bytes:
    """The root of its set."""
    return JournalReplica(journal).frontier().root


def noted(person: Person, *, after_ids: tuple[str, ...], at: int) -> Entry:
    """A record that names others as seen."""
    return sign(
        key=person.key, scope=person.board.wasteland, author=person.account, seq=0, prev="",
        at=at, kind="wanted.post", after=after_ids, body=PLAIN,
    )  # fmt: skip


def test_attack_20_after_is_never_looked_at_on_the_way_in(board, ann, bob):
    """A record may name one that is later than itself: held first or last, both have it."""
    later = noted(bob, after_ids=(), at=board.now + 50 * SECOND)
    early = noted(ann, after_ids=(later.record.id,), at=board.now)
    start = list(board.said)
    ledgers = [ledger(board, start, [*order]) for order in ([early, later], [later, early])]
    assert shown(ledgers[0]) == shown(ledgers[1])
    assert len(shown(ledgers[0])[1]["wanted"]) == 2


def test_attack_21_many_rivals_of_one_slot_move_no_root_and_fill_no_disk(board, ann):
    """Any pair proves the fork; a third is refused, whichever two a ledger has."""
    start = list(board.said)
    rivals = [
        ann.say("wanted.post", body=PLAIN | {"title": f"rival {n}"}, after=None, offer=False)
        for n in range(8)
    ]
    one = ledger(board, start, rivals[:2])
    two = ledger(board, start, rivals[6:])
    held = one.store.count()
    assert root(one) == root(two)
    envelopes = [Envelope(e.record, e.signature) for e in rivals]
    codes = [str(o.code) for o in one.record(envelopes, now=board.now + HOUR)]
    assert codes == ["held", "held", *["cut"] * 6]
    assert one.store.count() == held


def test_attack_21_a_settled_chain_takes_no_more_rivals_either(board, ann):
    """Once a revoke's head and its ancestors are held, nothing else of the chain is kept."""
    first = ann.post()
    head = ann.post()
    thief = ann.say("wanted.post", body=PLAIN | {"title": "thief"}, after=None)
    ann.revoke(ann.key, head)
    held = board.journal.store.count()
    for n in range(5):
        ann.say("wanted.post", body=PLAIN | {"title": f"{n}"}, after=thief)
        ann.say("wanted.post", body=PLAIN | {"title": f"again {n}"}, after=first)
    assert set(board.codes[-10:]) == {"cut"}
    assert board.journal.store.count() == held


def test_attack_22_whoever_is_linked_to_a_member_is_no_part_of_the_set(board, ann):
    """The set is not transitive: a thousand linked accounts do not come with one who joined."""
    ann.post()
    sybils = [board.person(f"sybil{n}") for n in range(10)]
    for sybil in sybils:
        body = {"relation": "same_owner"}
        ann.say("rig.link", scope="identity", body=body | {"other": sybil.account})
        sybil.say("rig.link", scope="identity", body=body | {"other": ann.account})
    frontier = JournalReplica(board.journal).frontier()
    assert ann.account in frontier.logs
    assert not {sybil.account for sybil in sybils} & frontier.logs.keys()
    other = ledger(board)
    assert exchanged(board.journal, other)
    assert shown(board.journal) == shown(other)
    assert board.rows("rig_links") == []


def test_attack_23_nobody_speaks_for_somebody_else(board, ann):
    """A stranger's key under Ann's account is refused, and nothing of it is kept."""
    held = board.journal.store.count()
    for key in (Person(board, "mal").key, DeviceKey.generate()):
        forged = ann.say("wanted.post", body=PLAIN, key=key, after=None)
        assert board.codes[-1] == "unknown_device"
        torn = Envelope(forged.record, bytes(64))
        [outcome] = board.journal.record([torn], now=board.now)
        assert outcome.code == "unknown_device"
    unsigned = ann.say("wanted.post", body=PLAIN, offer=False)
    [outcome] = board.journal.record([Envelope(unsigned.record, bytes(64))], now=board.now + HOUR)
    assert outcome.code == "signature"
    assert board.journal.store.count() == held + 1  # the account that mal made for itself


def test_attack_24_what_is_refused_here_is_counted_and_not_asked_for_again(board):
    """A log ends at 1,024 for everybody; a quota of ours is a code, and no reason for layer 2."""
    check_place(kind="device.add", scope="account", seq=1_024)
    with pytest.raises(BadRecordError):
        check_place(kind="device.add", scope="account", seq=1_025)
    new = board.person("new")
    lines = [
        to_line(new.say("note.add", about=new.account, body={"tag": "note", "text": f"{n}"}))
        for n in range(30)
    ]
    other = ledger(board, [e for e in board.said if e.record.kind != "note.add"])
    replica = JournalReplica(other, quota=Quota(records_day=10))
    received = replica.receive(lines, now=board.now + HOUR, peer="loud")
    assert received.codes == {"ok": 10, "quota": 20}
    assert replica.receive(lines, now=board.now + 48 * HOUR, peer="loud").codes["ok"] == 10


def test_attack_25_a_stream_that_starts_beyond_our_head_is_told_where_we_are(board, ann):
    """No waiting room: `gap` with our head; what is parked is in no set and comes when due."""
    posts = [ann.post() for _ in range(6)]
    other = ledger(board, [e for e in board.said if e not in posts[3:]])
    received = JournalReplica(other).receive(
        [to_line(post) for post in posts[4:]], now=board.now + HOUR
    )
    assert received.codes == {"gap": 2}
    assert received.gaps == {posts[0].record.chain: 3}
    before = root(other)
    ahead = Envelope(posts[3].record, posts[3].signature)
    [outcome] = other.record([ahead], now=posts[3].record.at - HOUR)
    assert (outcome.code, root(other)) == ("parked", before)
    assert [o.code for o in other.unpark(now=posts[3].record.at)] == ["ok"]
    assert root(other) != before


def test_attack_26_a_bundle_of_one_item_is_whole_and_a_torn_record_counts_nothing(board, ann, bob):
    """One item comes with the chains that speak of it; a record without its chain is no part."""
    ann.post()
    item = ann.post()
    ann.grant(item, bob.bid(item))
    other = ledger(board)
    came = learned(exported(board.journal, item=item.record.id), other)
    assert {code for code, count in came.codes.items() if count} == {"ok"}
    assert other.story(item.record.id) == board.journal.story(item.record.id)
    empty = ledger(board, [e for e in board.said if e.record.scope == "account"], [board.genesis])
    before = shown(empty)
    [outcome] = empty.record([Envelope(item.record, item.signature)], now=board.now)
    assert outcome.code == "gap"
    assert shown(empty) == before


def signed_again(key: DeviceKey, entry: Entry) -> bytes:
    """A second good signature of the same bytes, with a nonce that no library would choose."""
    message = RECORD_DOMAIN + entry.record.raw
    secret = hashlib.sha512(key.seed).digest()[:32]
    clamped = bytes([secret[0] & 248, *secret[1:31], secret[31] & 127 | 64])
    nonce = crypto_core_ed25519_scalar_reduce(hashlib.sha512(b"other nonce").digest())
    point = crypto_scalarmult_ed25519_base_noclamp(nonce)
    hashed = hashlib.sha512(point + public_key_of(key.device) + message).digest()
    challenge = crypto_core_ed25519_scalar_reduce(hashed)
    a = crypto_core_ed25519_scalar_reduce(clamped + bytes(32))
    s = crypto_core_ed25519_scalar_add(nonce, crypto_core_ed25519_scalar_mul(challenge, a))
    return point + s


def test_attack_27_a_second_signature_of_a_record_is_no_second_record(board, ann):
    """One is kept per id: root and rows are the same whichever came, and neither is sent again."""
    item = ann.post()
    start = [entry for entry in board.said if entry is not item]
    again = Envelope(item.record, signed_again(ann.key, item))
    assert again.signature != item.signature
    other = ledger(board, start)
    assert [o.code for o in other.record([again], now=board.now + HOUR)] == ["ok"]
    assert shown(other) == shown(board.journal)
    assert [o.code for o in board.journal.record([again], now=board.now + HOUR)] == ["held"]
    assert other.store.count() == board.journal.store.count()


def test_attack_28_the_root_is_a_hash_over_sorted_heads(board, ann, bob):
    """As records 2.5 has it, byte by byte: no sum, in which parts could be exchanged."""
    ann.post()
    bob.post()
    bob.say("wanted.post", body=PLAIN, after=None)
    frontier = JournalReplica(board.journal).frontier()
    parts = [
        sorted(
            k.digest + h.seq.to_bytes(8) + bytes.fromhex(h.id) for k, h in frontier.chains.items()
        ),
        sorted(k.digest + seq.to_bytes(8) for k, seq in frontier.forks.items()),
        sorted(
            bytes.fromhex(a) + h.seq.to_bytes(8) + bytes.fromhex(h.id)
            for a, h in frontier.logs.items()
        ),
        sorted(bytes.fromhex(one) for one in frontier.pins),
    ]
    assert all(parts)
    whole = b"wasteland/root/1\0" + bytes.fromhex(board.wasteland)
    for part in parts:
        whole += len(part).to_bytes(8) + b"".join(part)
    assert frontier.root == hashlib.sha256(whole).digest()


def test_attack_29_names_are_cut_under_the_nonces_of_both_and_a_fork_is_found(board, ann):
    """Nobody can grind a prefix; two branches of one length are compared, and the pair travels."""
    base = ann.post()
    start = list(board.said)
    sides = []
    for name in ("left", "right"):
        tip = ann.say("wanted.post", body=PLAIN | {"title": name}, after=base, offer=False)
        sides.append(Side(name, ledger(board, start, [tip])))
    outline = outline_of(JournalReplica(sides[0].journal).frontier())
    said = [
        describe(outline, Nonces(bytes([n]) * 16, bytes(16))).said.parts[Part.CHAINS].listed
        for n in range(2)
    ]
    assert len(said[0]) == len(said[1]) > 0
    assert not {one.prefix for one in said[0]} & {one.prefix for one in said[1]}
    assert not {one.check for one in said[0]} & {one.check for one in said[1]}
    assert talk(*sides).report.equal
    forks = [JournalReplica(side.journal).frontier().forks for side in sides]
    assert forks[0] == forks[1] == {base.record.chain: 1}


def test_attack_30_a_delta_to_a_peer_that_forgot_is_answered_full(board, ann):
    """It names the frontier it builds on; without layer 2 both are equal all the same."""
    one, two = Side("one", board.journal), Side("two", ledger(board))
    assert talk(one, two).report.equal
    ann.post()
    two.memories.clear()
    report = talk(one, two).report
    assert (report.equal, report.layer2) == (True, False)
    ann.post()
    two.journal = ledger(board, board.said[:6])
    two.memories["one"] = Memory()
    report = talk(one, two).report
    assert (report.equal, report.layer2) == (True, False)


def test_attack_31_layer_2_runs_over_the_set_and_nothing_else(board, ann):
    """Whole seconds, and neither parked nor refused nor cut records."""
    head = ann.post()
    lost = ann.post()
    ann.revoke(ann.key, head)
    parked = ann.say("note.add", about=ann.account, body={"tag": "note", "text": "x"},
                     key=ann.device("b"), at=board.now + 5 * HOUR)  # fmt: skip
    members = list(JournalReplica(board.journal).members())
    ids = {one for _, one in members}
    assert head.record.id in ids
    assert not {lost.record.id, parked.record.id} & ids
    assert (head.record.at // 1_000_000, head.record.id) in members
    assert members == sorted(members)


def test_attack_32_a_tail_that_we_cut_is_answered_with_the_reason(board, ann):
    """Who lacks the revoke gets it for its hundred records, instead of being asked for them."""
    head = ann.post()
    for _ in range(20):
        ann.post()
    start = list(board.said)
    revoke = ann.revoke(ann.key, head, offer=False)
    knows, lacks = ledger(board, start[:-20], [revoke]), ledger(board, start)
    talked = talk(Side("lacks", lacks), Side("knows", knows))
    assert talked.report.equal
    assert shown(knows) == shown(lacks)
    assert knows.store.count() == lacks.store.count() - 20
    assert len(talked.asks) <= 8
