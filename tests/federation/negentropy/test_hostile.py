"""What a hostile or broken peer may send, numbered as in the threat model (federation 6.1)."""

import tracemalloc
from contextlib import suppress

import pytest

from federation.negentropy import (
    DEFAULT_LIMITS,
    Initiator,
    Limits,
    Reason,
    ReconcileError,
    Responder,
    SortedIndex,
    item_key,
)
from federation.negentropy.codec import (
    INFINITY,
    LIST_IDS_MAX,
    MESSAGE_BYTES_MAX,
    ROUNDS_MAX,
    Draft,
    decode_message,
    encode_varint,
)
from tests.federation.negentropy.exchange import (
    case_names,
    exchange,
    indexed_ids,
    load,
    numbered_keys,
)

KEYS = numbered_keys("hostile", 400, step=2)
NOISE = b"\xee" * 16


def refusal(message: bytes, limits: Limits | None = None) -> Reason:
    """The reason for which both sides refuse a message."""
    limits = limits or DEFAULT_LIMITS
    initiator = Initiator(SortedIndex(KEYS), limits=limits)
    initiator.initiate()
    with pytest.raises(ReconcileError) as client:
        initiator.received(message)
    with pytest.raises(ReconcileError) as server:
        Responder(SortedIndex(KEYS), limits=limits).received(message)
    assert client.value.reason is server.value.reason
    return client.value.reason


def bounded(*bounds: bytes) -> bytes:
    """A message of skips with these bounds, spelled by hand so that they may descend."""
    message, timestamp = b"\x61", 0
    for bound in bounds:
        moment = int.from_bytes(bound[:8], "big")
        step = b"\0" if bound == INFINITY else encode_varint(moment - timestamp + 1)
        message += step + bytes([len(bound) - 8]) + bound[8:] + b"\0"
        timestamp = timestamp if bound == INFINITY else moment
    return message


AT_5, AT_5_HIGH, AT_6 = (5).to_bytes(8, "big"), (5).to_bytes(8, "big") + b"\xff", bytes(7) + b"\6"


@pytest.mark.parametrize(
    "bounds",
    [
        (AT_5_HIGH, AT_5),
        (AT_5_HIGH, AT_5 + b"\xfe\xff"),
        (AT_5, AT_5),
        (AT_5, AT_5 + b"\0"),  # the zeros left out of a prefix make these one bound
        (bytes(8),),  # a first range that ends where it begins
        (INFINITY, AT_6),
        (INFINITY, INFINITY),
    ],
)
def test_h29_overlapping_or_descending_bounds_are_refused(bounds):
    """Each range begins where the one before ended, so a bound that does not rise overlaps."""
    assert refusal(bounded(*bounds)) is Reason.BOUND
    assert decode_message(bounded(AT_5, AT_5_HIGH, AT_6, INFINITY))


def test_h30_a_fingerprint_ping_pong_ends_at_the_limit_of_rounds():
    """A peer that answers all with one fingerprint of everything is heard so often, no more."""
    initiator = Initiator(SortedIndex(KEYS))
    pong = b"\x61\0\0\1" + NOISE
    initiator.initiate()

    for _ in range(ROUNDS_MAX):
        assert initiator.received(pong).message is not None
    with pytest.raises(ReconcileError) as ended:
        initiator.received(pong)

    assert ended.value.reason is Reason.ROUNDS
    assert ended.value.code == "peer.reconcile"


def test_h30_we_never_answer_a_range_with_one_fingerprint_of_it():
    """Whatever the room, an answer to a range that differs names ids or at least two parts."""
    question = b"\x61\0\0\1" + NOISE
    for split, leaf in ((2, 2), (16, 32), (8, 16), (60, 2), (2, 110)):
        for frame_limit in (0, 4096):
            responder = Responder(
                SortedIndex(KEYS), split=split, leaf=leaf, frame_limit=frame_limit
            )
            ranges = decode_message(responder.received(question))
            assert len(ranges) >= 2 or isinstance(ranges[0].payload, list)


