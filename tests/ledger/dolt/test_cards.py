"""Bodies of subjects as short text: what is read is what was spelled."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.dolt.cards import read, spell
from ledger.fold import fold_post
from tests.ledger.people import Board

ITEM = "ab" * 32
POSTER = "cd" * 32
texts = st.text(max_size=30) | st.sampled_from([ITEM, POSTER, ITEM[:40], '"poster":"', "\x01\x0e"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
bodies = st.tuples(
    st.dictionaries(texts, values, max_size=5)
    | st.fixed_dictionaries({"item": st.just(ITEM), "poster": texts, "home": values}),
    st.lists(texts, max_size=3),
    st.lists(texts, max_size=3),
    st.lists(st.tuples(texts, texts), max_size=3),
)


@given(st.sampled_from([ITEM, "link:a:b"]), bodies)
def test_what_is_spelled_reads_back(subject, body):
    """Whatever a card says, ids, quotes and control characters included."""
    assert read(subject, spell(subject, body)) == body


def body_of(board: Board, item: str) -> Any:
    """The body of an item's subject as the fold makes it today."""
    subject = fold_post(board.journal.state, board.journal.state.record(item)).subject
    keys = [(row.table, row.key) for row in subject.rows]
    return dict(subject.card), list(subject.waits), list(subject.pins), keys


def test_an_open_item_takes_little():
    """Its own id and the words of every open item are not written again.

    It fails when cards change: then the new words get marks of their own.
    """
    board = Board()
    item = board.person("ann").post().record.id
    body = body_of(board, item)
    assert len(spell(item, body)) < 120
    assert read(item, spell(item, body)) == body


def test_an_item_that_was_asked_for_takes_little_more():
    """Who asks and how long the request holds, and no words beside."""
    board = Board()
    ann, bob = board.person("ann"), board.person("bob")
    post = ann.post()
    bob.bid(post)
    body = body_of(board, post.record.id)
    assert len(spell(post.record.id, body)) < 120 + 160
    assert read(post.record.id, spell(post.record.id, body)) == body


def test_what_was_written_with_the_words_of_before_is_read():
    """A file keeps them."""
    written = "\x0f" + POSTER + "\x10" + "x" * 44 + "\x0e"
    card, waits, pins, keys = read(ITEM, written)
    assert (card["item"], card["home"]) == (ITEM, [POSTER, "did:key:z6Mk" + "x" * 44])
    assert "answered" not in card
    assert (waits, pins, keys) == ([], [], [("wanted", "w-" + ITEM[:40])])
