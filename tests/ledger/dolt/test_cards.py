"""Bodies of subjects as short text: what is read is what was spelled."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.dolt.cards import read, spell

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


def test_an_open_item_takes_little():
    """Its own id and the words of every open item are not written again."""
    card = {
        "item": ITEM,
        "short": "w-" + ITEM[:40],
        "poster": POSTER,
        "home": [POSTER, "did:key:z6Mk" + "x" * 44],
        "stop": "",
        "assign": "first",
        **{name: [] for name in ("asks", "held", "handed_in")},
        "sent_back": False,
        "check": False,
        "notes": 0,
        "questions": [],
        "instructions": 0,
        "given": [],
    }
    body: Any = card, [], [], [("wanted", "w-" + ITEM[:40])]
    assert len(spell(ITEM, body)) < 120
    assert read(ITEM, spell(ITEM, body)) == body
