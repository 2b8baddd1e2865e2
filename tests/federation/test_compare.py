"""What a frontier leads to, against a plain account of who lacks what."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.compare import Comparison, Stretch, Verdict, compare
from federation.frontier import Nonces, decode_frontier, describe, encode_frontier
from federation.outline import Mark, Outline, Part, digest_of

NONCES = Nonces(b"a" * 16, b"b" * 16)
NAMES = [hashlib.sha256(bytes([at])).digest() for at in range(6)]
SEQS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 5), max_size=6)
SETS = st.tuples(SEQS, SEQS, SEQS, st.sets(st.sampled_from(NAMES)))


def record_id(part: Part, name: bytes, seq: int) -> bytes:
    """The one record at this place, the same on every side."""
    return hashlib.sha256(bytes([part, seq]) + name).digest()


def outline(held) -> Outline:
    """Chains and logs by their last seq, forks by theirs, pins."""
    chains, logs, forks, pins = held
    parts = (
        {name: Mark(seq, record_id(Part.CHAINS, name, seq)) for name, seq in chains.items()},
        {name: Mark(seq, record_id(Part.LOGS, name, seq)) for name, seq in logs.items()},
        {name: Mark(seq) for name, seq in forks.items()},
        {name: Mark(0) for name in pins},
    )
    digests = tuple(digest_of(part, marks) for part, marks in zip(Part, parts, strict=True))
    root = hashlib.sha256(repr([sorted(part.items()) for part in parts]).encode()).digest()
    return Outline(root=root, parts=parts, digests=digests, keys={})


def answered(theirs: Outline, ours: Outline, base: Outline | None = None, **said) -> tuple:
    """The comparison, and the names behind the places of their frontier."""
    spoken = describe(theirs, NONCES, base=base, **said)
    read = decode_frontier(encode_frontier(spoken.said))
    found = compare(read, ours, base=base, slot=record_id)
    return found, spoken.names


def wished(found: Comparison, names, part: Part) -> dict[bytes, int]:
    """What is asked for of a part: the name, and from which seq on."""
    return {names[part][wish.place]: wish.first for wish in found.wishes[part]}


def exact(theirs, ours, found: Comparison, names) -> None:
    """Each side's lack, part by part, is what the plain account says."""
    (chains, logs, forks, pins), (chains2, logs2, forks2, pins2) = theirs, ours
    behind = {n: chains2.get(n, -1) + 1 for n, seq in chains.items() if chains2.get(n, -1) < seq}
    assert wished(found, names, Part.CHAINS) == behind
    assert sorted(found.stretches) == sorted(
        Stretch(n, chains.get(n, -1) + 1, seq)
        for n, seq in chains2.items()
        if chains.get(n, -1) < seq
    )
    assert set(wished(found, names, Part.LOGS)) == {
        n for n, seq in logs.items() if logs2.get(n, -1) < seq
    }
    assert set(found.logs) == {n for n, seq in logs2.items() if logs.get(n, -1) < seq}
    assert set(wished(found, names, Part.FORKS)) == {
        n for n, seq in forks.items() if forks2.get(n, 9) > seq
    }
    assert set(found.forks) == {n for n, seq in forks2.items() if forks.get(n, 9) > seq}
    assert set(wished(found, names, Part.PINS)) == pins - pins2
    assert set(found.pins) == pins2 - pins


@given(SETS, SETS)
def test_each_side_learns_exactly_what_it_lacks(theirs, ours):
    """Chains from where they end, logs whole, the lower fork, the pins; nothing twice."""
    found, names = answered(outline(theirs), outline(ours))
    if theirs == ours:
        assert found.verdict is Verdict.EQUAL
        return
    assert found.verdict is Verdict.ANSWERED
    exact(theirs, ours, found, names)


@given(SETS, SETS, SETS)
def test_a_frontier_that_says_only_what_changed_leads_to_the_same(base, more, others):
    """A delta on what both acknowledged: the same lacks, whatever was listed."""
    theirs, ours = grown(base, more), grown(base, others)
    found, names = answered(outline(theirs), outline(ours), outline(base))
    if theirs == ours:
        assert found.verdict is Verdict.EQUAL
        return
    assert found.verdict is Verdict.ANSWERED
    exact(theirs, ours, found, names)


