"""Attacks 37-46: on rows and on privacy."""

import json

import pytest

from ledger.rows import at_text
from ledger.store import Observed
from ledger.tables import Row
from ledger.verify import verify
from stamps.errors import BadRecordError
from stamps.record import heads_key, public_id
from tests.ledger.people import HOUR, POST, SECOND, STAMP, Board
from tests.ledger.test_sets import shown
from tests.transport.nodes import joined, node
from tests.transport.test_hostile_http import asked, request

FAR = "x" * 300


def test_attack_37_a_row_that_would_break_a_constraint_is_left_out(board, ann, bob):
    """A link to oneself, one from both sides, a stamp on oneself: no fold stops at them."""
    ann.post()
    bob.post()
    for one, other in ((ann, ann), (ann, bob), (bob, ann)):
        body = {"other": other.account, "relation": "same_owner"}
        one.say("rig.link", scope="identity", body=body)
    body = {"subject": ann.account, "context": {"type": "review"}, "stamp": STAMP}
    ann.say("stamp.give", body=body)
    assert len(board.rows("rig_links")) == 1
    assert board.rows("stamps") == []
    assert verify(board.journal).holds


@pytest.mark.parametrize("name", ["project", "type", "effort", "title"])
def test_attack_37_what_no_column_holds_is_no_record(board, ann, name):
    """Columns' limits are admission limits, so a record fits both backends or nobody admits it."""
    with pytest.raises(BadRecordError):
        ann.say("wanted.post", body=POST | {"under": "", name: FAR})


def test_attack_38_a_false_name_of_four_digits_is_none(board):
    """A name has 80 bits of the account; and nobody's wish changes what another is called."""
    ann = board.person("ann")
    ann.post()
    [name] = {row["posted_by"] for row in board.rows("wanted")}
    assert name == f"handle~{ann.account[:20]}"
    for n in range(3):
        rival = board.person(f"rival{n}")
        rival.say("rig.join", about=board.wasteland, body={"handle": "ann"})
    assert {row["posted_by"] for row in board.rows("wanted")} == {name}
    assert len({row["handle"] for row in board.rows("rigs")}) == len(board.rows("rigs"))


def test_attack_39_public_ids_have_160_bits(board, ann):
    """Two posts with one id would cost 2^80; people type the shortest prefix that is unique."""
    item = ann.post()
    [row] = board.rows("wanted")
    assert row["id"] == public_id("w", item.record.id) == f"w-{item.record.id[:40]}"
    assert board.journal.item_ids(row["id"][:6]) == [item.record.id]


def test_attack_40_nothing_outside_the_set_reaches_a_row(board, ann):
    """Unsigned rows, binds and labels change no root and no signed row; trust is a constant."""
    item = ann.post()
    before = shown(board.journal)
    public = public_id("w", item.record.id)
    values = {"id": public, "title": "Unsigned", "status": "completed", "claimed_by": "mallory"}
    seen = Observed(row=Row("wanted", public, values), source="hq", commit="c", seen_at=1)
    board.journal.store.observe([seen])
    assert shown(board.journal) == before
    rows = shown(board.journal)[1]
    ann.say("label.set", about=item.record.id, body={"label": "spam", "reason": "no"})
    bind = {"service": "github", "name": "ann", "proof": "https://example.org"}
    ann.say("rig.bind", scope="identity", body=bind)
    assert shown(board.journal)[1] == rows
    assert {row["trust_level"] for row in rows["rigs"]} == {1}


def test_attack_41_last_is_the_greatest_time_and_then_id(board, ann):
    """Two devices of one account at one moment: every ledger shows the same last word."""
    ann.post()
    two = ann.device("two")
    at = board.now + HOUR // 2
    said = [
        ann.say("rig.update", scope="identity", body={"name": f"name {n}"}, at=at, key=key)
        for n, key in enumerate((ann.key, two))
    ]
    last = max(said, key=lambda entry: entry.record.id)
    names = {row["display_name"] for row in board.rows("rigs")}
    assert last.record.body["name"] in names
    assert at_text(at) in {row["last_seen"] for row in board.rows("rigs")}


