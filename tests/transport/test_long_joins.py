"""A join of thousands of records between real nodes: its bar, and a line that breaks."""

import re
from collections.abc import AsyncIterator

import pytest

from federation.letters import What
from federation.peers import Peer
from federation.transport.client import PeerDownError
from stamps.record import Envelope
from tests.ledger.people import HOUR, Board
from tests.transport.nodes import Node, node
from town.market import membership
from town.node import clock
from town.node.bar import CELLS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # thousands of records
NOTES = 3_000
LARGE_BYTES = 1 << 18
TEXT = "x" * 1_200  # so that the board is more than one message


@pytest.fixture(autouse=True)
def unadmitted(monkeypatch):
    """The registrar of the board is nobody's node: no answer of its is waited for."""
    monkeypatch.setattr(membership, "ADMIT_WAIT_S", 0.1)


@pytest.fixture(scope="module")
def board() -> Board:
    """A board of many records, made by hand."""
    found = Board()
    ann = found.person("ann")
    found.admit(ann)
    for _ in range(NOTES):
        body = {"tag": "note", "text": TEXT}
        ann.say("note.add", about=found.wasteland, body=body, offer=False)
    return found


@pytest.fixture
async def rust(board, tmp_path) -> AsyncIterator[Node]:
    """A node that holds the board."""
    async with node(tmp_path, "rust", env={"WL_SYNC_NEWCOMER_RECORDS": "1000000"}) as one:

        def fill() -> None:
            town = one.town.town
            journal = town.enter(board.wasteland)
            envelopes = [Envelope(entry.record, entry.signature) for entry in board.said]
            journal.record(envelopes, now=clock.now() + HOUR)
            journal.flush()
            town.choose(board.wasteland)

        one.town.writer.run(fill)
        yield one


def joined_with_a_bar(ash: Node, token: str) -> list[str]:
    """What a person at a terminal saw in the place of one line while the town joined."""
    shown: list[str] = []
    with ash.town.caller({}, show=shown.append):
        ash.town.market.join(token)
    return shown


def count_of(one: Node) -> int:
    """How many records a node holds of its board."""
    town = one.town.town
    return one.town.writer.run(town.ledgers[town.current].store.count)


async def test_a_long_join_shows_how_far_it_has_come_and_ends_the_line(rust, tmp_path):
    """The bar only grows, says records of records, and is gone when the join is done."""
    async with node(tmp_path, "ash") as ash:
        token = (await rust.use(lambda m: m.invite())).data["invite"]
        shown = await ash.use(lambda _: joined_with_a_bar(ash, token))
        said = [re.fullmatch(r"[#.]{30} ([\d,]+) of ([\d,]+) records", line) for line in shown[:-1]]
        assert len(said) >= 1
        come = [int(one[1].replace(",", "")) for one in said if one is not None]
        whole = [int(one[2].replace(",", "")) for one in said if one is not None]
        assert len(come) == len(said)
        assert come == sorted(come)
        assert all(there >= NOTES for there in whole)
        assert all(line.count("#") <= CELLS for line in shown)
        assert shown[-1] == ""
        assert count_of(ash) >= NOTES


async def test_a_join_whose_line_breaks_is_whole_and_ends_well(rust, tmp_path):
    """What had come stays; the next try begins behind it, and the command needs no second."""
    async with node(tmp_path, "ash", listens=False) as ash:
        token = (await rust.use(lambda m: m.invite())).data["invite"]
        client = ash.town._resident().client
        answered, large, broken = client.ask, list[int](), list[int]()

        async def ask(peer: Peer, wasteland: str, what: What, body: bytes) -> bytes:
            answer = await answered(peer, wasteland, what, body)
            if len(answer) > LARGE_BYTES:
                large.append(len(answer))
                if len(large) == 2:  # a piece of the board is here, this one is lost
                    broken.append(len(answer))
                    raise PeerDownError(peer.label, "the line broke")
            return answer

        client.ask = ask  # everything else is as ever
        answer = await ash.use(lambda m: m.join(token))
        assert answer.words[0].startswith("joined")
        assert len(broken) == 1
        assert count_of(ash) >= NOTES
