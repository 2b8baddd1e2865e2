"""H1-H9, H11, H25: record lines that are not what they should be, offered to a whole ledger."""

import base64
import json

import pytest

from federation.errors import PeerError
from federation.frontier import decode_frontier
from federation.letters import decode_parcel
from ledger.set_journal import JournalReplica
from stamps import canonical
from stamps.errors import BadRecordError
from stamps.record import RECORD_DOMAIN, parse_line
from tests.ledger.people import POST, Board


@pytest.fixture
def board():
    """A board with a person on it."""
    board = Board()
    board.ann = board.person("ann")
    return board


def fields(board: Board, **changes) -> dict:
    """A good post's fields, with changes."""
    ann = board.ann
    body = POST | {"under": board.journal.policy_id()} | changes.pop("body", {})
    whole = {
        "v": 1, "scope": board.wasteland, "author": ann.account, "device": ann.key.device,
        "seq": 0, "prev": "", "at": board.now + 1, "kind": "wanted.post", "about": "",
        "after": [], "body": body,
    }  # fmt: skip
    return whole | changes


def line_of(board: Board, raw: bytes) -> bytes:
    """A line with a signature that is good for these bytes."""
    signature = board.ann.key.sign(RECORD_DOMAIN + raw)
    return base64.urlsafe_b64encode(signature).rstrip(b"=") + b" " + raw + b"\n"


def refused(board: Board, raw: bytes) -> None:
    """The line is counted as bad, nothing is stored, and an honest one is still taken."""
    line = line_of(board, raw)
    with pytest.raises(BadRecordError):
        parse_line(line)
    before = board.journal.store.count()
    received = JournalReplica(board.journal).receive([line], now=board.now + 10)
    assert dict(received.codes) == {"record.bad": 1}
    assert board.journal.store.count() == before
    board.ann.post()
    assert board.journal.store.count() == before + 1


def said(board: Board, text: str, **changes) -> bytes:
    """The canonical bytes of a post with one piece of text put in the place of `"priority":1`."""
    raw = canonical.encode(fields(board, **changes))
    assert b'"priority":1' in raw
    return raw.replace(b'"priority":1', text.encode())


@pytest.mark.parametrize("number", ["01", "+1", "1.0", "1e0", "-0", "0x1"])
def test_h1_a_number_has_one_spelling(board, number):
    """Every other spelling is refused."""
    refused(board, said(board, f'"priority":{number}'))


@pytest.mark.parametrize("keys", ['"priority":1,"priority":1', '"zz":1,"aa":1', '"":1'], ids=str)
def test_h2_keys_are_sorted_and_once(board, keys):
    """Duplicate, unsorted and empty keys are refused."""
    refused(board, said(board, keys))


@pytest.mark.parametrize("raw", [b"{", b'{"a":[', b'{"a":1', b'{ "a":1}', b""], ids=str)
def test_h3_a_record_ends_where_it_ends(board, raw):
    """Open containers and blanks are refused."""
    refused(board, raw)


@pytest.mark.parametrize("tail", [b" ", b"{}", b"\x00", b"}"], ids=str)
def test_h4_nothing_follows_a_record(board, tail):
    """Trailing bytes are refused."""
    refused(board, canonical.encode(fields(board)) + tail)


@pytest.mark.parametrize("value", ["1.5", "NaN", "Infinity", "-Infinity", "1e400"])
def test_h5_there_are_no_floats(board, value):
    """Whatever a lax reader takes for a number is refused."""
    refused(board, said(board, f'"priority":1,"x":{value}'))


@pytest.mark.parametrize("depth", [9, 10_000])
def test_h6_nesting_is_bounded_before_parsing(board, depth):
    """Ten thousand levels cost nothing."""
    refused(board, said(board, '"priority":1,"x":' + "[" * depth + "]" * depth))


@pytest.mark.parametrize("digits", [17, 400])
def test_h7_numbers_and_counts_are_bounded_before_anything_is_made(board, digits):
    """Too many digits, and a count of 2^40 with ten bytes behind it."""
    refused(board, said(board, '"priority":1,"x":' + "9" * digits))
    huge = bytes([1]) + b"\x00" * 32 + b"\xa0\x80\x80\x80\x80\x00" + b"0" * 10
    with pytest.raises(PeerError):
        decode_parcel(huge)


BAD_TEXT = {
    "surrogate": '"\\ud800"',
    "not composed": '"e\u0301"',
    "direction": '"\u202ereversed"',
    "isolate": '"\u2066x\u2069"',
    "nul": '"\\u0000"',
    "control": '"\\u0007"',
    "noncharacter": '"\ufdd0"',
    "unassigned": '"\U000e0fff"',
}


@pytest.mark.parametrize("name", BAD_TEXT)
def test_h8_text_is_plain_text(board, name):
    """Surrogates, twins in another form, marks that turn the line: refused at the door."""
    raw = canonical.encode(fields(board))
    refused(board, raw.replace(b'"go"', BAD_TEXT[name].encode("utf-8", "surrogatepass")))


def test_h8_bytes_are_utf8(board):
    """Invalid bytes are refused."""
    refused(board, canonical.encode(fields(board)).replace(b'"go"', b'"\xff\xfe"'))


def test_h9_a_record_of_one_byte_too_much_is_refused(board):
    """16 KiB and not one more."""
    raw = json.dumps(
        fields(board, body={"x": "a" * 9_000}), sort_keys=True, separators=(",", ":")
    ).encode()
    padded = raw.replace(b'"x":"', b'"x":"' + b"a" * (16 * 1024 + 1 - len(raw)))
    assert len(padded) == 16 * 1024 + 1
    refused(board, padded)


@pytest.mark.parametrize("value", [2**53, 2**53 + 1, -(2**53), 10**15 * 99], ids=str)
def test_h11_integers_are_those_that_every_reader_holds(board, value):
    """Beyond 2^53 - 1 two readers would see two numbers."""
    refused(board, said(board, f'"priority":1,"x":{value}'))


@pytest.mark.parametrize("seq", [2**53, 2**63, -1])
def test_h25_a_place_in_a_chain_is_a_small_number(board, seq):
    """A seq beyond the integers is refused before anything is looked up."""
    raw = canonical.encode(fields(board)).replace(b'"seq":0', f'"seq":{seq}'.encode())
    refused(board, raw)


def test_h37_a_frontier_that_names_a_million_devices_is_refused():
    """The count is checked before the names are read."""
    with pytest.raises(PeerError):
        decode_frontier(
            bytes([1]) + b"\x00" * 64 + b"\x00" + b"\x08" + b"\x00" * 16 + b"\x01" + b"\xbd\x84\x40"
        )