def test_h31_a_list_with_a_million_ids_is_refused_before_it_is_unpacked():
    """The announced count meets a limit first, and nothing is allocated by it."""
    truly = (numbered + b"\0" * 28 for numbered in map(_four_bytes, range(LIST_IDS_MAX + 1)))
    too_many = b"\x61\0\0\2" + encode_varint(LIST_IDS_MAX + 1) + b"".join(truly)
    tracemalloc.start()
    try:
        assert refusal(too_many) is Reason.IDS
        assert refusal(b"\x61\0\0\2" + encode_varint(1_000_000)) is Reason.IDS
        assert refusal(b"\x61\0\0\2" + encode_varint(2**62)) is Reason.IDS
        assert refusal(b"\x61\0\0\2" + encode_varint(LIST_IDS_MAX)) is Reason.TRUNCATED
        assert refusal(b"\x61" + bytes(MESSAGE_BYTES_MAX)) is Reason.MESSAGE
        assert tracemalloc.get_traced_memory()[1] < 3 * MESSAGE_BYTES_MAX
    finally:
        tracemalloc.stop()


def test_h31_a_list_that_repeats_an_id_is_refused():
    """A list is a set."""
    assert refusal(b"\x61\0\0\2\3" + KEYS[0][8:] + KEYS[1][8:] + KEYS[0][8:]) is Reason.DUPLICATE


def test_h31_more_ranges_than_the_limit_are_refused():
    """Ranges cost little on the wire, so they are counted."""
    message = bounded(*(moment.to_bytes(8, "big") for moment in range(1, 102)))

    assert refusal(message, Limits(message_ranges=100)) is Reason.RANGES
    assert len(decode_message(message, Limits(message_ranges=101))) == 101


def test_h31_our_own_lists_and_messages_keep_the_limits_we_set_others():
    """A set far larger than a list and a message reaches an empty peer within the limits."""
    limits = Limits(message_bytes=6000, list_ids=16, message_ranges=14, rounds=100)
    manner = {"split": 8, "leaf": 16, "limits": limits}
    full, empty = SortedIndex(KEYS), SortedIndex([])
    other = SortedIndex(key for place, key in enumerate(KEYS) if place % 5)

    pulled = exchange(Initiator(empty, **manner), Responder(full, **manner))
    pushed = exchange(Initiator(full, **manner), Responder(empty, **manner))
    merged = exchange(Initiator(full, **manner), Responder(other, **manner))

    assert pulled.need == pushed.have == indexed_ids(full)
    assert merged.have == indexed_ids(full) - indexed_ids(other)
    for message in pulled.messages + pushed.messages + merged.messages:
        decode_message(message, limits)


def test_h31_a_list_that_just_fills_its_frame_is_followed_by_nothing():
    """After a list that reaches infinity there is no rest to close with."""
    for count in range(110, 130):  # 122 ids are the last that fit a frame of 4096
        full = SortedIndex(KEYS[:count])
        responder = Responder(full, frame_limit=4096)

        ranges = decode_message(responder.received(b"\x61\0\0\2\0"))

        assert [upper for upper, _ in ranges].count(INFINITY) == 1
        assert exchange(Initiator(SortedIndex([])), responder).need == indexed_ids(full)


class ToyIndex(SortedIndex):
    """An index whose sums keep only 8 bits, so that colliding sets are easily made."""

    def total(self, span: range) -> int:
        """The sum of the ids at these positions, mod 256."""
        return super().total(span) % 256


def test_h34_sets_made_to_collide_are_found_by_an_audit_with_shifted_bounds():
    """Equal sums hide a difference from the usual parts, not from parts cut elsewhere.

    With 8-bit sums a pair of ids is exchanged for a pair of the same sum inside one part: the
    session sees agreement. An audit that cuts between the two finds all four ids.
    """
    common = [item_key(number, bytes([number]) * 32) for number in range(0, 160, 2)]
    ours = [item_key(41, b"\x10" + bytes(31)), item_key(47, b"\x20" + bytes(31))]
    theirs = [item_key(41, b"\x11" + bytes(31)), item_key(47, b"\x1f" + bytes(31))]
    here, there = ToyIndex(common + ours), ToyIndex(common + theirs)
    different = ({key[8:] for key in ours}, {key[8:] for key in theirs})

    usual = exchange(Initiator(here, split=4, leaf=8), Responder(there, split=4, leaf=8))
    audits = [
        exchange(Initiator(here, split=4, leaf=8), Responder(there, split=4, leaf=8), shift=shift)
        for shift in range(1, here.size())
    ]

    assert not usual.have
    assert not usual.need
    found = [audit for audit in audits if (audit.have, audit.need) == different]
    cut = here.lower_bound((44).to_bytes(8, "big"))
    assert audits[cut - 1] in found  # a bound between the two always tells them apart
    true_sums = SortedIndex(common + ours), SortedIndex(common + theirs)
    outcome = exchange(Initiator(true_sums[0]), Responder(true_sums[1]))
    assert (outcome.have, outcome.need) == different


