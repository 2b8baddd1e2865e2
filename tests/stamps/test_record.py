"""A record: its line, its id, its signature, and every limit of its fields (records 1)."""

import base64

import pytest

from stamps.errors import BadRecordError
from stamps.identity import DeviceKey
from stamps.limits import AT_MIN_US
from stamps.record import (
    Entry,
    Envelope,
    commons_id,
    heads_key,
    parse,
    parse_line,
    public_id,
    record_id,
    revive,
    sign,
    to_line,
    verify,
    vouch,
)

KEY = DeviceKey.from_seed(bytes(range(32)))
OTHER = DeviceKey.from_seed(bytes(range(1, 33)))
WASTELAND = "ab" * 32
AUTHOR = "cd" * 32
AT = 1_700_000_000_000_000
POST = {
    "title": "Fix the token refresh race",
    "description": "",
    "project": "",
    "type": "bug",
    "priority": 1,
    "effort": "small",
    "tags": [],
    "under": "",
    "policy": {},
}


def made(**fields) -> Entry:
    """A post, signed, with some fields changed."""
    whole = {
        "key": KEY,
        "scope": WASTELAND,
        "author": AUTHOR,
        "seq": 0,
        "prev": "",
        "at": AT,
        "kind": "wanted.post",
        "about": "",
        "body": POST,
    }
    return sign(**(whole | fields))


def test_a_line_reads_back_as_the_record_it_was():
    """Signature, space, canonical bytes, newline; and the signature holds (records 1.3)."""
    entry = made()
    envelope = parse_line(to_line(entry))
    assert envelope.record == entry.record
    read = verify(envelope)
    assert read == entry


def test_the_id_is_that_of_the_bytes_and_not_of_the_signature():
    """records 1.2: another signer of the same bytes would not change it; another byte would."""
    assert made().record.id != made(at=AT + 1).record.id
    assert made().record.id == made().record.id


def test_h14_another_devices_signature_does_not_hold():
    """A record says who signs it, and nobody else can."""
    entry = made()
    forged = OTHER.sign(b"wasteland/record/1\0" + entry.record.raw)
    assert verify(Envelope(entry.record, forged)) is None


def test_h15_a_signature_under_another_domain_does_not_hold():
    """The same bytes signed for something else are not a record."""
    entry = made()
    assert verify(Envelope(entry.record, KEY.sign(entry.record.raw))) is None


def test_an_entry_cannot_be_made_by_hand():
    """Only verification, signing or our own journal makes an entry."""
    entry = made()
    with pytest.raises(TypeError):
        Entry(entry.record, entry.signature)


def test_a_signature_has_one_spelling():
    """base64url without padding, its unused bits zero."""
    line = to_line(made())
    spelled, _, raw = line.partition(b" ")
    assert base64.urlsafe_b64decode(spelled + b"==")
    for wrong in (spelled + b"==", spelled[:-1], spelled[:-1] + b"!", b"", spelled[:-2] + b"+/"):
        with pytest.raises(BadRecordError):
            parse_line(wrong + b" " + raw)
    with pytest.raises(BadRecordError):
        parse_line(spelled[:-1] + b"B " + raw)  # its four last bits say nothing, and are not zero


@pytest.mark.parametrize("line", [b"", b"x", b"x" * 17_000, b"A" * 86 + b" {}", b"A" * 86 + b" []"])
def test_what_is_no_line_is_refused(line):
    """A typed refusal, whatever the bytes are."""
    with pytest.raises(BadRecordError):
        parse_line(line)


WRONG_FIELDS = {
    "scope": [{"scope": "x"}, {"scope": "AB" * 32}, {"scope": "new:ab"}, {"scope": "account"}],
    "author": [{"author": "x"}, {"author": ""}, {"author": "CD" * 32}],
    "no text": [{name: 1} for name in ("scope", "author", "kind", "about", "prev")],
    "seq": [{"seq": -1}, {"seq": 2**53}, {"seq": True}, {"seq": 1}],
    "prev": [{"prev": "ab" * 32}, {"prev": "x"}, {"seq": 1, "prev": "AB" * 32}],
    "at": [{"at": AT_MIN_US - 1}, {"at": 0}, {"at": -1}, {"at": 2**53}],
    "kind": [{"kind": "Wanted"}, {"kind": ""}, {"kind": "a" * 33}, {"kind": "a b"}],
    "about": [{"about": "x"}, {"about": AUTHOR}, {"about": "row:wanted/w-1"}],
    "after": [
        {"after": ("x",)},
        {"after": ("bb" * 32, "aa" * 32)},
        {"after": ("aa" * 32, "aa" * 32)},
        {"after": tuple(f"{n:064x}" for n in range(9))},
    ],
}


@pytest.mark.parametrize("field", WRONG_FIELDS)
def test_attack_36_a_wrong_field_is_named(field):
    """Attack 36: every field has one reading, and what is outside it is refused."""
    for change in WRONG_FIELDS[field]:
        with pytest.raises(BadRecordError) as refused:
            made(**change)
        assert refused.value.reason, change


def test_attack_36_fields_nobody_knows_are_refused_and_members_of_a_body_are_kept():
    """Attack 36: unknown fields of a record are refused; unknown members of a body travel."""
    entry = made(body=POST | {"x": 1})
    assert entry.record.body["x"] == 1
    raw = entry.record.raw.replace(b'{"about":', b'{"Extra":1,"about":')
    with pytest.raises(BadRecordError):
        parse(raw, signature=entry.signature)
    with pytest.raises(BadRecordError):
        parse(entry.record.raw.replace(b'"v":1', b'"v":2'), signature=entry.signature)
    with pytest.raises(BadRecordError):
        parse(entry.record.raw.replace(b'"v":1', b'"v":true'), signature=entry.signature)


