"""How long a stream of records may keep a node from saying what it holds."""

import pytest

from ledger.set_journal import STILL_RECORD_US, STILL_US, JournalReplica
from tests.ledger.people import Board


def streams(board: Board) -> bool:
    """Whether the ledger stands still for a stream, as it is now."""
    return board.journal.streaming


@pytest.mark.parametrize("brought", [0, 40])
def test_a_stream_that_brings_little_holds_up_nothing(brought):
    """Whoever answers slowly, and never for the last time, keeps nothing of ours from others."""
    board = Board()
    ann = board.person("ann")
    ann.post()
    replica = JournalReplica(board.journal)
    replica.hold_still(still=True)
    begun, before = board.now, replica.frontier().root
    replica.receive([], now=begun)
    for _ in range(brought):
        ann.post()
    ann.say("note.add", about=board.wasteland, body={"tag": "note", "text": "ours"})
    most = begun + STILL_US + (brought + 1) * STILL_RECORD_US
    replica.hold_still(still=True)  # for another peer's: the time goes on
    replica.receive([], now=most)
    assert streams(board)
    assert replica.frontier().root == before
    replica.receive([], now=most + 1)
    assert not streams(board)
    assert replica.frontier().root != before
    replica.hold_still(still=False)
    replica.hold_still(still=True)
    replica.receive([], now=most + 2)
    assert streams(board)
