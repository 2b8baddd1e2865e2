"""A bundle carries a whole wasteland, or one item, and nothing that is not whole and known."""

import gzip
import json
import zlib

import pytest

from federation import bundle
from federation.bundle import BundleError
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from ledger.store import Observed
from ledger.tables import Row
from tests.ledger.people import Board
from tests.ledger.test_against_model import NOW, history
from tests.ledger.test_sets import fed, opened, shown
from tests.seeds import seeds


def exported(journal: Journal, *, item: str = "") -> bytes:
    """The bytes of a bundle."""
    pieces: list[bytes] = []
    bundle.write(journal, pieces.append, name="hop", item=item, now=NOW)
    return b"".join(pieces)


def learned(packed: bytes, journal: Journal, *, size: int = 1 << 16) -> bundle.Learned:
    """What a ledger learned of it."""
    pieces = (packed[at : at + size] for at in range(0, len(packed), size))
    reader = bundle.Reader(pieces)
    return bundle.read(reader, JournalReplica(journal), journal.store, now=NOW)


def repacked(lines: list[bytes]) -> bytes:
    """A bundle of these lines with an end that fits them."""
    out: list[bytes] = []
    writer = bundle._Out(out.append)  # the writer of the format itself
    for line in lines:
        writer.line(line)
    writer.close()
    return b"".join(out)


@pytest.fixture
def board():
    """A board with a finished item, another one, and a row that nobody signed."""
    board = Board()
    ann, bob = board.person("ann"), board.person("bob")
    board.admit(ann)
    item = ann.post()
    ann.grant(item, bob.bid(item))
    bob.submit(item)
    bob.post()
    row = Row("wanted", "w-old", {"id": "w-old", "title": "An old wish", "status": "open"})
    board.journal.store.observe([Observed(row=row, source="hq", commit="c1", seen_at=1)])
    return board


@pytest.mark.parametrize("seed", seeds(40, fast=6))
def test_a_bundle_carries_the_whole_set_of_any_history(seed):
    """Equal roots, equal rows; a second import changes nothing; exports are the same bytes."""
    made = history(seed, join=("open", "invite")[seed % 2])
    journal = opened(made)
    fed(journal, list(made.ours.values()))
    packed = exported(journal)
    other = opened(made)
    learned(packed, other, size=97)
    other.flush()
    assert shown(other) == shown(journal)
    assert learned(packed, other).accepted == 0
    assert exported(other) == packed


def test_unsigned_rows_travel_in_their_own_section_with_their_commit(board):
    """records 7.6: a bundle may carry them, marked."""
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    outcome = learned(exported(board.journal), other)
    assert outcome.observed == 1
    [row] = other.store.observed("wanted")
    assert (row.row.key, row.source, row.commit) == ("w-old", "hq", "c1")


def test_a_bundle_of_one_item_carries_its_story_and_not_the_rest(board):
    """The item is whole on the other side; what others posted stays behind."""
    item = next(s for s in board.journal.store.subjects("item") if s.card["handed_in"])
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    learned(exported(board.journal, item=item.id), other)
    story, expected = other.story(item.id), board.journal.story(item.id)
    assert story is not None
    assert (story.status, story.decisions) == (expected.status, expected.decisions)
    assert other.store.count() < board.journal.store.count()
    assert list(other.store.observed("wanted")) == []


def broken(board) -> dict[str, bytes]:
    """Bundles that break one rule each."""
    packed = exported(board.journal)
    lines = gzip.decompress(packed).splitlines(keepends=True)
    header = json.loads(lines[0])
    row = {"table": "../../etc", "key": "x", "values": {}, "source": "", "commit": "", "seen_at": 1}
    return {
        "truncated": packed[: len(packed) // 2],
        "compression": b"PK\x03\x04 this is no bundle",
        "format": gzip.compress(b'{"format":"tar"}\n'),
        "version": repacked([json.dumps({**header, "v": 2}).encode() + b"\n"]),
        "header": repacked([json.dumps({**header, "wasteland": "../x"}).encode() + b"\n"]),
        "wasteland": repacked([json.dumps({**header, "wasteland": "0" * 64}).encode() + b"\n"]),
        "size": gzip.compress(lines[0] + b"a" * 100_000),
        "hash": gzip.compress(b"".join([*lines[:-3], *lines[-2:]])),
        "order": repacked([lines[0], b"#more\n"]),
        "row": repacked([lines[0], bundle.UNSIGNED, json.dumps(row).encode() + b"\n"]),
        "trailing": packed + b"more",
    }


REASONS = [
    "truncated", "compression", "format", "version", "header", "wasteland", "size", "hash",
    "order", "row", "trailing",
]  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_h49_a_broken_bundle_is_refused_with_its_reason(board, reason):
    """Truncated, padded, over-long, of another wasteland, naming paths: a typed error."""
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    with pytest.raises(BundleError) as refused:
        learned(broken(board)[reason], other)
    assert refused.value.reason == reason
    none = reason in ("compression", "format", "version", "header")
    code, exit_ = ("bundle.none", 2) if none else ("bundle.bad", 8)
    assert (refused.value.code, refused.value.exit) == (code, exit_)
    assert set(other.store.observed("wanted")) == set()


@pytest.mark.slow
def test_h10_a_bundle_that_unpacks_without_end_is_stopped_at_a_line(board):
    """A thousand times its size in one line is never held in memory."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, bundle.GZIP)
    lines = gzip.decompress(exported(board.journal)).splitlines(keepends=True)
    packed = bomb.compress(lines[0]) + bomb.compress(b"0" * (64 << 20)) + bomb.flush()
    assert len(packed) < 1 << 20
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    with pytest.raises(BundleError) as refused:
        learned(packed, other)
    assert refused.value.reason == "size"


def test_what_was_whole_before_a_break_is_kept(board):
    """F14: a file copied halfway teaches what it has, and a whole one the rest."""
    packed = exported(board.journal)
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    with pytest.raises(BundleError):
        learned(packed[: len(packed) - 40], other)
    learned(packed, other)
    other.flush()
    assert shown(other)[0] == shown(board.journal)[0]
