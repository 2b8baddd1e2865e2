"""Sets made to break a row: written to both real backends, nothing fails, all rows are the same."""

from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.dolt import open_dolt_server, open_doltlite
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.store import BoardQuery, Store
from ledger.tables import DERIVED
from stamps.canonical import is_text
from stamps.record import Entry, Envelope
from tests.ledger.crowds import Crowd
from tests.ledger.people import HOUR, POST, STAMP, Board, Person

pytestmark = pytest.mark.slow  # `make check` waits for none of these

WIDE = "\U0001f980"  # four bytes in UTF-8
HOSTILE = [
    normalize("NFC", text)
    for text in (
        "'; DROP TABLE wanted; -- ",
        'a "b" \\ \\\\ \\" \\n \\x00 \\u0000 \\',
        "%s %(x)s %% ? ?1 :x @x $1 {0} ${HOME}",
        "\u200f\u05e9\u05dc\u05d5\u05dd\u200e \u0645\u0631\u062d\u0628\u0627 \u061c",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea \u00e9",
        "trailing space ",
        "trailing space",
        " leading",
        "Straße STRASSE strasse \u017f \u212a Å ß",
        "NULL",
        "null",
        "0x41 1e309 -0 007",
        "<script>alert(1)</script>&amp;",
        "\u00a0\u2003\u3000\ufeff\u200b",
        "zalgo a" + "\u0327" * 40 + "\u0301" * 40,
        "\ue000\U000f0000\U0010fffd",
    )
]
LINES = "one\n\ttwo\n\n" + HOSTILE[1] + "\n" + WIDE * 900


class Trader:
    """A poster and a worker who put one text everywhere that a text can stand."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.ann = board.person("ann")
        self.bob = board.person("bob")
        board.admit(self.ann)
        self.posts = 0

    def trade(self, text: str, lines: str) -> None:
        """An item that goes the whole way, one for a neighbour, stamps, links and notes."""
        line = text[:60] or "x"
        fields = {
            "title": (text or "x")[:200],
            "description": lines[:3000],
            "project": line,
            "tags": [line, f"{line}2", normalize("NFC", line.swapcase())[:60]],
            "repo": line,
            "done_when": [line, lines.replace("\n", " ").replace("\t", " ")[:500]],
            "needs": [line],
            "reward": line,
            "sandbox": {"scope": [line]},
        }
        body = POST | fields | {"under": self.board.journal.policy_id()}
        item = self.ann.say("wanted.post", body=body)
        self._done(item, line, lines)
        self._neighbour(self.ann.say("wanted.post", body=body), text or "x")
        self._words(item, line, lines)

    def _done(self, item: Entry, line: str, lines: str) -> None:
        self.ann.grant(item, self.bob.bid(item))
        first = self.bob.submit(item, summary=lines, evidence=[])
        self.ann.decide("work.reject", item, submission=first.record.id, reason=lines[:500])
        pieces = [
            {"kind": "text", "value": lines[:1000]},
            {"kind": "blob", "value": line, "sha256": "ab" * 32, "size": 2**53 - 1},
            {"kind": "patch", "value": lines[:1000], line.encode().hex()[:60]: [line, None, {}]},
        ]
        work = self.bob.submit(item, summary=lines, evidence=pieces)
        stamp: dict[str, Any] = {"message": lines[:500], "skills": [line], "confidence": 29}
        strange = {line.encode().hex()[:60] or "z": 1} | STAMP["dims"]
        self.ann.accept(item, work, **stamp, dims=strange)

    def _neighbour(self, item: Entry, name: str) -> None:
        long = (name * 255)[:255]
        self.ann.decide("claim.grant", item, **{"for": long}, term=1, lease_s=86_400)
        work = self.ann.submit(item, on_behalf=long)
        self.ann.decide("work.close", item, submission=work.record.id)

    def _words(self, item: Entry, line: str, lines: str) -> None:
        ann, bob = self.ann, self.bob
        ann.say("rig.update", scope="identity", body={"name": (line * 255)[:255], "bio": lines})
        ann.say("rig.link", scope="identity", body={"other": bob.account, "relation": "member"})
        about = item.record.id
        ann.say("note.add", about=about, body={"tag": "note", "text": lines[:1000]})
        bob.say("note.add", about=f"row:wanted/{line}"[:160], body={"tag": "note", "text": line})
        body = {"subject": ann.account, "context": {"type": "review"}, "stamp": STAMP}
        bob.say("stamp.give", body=body)


def written(board: Board, store: Store, *, bulk: bool) -> Journal:
    """The same records in another store; none of them made a write fail."""
    journal = Journal.open(store, wasteland=board.wasteland)
    envelopes = [Envelope(entry.record, entry.signature) for entry in board.said]
    for part in [envelopes] if bulk else [[one] for one in envelopes]:
        journal.record(part, now=board.now + HOUR, bulk=bulk)
    journal.flush()
    return journal


def rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every derived row; confidence in hundredths, as it is compared (records 7.3)."""
    found = {table.name: list(store.rows(table.name)) for table in DERIVED}
    for stamp in found["stamps"]:
        stamp["confidence"] = round(100 * stamp["confidence"])
    return found