def grown(base, more) -> tuple:
    """A later state of the base: chains and logs longer, forks lower, pins more."""
    chains, logs = (
        {n: max(old.get(n, -1), new.get(n, -1)) for n in {*old, *new}}
        for old, new in zip(base[:2], more[:2], strict=True)
    )
    forks = {n: min(base[2].get(n, 9), more[2].get(n, 9)) for n in {*base[2], *more[2]}}
    return chains, logs, forks, base[3] | more[3]


@given(SETS, SETS, SETS)
def test_a_delta_is_answered_right_or_asked_for_in_full(theirs, ours, base):
    """Whatever either side lost since the base: nobody is sent or asked for the wrong things."""
    found, names = answered(outline(theirs), outline(ours), outline(base))
    if found.verdict is Verdict.ANSWERED:
        exact(theirs, ours, found, names)
    elif found.verdict is Verdict.FULL:
        assert grown(base, ours) != ours  # we hold less than what both acknowledged
    else:
        assert theirs == ours


ONE = [{}, {NAMES[0]: 0}, {NAMES[0]: 1}, {NAMES[0]: 2}]
PLACES = [
    *(({**held}, {}, {}, set()) for held in ONE),
    *(({}, {**held}, {}, set()) for held in ONE[1:]),
    *(({}, {}, {**held}, set()) for held in ONE[1:]),
    ({}, {}, {}, {NAMES[0]}),
]


@pytest.mark.parametrize("base", [None, *PLACES])
def test_each_way_to_differ_in_one_name_is_told_right(base):
    """Every part, with nothing, less, as much or more on either side, and each of it as a base."""
    known = None if base is None else outline(base)
    for theirs, ours in itertools.product(PLACES, repeat=2):
        found, names = answered(outline(theirs), outline(ours), known)
        if found.verdict is Verdict.ANSWERED:
            exact(theirs, ours, found, names)
        elif found.verdict is Verdict.FULL:
            assert base is not None
            assert grown(base, ours) != ours
        else:
            assert theirs == ours


def test_whoever_holds_less_than_the_base_asks_for_all_of_it():
    """A restored town is not told in deltas; nor is one that never held the base."""
    base, nothing = outline(({NAMES[0]: 3}, {}, {}, set())), outline(({}, {}, {}, set()))
    later = outline(({NAMES[0]: 3, NAMES[1]: 0}, {}, {}, set()))
    assert answered(later, nothing, base)[0].verdict is Verdict.FULL
    read = decode_frontier(encode_frontier(describe(later, NONCES, base=base).said))
    assert compare(read, nothing, base=None, slot=record_id).verdict is Verdict.FULL


def test_a_part_that_was_called_equal_and_is_not_is_asked_for_in_full():
    """Their part is not what ours was when they heard of it."""
    theirs, ours = outline(({NAMES[0]: 1}, {}, {}, set())), outline(({NAMES[0]: 2}, {}, {}, set()))
    found, _ = answered(theirs, ours, known=theirs.digests)
    assert found.verdict is Verdict.FULL


def test_names_of_ours_that_share_a_prefix_ask_for_longer_ones():
    """300 names under one byte each: no guess is made which of them was meant."""
    many = {hashlib.sha256(bytes([1, at % 256, at // 256])).digest(): 0 for at in range(300)}
    theirs = outline(({NAMES[0]: 1}, {}, {}, set()))
    found, _ = answered(theirs, outline((many, {}, {}, set())), prefix_bytes=1)
    assert found.verdict is Verdict.LONGER


def test_chains_that_parted_are_neither_asked_for_nor_sent():
    """Heads that differ at the lower seq: layer 2 finds the parting, and nobody sends in vain."""
    ours = outline(({NAMES[0]: 4}, {}, {}, set()))
    other = {NAMES[0]: Mark(2, b"\x07" * 32)}
    theirs = Outline(
        root=bytes(32),
        parts=(other, {}, {}, {}),
        digests=(digest_of(Part.CHAINS, other), *ours.digests[1:]),
        keys={},
    )
    found, _ = answered(theirs, ours)
    assert (found.verdict, found.stretches, found.wishes[0]) == (Verdict.ANSWERED, [], [])