def test_h35_a_set_that_changes_during_the_session_costs_rounds_and_no_more():
    """Each answer is true of the set it was made from; the session ends; the next one is exact."""
    ours = SortedIndex(KEYS[:300])
    initiator = Initiator(ours)
    asked, rounds, seen = initiator.initiate(), 0, set()
    while asked is not None and rounds < ROUNDS_MAX:
        theirs = SortedIndex(KEYS[rounds * 7 :: 1 + rounds % 3])
        seen |= indexed_ids(theirs)
        asked, have, need = initiator.received(Responder(theirs).received(asked))
        assert set(have) <= indexed_ids(ours)
        assert set(need) <= seen - indexed_ids(ours)
        rounds += 1

    settled = exchange(Initiator(ours), Responder(theirs))

    assert settled.have == indexed_ids(ours) - indexed_ids(theirs)
    assert settled.need == indexed_ids(theirs) - indexed_ids(ours)


@pytest.mark.parametrize("version", [b"\x60", b"\x62", b"\xff"])
def test_h39_another_version_is_answered_by_ours_and_its_body_is_not_read(version):
    """A server names the version it speaks; a client has nobody to tell and stops."""
    initiator = Initiator(SortedIndex(KEYS))
    initiator.initiate()

    for body in (b"", b"\0\0\1" + NOISE, b"\xff" * 40):
        assert Responder(SortedIndex(KEYS)).received(version + body) == b"\x61"
        with pytest.raises(ReconcileError) as refused:
            initiator.received(version + body)
        assert refused.value.reason is Reason.VERSION


def test_h40_a_message_cut_anywhere_is_refused_or_ends_with_a_whole_range():
    """A cut inside a varint, a prefix, a fingerprint or an id is seen as such."""
    case = load("cases/n100-equal-ts")
    message = bytes.fromhex(case["messages"][0]["hex"])
    whole = Draft()
    ends = {1}
    for upper, payload in decode_message(message):
        assert isinstance(payload, bytes)
        whole.write_fingerprint(upper, payload)
        ends.add(whole.size)

    for length in range(len(message)):
        if length in ends:
            decode_message(message[:length])
        else:
            assert refusal(message[:length]) is Reason.TRUNCATED
    assert len(ends) > 10
    assert refusal(b"\x61\x81\x80") is Reason.TRUNCATED
    assert refusal(b"\x61" + b"\x81" * 10) is Reason.TRUNCATED
    assert refusal(b"\x61" + b"\x81" * 11) is Reason.VARINT


def test_h40_no_flipped_byte_escapes_as_another_error():
    """Every recorded first message with one byte changed is heard or refused, nothing else."""
    for name in case_names()[::6]:
        message = bytearray.fromhex(load(f"cases/{name}")["messages"][0]["hex"])
        for place in range(0, len(message), 1 + len(message) // 60):
            broken = bytes(message[:place]) + bytes([message[place] ^ 0x81])
            with suppress(ReconcileError):
                Responder(SortedIndex(KEYS)).received(broken + message[place + 1 :])


@pytest.mark.parametrize(
    "manner",
    [
        {"split": 1},
        {"leaf": 1},
        {"frame_limit": 4095},
        {"frame_limit": 4096, "split": 200},
        {"leaf": LIST_IDS_MAX + 1},
        {"limits": Limits(message_ranges=18)},
    ],
)
def test_parameters_that_could_not_make_progress_are_our_callers_mistake(manner):
    """What cannot hold the answer to one range, or cannot narrow it, is refused at once."""
    with pytest.raises(ValueError, match=r"split|frame"):
        Responder(SortedIndex(KEYS), **manner)


def test_a_key_that_is_no_item_is_our_callers_mistake():
    """The reserved timestamp, a short id and a repeated item never enter an index."""
    with pytest.raises(ValueError, match="timestamp"):
        item_key(2**64 - 1, bytes(32))
    with pytest.raises(ValueError, match="id"):
        item_key(0, bytes(31))
    with pytest.raises(ValueError, match="twice"):
        SortedIndex([KEYS[0], KEYS[0]])
    with pytest.raises(ValueError, match="40"):
        SortedIndex([KEYS[0][:39]])


def _four_bytes(number: int) -> bytes:
    return number.to_bytes(4, "big")
