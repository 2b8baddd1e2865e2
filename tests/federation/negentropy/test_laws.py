"""What holds for any two sets, any parameters, any frame limit, any index."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from federation.negentropy import (
    Bucket,
    BucketIndex,
    BucketWrite,
    Initiator,
    Limits,
    ReconcileError,
    Responder,
    SortedIndex,
    bucketed,
    item_key,
)
from federation.negentropy.codec import EMPTY_FINGERPRINT, INFINITY, Draft, decode_message
from tests.federation.negentropy.exchange import exchange, indexed_ids, numbered_keys
from tests.seeds import tries

FEW_IDS = [bytes([tail]).rjust(32, bytes([head])) for head in (0, 7, 255) for tail in (0, 1, 255)]
IDS = st.one_of(st.sampled_from(FEW_IDS), st.binary(min_size=32, max_size=32))
TIMESTAMPS = st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 2))
KEYS = st.builds(item_key, TIMESTAMPS, IDS)
MANY = numbered_keys("law", 3000, step=3)
ENDLESS = Limits(rounds=2000)


class Shelf:
    """A store of leaves, as a ledger would keep them: the index asks it, and it writes."""

    def __init__(self, keys: list[bytes], *, items: int) -> None:
        self.leaves: dict[int, bytes] = {}
        self.held: dict[int, Bucket] = {}
        self.items = items
        self.put(bucketed(sorted(keys), items=items))
        self.index = self.opened()

    def put(self, writes) -> None:
        """The writes an index asked for are done."""
        write: BucketWrite
        for write in writes:
            number = write.bucket.number
            self.leaves.pop(number, None)
            self.held.pop(number, None)
            if write.bucket.size:
                self.leaves[number] = write.leaf
                self.held[number] = write.bucket

    def opened(self) -> BucketIndex:
        """A new index over what is stored."""
        return BucketIndex(self.held.values(), self.leaves.__getitem__, items=self.items)


@st.composite
def two_sets(draw):
    """Two sets with much or little in common, once each id."""
    common = set(draw(st.sampled_from([[], MANY[:40], MANY[:700], MANY])))
    strange = {key[8:]: key for key in draw(st.lists(KEYS, max_size=60))}
    known = {key[8:] for key in MANY}
    extra = [key for identifier, key in strange.items() if identifier not in known]
    marks = draw(st.lists(st.sampled_from("cs"), min_size=len(extra), max_size=len(extra)))
    gaps = draw(st.lists(st.integers(0, len(MANY) - 1), max_size=60))
    client = common | {key for key, mark in zip(extra, marks, strict=True) if mark == "c"}
    server = common | {key for key, mark in zip(extra, marks, strict=True) if mark == "s"}
    client -= {MANY[gap] for gap in gaps[::2]}
    server -= {MANY[gap] for gap in gaps[1::2]}
    return draw(st.sampled_from([(client, server), (client, set()), (set(), server)]))


@st.composite
def manners(draw):
    """How one side splits and how much it says at once."""
    return {
        "split": draw(st.integers(2, 40)),
        "leaf": draw(st.integers(2, 60)),
        "frame_limit": draw(st.sampled_from([0, 4096, 5000, 60_000])),
        "limits": ENDLESS,
    }


@settings(max_examples=tries(120, fast=12), deadline=None)
@given(two_sets(), manners(), manners(), st.integers(0, 3100))
def test_any_session_finds_exactly_the_symmetric_difference(sets, asking, answering, shift):
    """Whatever the sets, the parameters and the frames, nothing is missed and nothing made up."""
    client, server = (SortedIndex(keys) for keys in sets)

    outcome = exchange(Initiator(client, **asking), Responder(server, **answering), shift=shift)

    assert outcome.have == indexed_ids(client) - indexed_ids(server)
    assert outcome.need == indexed_ids(server) - indexed_ids(client)


@settings(max_examples=tries(60, fast=8), deadline=None)
@given(two_sets(), manners(), manners())
def test_no_message_is_longer_than_its_frame_and_all_bounds_ascend(sets, asking, answering):
    """A frame limit holds to the byte, and our own strict reader takes all we write."""
    client, server = (SortedIndex(keys) for keys in sets)

    messages = exchange(Initiator(client, **asking), Responder(server, **answering)).messages

    for message, manner in zip(messages, (asking, answering) * len(messages), strict=False):
        assert len(message) <= (manner["frame_limit"] or len(message))
        decode_message(message)


@settings(max_examples=tries(80, fast=6), deadline=None)
@given(st.data())
def test_a_bucket_index_answers_as_a_sorted_list_after_any_changes(data):
    """Sums, items, positions and ids agree with the plain index, and so they do after a restart."""
    pool = [*MANY[:300], *data.draw(st.lists(KEYS, max_size=20))]
    start = set(data.draw(st.sampled_from([[], MANY[:1], MANY[:90:2], MANY[:300:3]])))
    shelf = Shelf(sorted(start), items=data.draw(st.integers(1, 24)))

    for _ in range(data.draw(st.integers(1, 4))):
        added = set(data.draw(st.lists(st.sampled_from(pool), max_size=80)))
        removed = set(data.draw(st.lists(st.sampled_from(pool), max_size=80)))
        shelf.put(shelf.index.add(added))
        shelf.put(shelf.index.remove(removed))
        start = (start | added) - removed
        for index in (shelf.index, shelf.opened()):
            assert_same_answers(index, SortedIndex(start), data)
        assert all(bucket.size <= 2 * shelf.items for bucket in shelf.index.buckets())
        assert shelf.index.buckets() == shelf.opened().buckets()


def test_a_store_that_lost_a_write_is_found_out():
    """A leaf of another length than the index was told is never summed."""
    shelf = Shelf(MANY[:50], items=20)
    shelf.index.add(MANY[50:60])  # and the store forgets to write

    with pytest.raises(LookupError, match="bucket 2"):
        shelf.index.item(45)
    assert shelf.opened().size() == 50


def test_what_is_no_key_and_no_position_is_our_callers_mistake():
    """A bucket index takes whole keys and answers positions it has."""
    shelf = Shelf(MANY[:50], items=20)

    with pytest.raises(ValueError, match="40"):
        shelf.index.add([MANY[50][:39]])
    for position in (-1, 50):
        with pytest.raises(IndexError):
            shelf.index.item(position)


def assert_same_answers(index, plain, data):
    """Both indexes give the same answers to all questions of the port."""
    size = plain.size()
    assert index.size() == size
    lower = data.draw(st.integers(0, size))
    span = range(lower, data.draw(st.integers(lower, size)))
    assert index.total(span) == plain.total(span)
    assert list(index.ids(span)) == list(plain.ids(span))
    assert [index.item(at) for at in span] == [plain.item(at) for at in span]
    bounds = [INFINITY, bytes(8), data.draw(KEYS), data.draw(KEYS)[:10]]
    for bound in bounds + [plain.item(at)[: 8 + at % 33] for at in span]:
        assert index.lower_bound(bound) == plain.lower_bound(bound)


@settings(max_examples=tries(300, fast=40), deadline=None)
@given(st.binary(max_size=200))
@example(b"\x00\x00\x01" + bytes(16))
def test_a_message_that_is_read_is_the_only_spelling_of_its_ranges(body):
    """Any bytes are refused with the typed error, or are exactly what we would write."""
    message = b"\x61" + body
    try:
        ranges = decode_message(message)
    except ReconcileError:
        return  # nothing else may escape
    draft = Draft()
    for upper, payload in ranges:
        if payload is None:
            draft.pass_over(upper)
            draft.write_skip()
        elif isinstance(payload, bytes):
            draft.write_fingerprint(upper, payload)
        else:
            draft.write_ids(upper, payload)
    assert draft.message() == message


def test_an_empty_side_is_not_taken_for_equal_when_the_split_does_not_fit():
    """A full message whose rest the peer holds nothing of must not look like agreement.

    The reference programs close with a fingerprint that leaves out the range that did not fit; a
    peer that holds nothing there and the same after it would take that for equality.
    """
    shared, tail = SortedIndex(MANY[:115]), SortedIndex(MANY[115:1000])
    server = Responder(SortedIndex(MANY[:1000]), frame_limit=4096)
    client = Initiator(shared)
    client.initiate()
    asked = Draft()  # the list nearly fills the answer, the parts of the tail do not fit after it
    asked.write_ids(MANY[115][:8], list(shared.ids(range(115))))
    asked.write_fingerprint(INFINITY, EMPTY_FINGERPRINT)

    need = set()
    question: bytes | None = asked.message()
    while question is not None:
        question, _, found = client.received(server.received(question))
        need.update(found)

    assert need == indexed_ids(tail)
