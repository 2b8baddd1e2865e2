"""The list of hostile input, said by a member to a real node over a real socket.

Whatever it is: a stable code in bounded time and memory, nothing kept that should not be, and an
honest member is served afterwards.
"""

import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from federation.frontier import (
    DIGEST_BYTES,
    NONCE_BYTES,
    FrontierSaid,
    Mode,
    Nonces,
    PartSaid,
    Said,
    encode_frontier,
)
from federation.letters import decode_answer, decode_root
from federation.limits import MESSAGE_BYTES_MAX
from federation.meter import CPU_S as BUDGET_S
from federation.transport import client
from federation.transport.client import PeerRefusedError
from ledger.limits import NEWCOMER_RECORDS_DAY
from stamps.record import to_line
from tests.hostile.cases import LINES, MESSAGES
from tests.hostile.mallory import Mallory, let_in
from tests.transport.nodes import joined, node
from tests.waiting import LONG_S

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # each case has a node of its own
CPU_S = 30.0
MEMORY_BYTES = 96 << 20


@pytest.fixture
async def mallory(tmp_path, monkeypatch) -> AsyncIterator[Mallory]:
    """A member of a real node's board, who waits for an answer for as long as it takes."""
    monkeypatch.setattr(client, "ANSWER_S", 5 * LONG_S)
    async with node(tmp_path, "rust") as rust:
        await joined(rust)
        one = await let_in(rust)
        yield one
        await one.client.close()


def held(m: Mallory) -> int:
    """How many records the node holds."""
    ledger = m.node.town.town.ledgers[m.wasteland]
    return m.node.town.writer.run(ledger.store.count)


async def bounded(work: Callable[[], Awaitable[Any]], *, cpu_s: float = CPU_S) -> Any:
    """The work's result, done in bounded time and memory."""
    tracemalloc.start()
    begun = time.process_time()
    try:
        result = await work()
        spent, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < cpu_s
    assert peak < MEMORY_BYTES
    return result


async def still_serves(m: Mallory) -> None:
    """The node is up, takes an honest record, and stands by all it holds."""
    async with aiohttp.ClientSession() as session, session.get(m.node.url + "/readyz") as answer:
        assert answer.status == 200
    await m.node.use(lambda market: market.post({"title": "Honest work"}))
    assert (await m.node.use(lambda market: market.verify())).exit == 0


@pytest.mark.parametrize("case", LINES)
async def test_hostile_lines_are_counted_by_code_and_not_kept(mallory, case):
    """Told by code and count; what was kept is exactly what the rules keep."""
    hostile = LINES[case]
    lines = hostile.make(mallory)
    before = held(mallory)
    said = await bounded(lambda: mallory.says(*lines))
    assert dict(said.refused) == hostile.codes
    assert said.accepted == hostile.kept
    assert held(mallory) == before + (hostile.kept if hostile.stored is None else hostile.stored)
    await still_serves(mallory)


@pytest.mark.parametrize("case", MESSAGES)
async def test_hostile_messages_are_refused_with_their_fault(mallory, case):
    """A typed error with its reason; nothing of the message was used."""
    hostile = MESSAGES[case]
    before = held(mallory)

    async def ask() -> PeerRefusedError:
        with pytest.raises(PeerRefusedError) as refused:
            await mallory.asks(hostile.what, hostile.make(mallory))
        return refused.value

    error = await bounded(ask)
    assert (error.status, error.theirs) == (400, "peer.message")
    assert hostile.fault in str(error)
    assert held(mallory) == before
    await still_serves(mallory)


async def test_h37_as_many_names_as_a_message_holds_cost_a_bounded_answer(mallory):
    """A hundred thousand chains that nobody has: wished for once, and nothing is kept."""
    root = await mallory.client.ask(mallory.peer, mallory.wasteland, "root", b"")
    _, nonce = decode_root(root)
    listed = tuple(Said(number.to_bytes(8, "big"), 7, bytes(4)) for number in range(1, 100_001))
    parts = [PartSaid(bytes(DIGEST_BYTES), Mode.FULL, listed if n == 0 else ()) for n in range(4)]
    said = FrontierSaid(
        nonces=Nonces(bytes(NONCE_BYTES), nonce), root=bytes(32), base=None, prefix_bytes=8,
        parts=tuple(parts),
    )  # fmt: skip
    body = encode_frontier(said)
    assert len(body) <= MESSAGE_BYTES_MAX
    before = held(mallory)
    raw = await bounded(lambda: mallory.asks("frontier", body), cpu_s=60)  # watched memory is slow
    assert len(raw) <= MESSAGE_BYTES_MAX
    assert len(decode_answer(raw).wishes[0]) == len(listed)
    assert held(mallory) == before
    await still_serves(mallory)


async def test_h33_a_member_that_makes_work_for_nothing_is_told_to_wait(mallory):
    """Ten seconds of the processor a minute: then a typed refusal, and others are served."""
    hosting = mallory.node.town._resident().hosting
    hosting.meter.spend(BUDGET_S + 60, gained=0, now=hosting.now(), caller=str(mallory.key.device))
    with pytest.raises(PeerRefusedError) as refused:
        await mallory.says()
    assert (refused.value.status, refused.value.theirs) == (429, "peer.message")
    assert "cpu" in str(refused.value)
    await still_serves(mallory)


async def test_h27_a_stranger_is_kept_up_to_its_quota(mallory):
    """A well-signed chain without end, of somebody that nobody admitted: a hundred a day."""
    lines = chain(mallory, 3 * NEWCOMER_RECORDS_DAY)
    said = await bounded(lambda: mallory.says(*lines))
    assert said.accepted == NEWCOMER_RECORDS_DAY
    assert dict(said.refused) == {"quota": 2 * NEWCOMER_RECORDS_DAY}
    await still_serves(mallory)


def chain(m: Mallory, count: int) -> list[bytes]:
    """So many notes in a row."""
    lines, prev = [], ""
    for seq in range(count):
        entry = m.note(seq=seq, prev=prev)
        prev = str(entry.record.id)
        lines.append(to_line(entry))
    return lines


async def test_h27_two_nodes_with_different_quotas_say_what_stands_between_them(tmp_path):
    """Equal by no claim: each says how many are over the quota, and where; nobody audits."""
    strict = {"WL_SYNC_NEWCOMER_RECORDS": "5"}
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash", env=strict) as ash:
        await joined(rust, ash)
        m = await let_in(rust)
        assert (await m.says(*chain(m, 12))).accepted == 12
        here = (await ash.use(lambda market: market.sync())).words[0]
        there = (await rust.use(lambda market: market.sync())).words[0]
        assert "7 over the daily quota here" in here
        assert "7 over the daily quota there" in there
        boards = ash.town._resident().boards.values()
        reports = [s.report for board in boards for s in board.standings.values()]
        assert not any(report.layer2 for report in reports if report is not None)
        await m.client.close()