AT_LIMIT = {
    "title": ("x" * 200, "x" * 201),
    "project": ("x" * 64, "x" * 65),
    "type": ("x" * 32, "x" * 33),
    "tags": (["t"] * 32, ["t"] * 33),
    "description": ("x" * 12 * 1024, "x" * (12 * 1024 + 1)),
    "priority": (4, 5),
    "effort": ("epic", "enormous"),
}


@pytest.mark.parametrize("name", AT_LIMIT)
def test_a_post_at_the_limit_is_taken_and_over_it_is_not(name):
    """Attack 37: the columns' limits are checked at the door (records 1.4)."""
    fits, over = AT_LIMIT[name]
    assert made(body=POST | {name: fits}).record.body[name] == fits
    with pytest.raises(BadRecordError) as refused:
        made(body=POST | {name: over})
    assert name in refused.value.reason or name in refused.value.where


@pytest.mark.parametrize("title", ["", "two\nlines", "a\u202eb", "nul\x00"])
def test_a_title_is_one_line_of_ordinary_text(title):
    """What could lie in a list or a terminal is refused."""
    with pytest.raises(BadRecordError):
        made(body=POST | {"title": title})


HANDLES = ["alice", "a", "a-b_c", "x" * 64]
NO_HANDLES = ["", "Alice", "a/../b", "a//b", "a/", "a.lock", "alice\n", "-a", "a-", "register"]


@pytest.mark.parametrize("handle", HANDLES)
def test_a_handle_is_taken(handle):
    """records 1.4: what fits a branch name, a URL and a path."""
    body = {"handle": handle, "type": "human", "rotation": [OTHER.device], "device": KEY.device}
    entry = made(scope="account", author="", kind="rig.register", body=body)
    assert entry.record.account == entry.record.id


@pytest.mark.parametrize("handle", [*NO_HANDLES, "records", "x" * 65, "\u212a"])
def test_another_handle_is_not(handle):
    """Attack 36: the whole of it must match."""
    body = {"handle": handle, "type": "human", "rotation": [OTHER.device], "device": KEY.device}
    with pytest.raises(BadRecordError):
        made(scope="account", author="", kind="rig.register", body=body)


def test_h61_a_post_with_100_000_tags_is_refused():
    """Containers are bounded before anything reads them."""
    with pytest.raises(BadRecordError):
        made(body=POST | {"tags": ["t"] * 100_000})


def test_h60_a_stamp_outside_its_range_is_refused():
    """Negative confidence, and ten thousand dimensions, are no stamp."""
    body = {"decides": AUTHOR, "submission": AUTHOR, "stamp": {"dims": {"quality": 3}}}
    assert made(kind="work.accept", about=AUTHOR, body=body)
    for stamp in (
        {"dims": {"quality": 3}, "confidence": -1},
        {"dims": {"quality": 6}},
        {"dims": {"speed": 3}},
        {"dims": {f"d{n}": 3 for n in range(10_000)}},
    ):
        with pytest.raises(BadRecordError):
            made(kind="work.accept", about=AUTHOR, body=body | {"stamp": stamp})


def test_public_names_are_cut_from_ids():
    """records 1.5, 3.2, 3.3: 40 hex of an id; heads by scope and device; a commons by its place."""
    assert public_id("w", "ab" * 32) == "w-" + "ab" * 20
    assert heads_key("identity", KEY.device) != heads_key(WASTELAND, KEY.device)
    one = commons_id(host="DoltHub.com", owner="Hop", db="wl-commons")
    assert one == commons_id(host="dolthub.com", owner="hop", db="wl-commons")
    assert len(made().record.chain.digest) == 32


def test_what_we_checked_before_is_not_checked_again():
    """Our own journal's lines become entries by `vouch`, without a second look."""
    entry = made()
    assert vouch(parse_line(to_line(entry))) == entry
    assert repr(entry) == f"Entry(wanted.post {entry.record.id[:8]})"


def test_kept_bytes_are_read_again_by_their_id_alone():
    """What the journal kept comes back whole; other bytes under the id, or no record, do not."""
    entry = made(after=("ab" * 32,))
    raw = entry.record.raw
    assert revive(raw, entry.signature, record_id=entry.record.id) == entry
    assert revive(raw + b" ", entry.signature, record_id=entry.record.id) is None
    assert revive(b"[]", entry.signature, record_id=record_id(b"[]")) is None


def test_a_signature_is_64_bytes():
    """Any other length is refused before anything is read."""
    with pytest.raises(BadRecordError, match=r"line\.signature"):
        parse(made().record.raw, signature=bytes(63))


def test_a_genesis_is_signed_by_the_device_that_it_names():
    """Else anyone could found an account for another's key (records 3.2)."""
    body = {"handle": "a", "type": "human", "rotation": [OTHER.device], "device": OTHER.device}
    with pytest.raises(BadRecordError, match=r"kind\.signer"):
        made(scope="account", author="", kind="rig.register", body=body)


def test_a_chain_has_one_digest_and_tells_its_scopes_apart():
    """32 bytes over scope, author and device (records 2.5)."""
    chain = made().record.chain
    assert len(chain.digest) == 32
    assert chain.digest != chain._replace(scope="identity").digest
