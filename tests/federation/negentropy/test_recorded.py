"""What the reference programs sent, and what we send in their place."""

from hashlib import sha256

import pytest

from federation.negentropy import (
    SCATTER_LEAF,
    SCATTER_SPLIT,
    BucketIndex,
    Initiator,
    Reason,
    ReconcileError,
    Responder,
    SortedIndex,
    bucketed,
    item_key,
)
from federation.negentropy.codec import Reader, encode_varint, fingerprint, sum_of
from tests.federation.negentropy.exchange import (
    SAME_ID_TWICE,
    case_names,
    exchange,
    ids_digest,
    listed_keys,
    load,
    side_keys,
)

PRIMITIVES = load("primitives")
MALFORMED = load("malformed")


@pytest.mark.parametrize("name", case_names())
def test_our_client_sends_what_the_reference_client_sent(name):
    """Given the recorded answers, every message of ours has the recorded bytes."""
    case = load(f"cases/{name}")
    keys = side_keys(case, "client")
    initiator = Initiator(SortedIndex(keys), frame_limit=case["client_frame_size_limit"])
    said = [m["hex"] for m in case["messages"] if m["sender"] == "client"]
    answers = [bytes.fromhex(m["hex"]) for m in case["messages"] if m["sender"] == "server"]

    ours, have, need = [initiator.initiate().hex()], set(), set()
    for answer in answers:
        step = initiator.received(answer)
        have.update(step.have)
        need.update(step.need)
        if step.message is not None:
            ours.append(step.message.hex())

    assert ours == said
    assert (len(have), ids_digest(have)) == (case["have_count"], case["have_digest"])
    assert (len(need), ids_digest(need)) == (case["need_count"], case["need_digest"])


@pytest.mark.parametrize("name", case_names())
def test_our_server_answers_what_the_reference_server_answered(name):
    """Each recorded question alone, in any order, gets the recorded bytes from a bucket index."""
    case = load(f"cases/{name}")
    writes = list(bucketed(side_keys(case, "server"), items=48))
    leaves = {write.bucket.number: write.leaf for write in writes}
    index = BucketIndex([write.bucket for write in writes], leaves.__getitem__, items=48)
    responder = Responder(index, frame_limit=case["server_frame_size_limit"])
    messages = [bytes.fromhex(m["hex"]) for m in case["messages"]]

    pairs = list(zip(messages[::2], messages[1::2], strict=True))

    for asked, answered in reversed(pairs):
        assert responder.received(asked).hex() == answered.hex()


@pytest.mark.parametrize("name", case_names())
def test_other_parameters_reach_the_same_difference(name):
    """Split 8 and leaf 16 find what the reference parameters found."""
    case = load(f"cases/{name}")
    client = Initiator(
        SortedIndex(side_keys(case, "client")), split=SCATTER_SPLIT, leaf=SCATTER_LEAF
    )
    server = Responder(
        SortedIndex(side_keys(case, "server")), split=SCATTER_SPLIT, leaf=SCATTER_LEAF
    )

    outcome = exchange(client, server)

    assert ids_digest(outcome.have) == case["have_digest"]
    assert ids_digest(outcome.need) == case["need_digest"]


def test_one_id_under_two_timestamps_is_refused_in_a_list():
    """A list is a set: the recorded exchange that repeats an id is refused by both sides."""
    case = load(f"cases/{SAME_ID_TWICE}")
    asked, answered = (bytes.fromhex(m["hex"]) for m in case["messages"])
    initiator = Initiator(SortedIndex(side_keys(case, "client")))
    assert initiator.initiate() == asked

    with pytest.raises(ReconcileError) as client:
        initiator.received(answered)
    with pytest.raises(ReconcileError) as server:
        Responder(SortedIndex(side_keys(case, "server"))).received(asked)

    assert client.value.reason is server.value.reason is Reason.DUPLICATE


@pytest.mark.parametrize("recorded", PRIMITIVES["varints"], ids=lambda r: r["value"])
def test_varints_are_written_and_read_as_recorded(recorded):
    """A value has one spelling, both ways."""
    spelling = bytes.fromhex(recorded["hex"])
    reader = Reader(spelling)

    assert encode_varint(int(recorded["value"])) == spelling
    assert reader.varint() == int(recorded["value"])
    assert reader.remaining == 0


@pytest.mark.parametrize("recorded", PRIMITIVES["fingerprints"], ids=lambda r: r["hex"])
def test_fingerprints_are_as_recorded(recorded):
    """The fingerprint of a set is the recorded one."""
    keys = (
        listed_keys(recorded["items"])
        if "items" in recorded
        else [item_key(i, sha256(f"fp:{i}".encode()).digest()) for i in range(recorded["count"])]
    )
    index = SortedIndex(keys)
    every = range(index.size())

    assert index.total(every) == sum_of(index.ids(every))
    assert fingerprint(index.total(every), len(every)).hex() == recorded["hex"]


@pytest.mark.parametrize(
    "recorded", MALFORMED["messages"], ids=lambda r: f"{r['name']}-{r['role']}"
)
def test_every_malformed_message_meets_its_verdict(recorded):
    """What may be refused is refused; another version is answered; the rest is heard."""
    index = SortedIndex(listed_keys(MALFORMED["receiver_items"]))
    verdict, message = recorded["verdict"], bytes.fromhex(recorded["hex"])
    initiator = Initiator(index)
    initiator.initiate()
    side = Responder(index) if recorded["role"] == "server" else initiator

    if verdict.startswith("reply 61"):
        assert side.received(message) == b"\x61"
    elif verdict == "accept":
        assert side.received(message) in (b"\x61", (None, [], []))
    else:
        assert verdict in {"reject", "reject or accept"}
        with pytest.raises(ReconcileError) as refused:
            side.received(message)
        assert refused.value.code == "peer.reconcile"
        assert initiator.received(b"\x61").message is None  # the session is as it was