@pytest.fixture(params=["doltlite", pytest.param("server", marks=pytest.mark.dolt)])
def stores(request, tmp_path) -> Iterator[Any]:
    """Opens one more empty store of a real backend; all are closed afterwards."""
    opened: list[Store] = []

    def another() -> Store:
        number = len(opened)
        if request.param == "doltlite":
            opened.append(open_doltlite(tmp_path / f"{number}.db", town="rust"))
        else:
            server = request.getfixturevalue("dolt")
            name = f"h{abs(hash(request.node.nodeid)):x}_{number}"
            opened.append(open_dolt_server(server.url(name), town="rust"))
        return opened[-1]

    yield another
    for store in opened:
        store.close()


@pytest.mark.parametrize("bulk", [True, False], ids=["bulk", "single"])
def test_hostile_texts_leave_the_same_rows_everywhere(stores, bulk):
    """Every text in every place, one after the other in one ledger, and found again."""
    board = Board()
    trader = Trader(board)
    for text in HOSTILE:
        trader.trade(text, f"{text}\n{LINES}")
    trader.trade(WIDE * 200, WIDE * 900)
    assert set(board.codes) == {"ok"}
    kept = written(board, stores(), bulk=bulk)
    assert rows(kept.store) == rows(board.journal.store)
    assert kept.store.find(BoardQuery(limit=200)) == board.journal.store.find(BoardQuery(limit=200))
    for text in HOSTILE:
        for query in (BoardQuery(project=text[:60]), BoardQuery(tag=text[:60])):
            assert kept.store.find(query) == board.journal.store.find(query)
            assert len(kept.store.find(query).items) >= 2


TEXTS = st.text(max_size=200).filter(lambda text: is_text(text, with_lines=False))
LONG = st.text(max_size=900).filter(lambda text: is_text(text, with_lines=True))


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=st.lists(st.tuples(TEXTS, LONG), min_size=1, max_size=3))
def test_texts_at_random_leave_the_same_rows_everywhere(stores, pairs):
    """The same for whatever text the canonical form allows."""
    board = Board()
    trader = Trader(board)
    for text, lines in pairs:
        trader.trade(text, lines)
    kept = written(board, stores(), bulk=True)
    assert rows(kept.store) == rows(board.journal.store)


@pytest.mark.parametrize("seed", range(8))
def test_random_histories_leave_the_same_rows_everywhere(stores, seed):
    """Forks, cuts, links, stamps, neighbours: the same rows, also made anew from wl_records."""
    crowd = Crowd(seed, join=("open", "invite")[seed % 2])
    board = crowd.board
    crowd.played(40)
    memory = written(board, MemoryStore(), bulk=True)
    kept = written(board, stores(), bulk=bool(seed % 3))
    assert rows(kept.store) == rows(memory.store)
    kept.store.clear_projections()
    assert rows(Journal.open(kept.store, wasteland=board.wasteland).store) == rows(memory.store)


def test_names_that_differ_in_case_alone_are_different_names(stores):
    """A neighbour called Ann is not the account that bears ann; nor is one tag the other."""
    board = Board()
    ann = Person(board, "ann")
    board.admit(ann)
    for name in ("Ann", "ANN", "ann", "\u0430nn"):
        item = ann.post()
        ann.decide("claim.grant", item, **{"for": name}, term=1, lease_s=86_400)
    kept = written(board, stores(), bulk=True)
    assert rows(kept.store) == rows(board.journal.store)
    names = {row["claimed_by"] for row in kept.store.rows("wanted")}
    assert names == {"Ann", "ANN", "for~ann", "\u0430nn"}
    for name in names:
        assert len(kept.store.find(BoardQuery(claimer=name)).items) == 1