@pytest.mark.parametrize("confidence", [0, 1, 29, 57, 58, 99, 100])
def test_attack_41_confidence_is_compared_in_hundredths(board, ann, bob, confidence):
    """The only floats anywhere come back as the integers they were."""
    item = ann.post()
    ann.accept(item, bob.submit(item), confidence=confidence)
    [row] = board.rows("stamps")
    assert round(100 * row["confidence"]) == confidence


def test_attack_42_a_decision_of_a_later_version_freezes_its_item(board, ann, bob):
    """What this version does not know it does not skip; other items go on."""
    item, other = ann.post(), ann.post()
    ann.decide("claim.lend", item, to=bob.account)
    ann.decide("wanted.withdraw", item)
    ann.decide("wanted.withdraw", other)
    story = board.journal.story(item.record.id)
    assert (str(story.stop), story.decisions) == ("newer_version", ())
    assert [board.status(one) for one in (item, other)] == ["open", "withdrawn"]
    bob.decide("claim.lend", other)
    assert board.status(other) == "withdrawn"


def test_attack_43_a_log_does_not_say_where_else_somebody_writes(board, ann):
    """Heads are hashes of scope and device; a wasteland's genesis is in no identity chain."""
    head = ann.post()
    revoke = ann.revoke(ann.key, head)
    assert board.wasteland not in revoke.record.raw.decode()
    assert list(revoke.record.body["heads"]) == [heads_key(board.wasteland, ann.key.device)]
    assert heads_key(board.wasteland, ann.key.device) != heads_key(
        board.wasteland, board.registrar.key.device
    )
    assert board.genesis.record.scope.startswith("new:")


def test_attack_44_records_hold_no_address_and_no_device_name(board, ann):
    """An account's genesis and devices say keys and rights, and nothing about machines."""
    ann.device("anna-macbook")
    ann.say("rig.join", about=board.wasteland, body={"handle": "ann"})
    text = b"".join(entry.record.raw for entry in board.said)
    assert b"macbook" not in text
    known = set().union(*(e.record.body for e in board.said if e.record.scope == "account"))
    assert known == {"handle", "type", "rotation", "device", "may"}
    row = next(row for row in board.rows("rigs") if row["handle"] == "ann")
    assert (row["owner_email"], row["gt_version"], row["dolthub_org"]) == ("", None, None)


def test_attack_45_what_is_large_is_named_by_its_hash_and_can_be_erased(board, ann):
    """A record holds at most 16 KiB of text for ever; a blob is its hash, fetched apart."""
    for kind, body in (
        ("note.add", {"tag": "note", "text": "s" * 4097}),
        ("work.submit", {"summary": "x", "evidence": [{"kind": "text", "value": "s" * 4097}]}),
    ):
        with pytest.raises(BadRecordError):
            ann.say(kind, about="ab" * 32, body=body)
    item = ann.post()
    blob = {"kind": "blob", "value": "trace.log", "sha256": "ab" * 32, "size": 10_000_000}
    ann.submit(item, evidence=[blob])
    [row] = board.rows("wl_attempts")
    assert row["evidence"] == [blob]


async def test_attack_46_a_stranger_cannot_tell_what_a_node_has(tmp_path):
    """An id that it has and one that nobody has get the same answer; the list is one's own."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        answers = [
            await asked(rust, request(rust, f"/v1/w/{wasteland}/root"))
            for wasteland in (rust.town.town.current, "0" * 64)
        ]
        assert len({json.dumps(answer) for answer in answers}) == 1
        assert answers[0][0] == 404
        assert (await asked(rust, request(rust, "/v1/wastelands")))[1] == {"wastelands": []}


def test_attack_36_time_has_a_lower_bound_and_names_no_room(board, ann):
    """A record of 1970 breaks a TIMESTAMP; a handle that leaves its folder breaks a path."""
    for at in (0, -1, 1_577_836_799_999_999):
        with pytest.raises(BadRecordError):
            ann.say("wanted.post", body=POST | {"under": ""}, at=at)
    for handle in ("a/../b", "a//b", "a/", "a.lock", "alice\n", "\u212a", "register", "records"):
        with pytest.raises(BadRecordError):
            Board.person(board, handle)
    assert SECOND == 1_000_000
