"""What peers say and how they stand: heard by the thread that talks, read by another."""

import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from federation.driver import Board
from federation.outline import Outline
from federation.remembered import Memory
from ledger.story import Home
from town.node.peers import PeerDesk
from town.node.standing import Standings


def reads_while(read: Callable[[], object], hear: Callable[[int], None], times: int) -> None:
    """What is read so often while another thread hears of two hundred peers, again and again."""
    over = threading.Event()

    def talk() -> None:
        while not over.is_set():
            for number in range(200):
                hear(number)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for _ in range(times):
            read()
    finally:
        over.set()
        talker.join()
        sys.setswitchinterval(before)


def test_clocks_are_read_while_others_are_heard():
    """A peer that says its time for the first time ends nobody's turn."""
    desk = SimpleNamespace(now=lambda: 0, skews={})

    def hear(number: int) -> None:
        if not number:
            desk.skews.clear()
        PeerDesk._heard(desk, f"peer{number}", number, 0)

    reads_while(lambda: PeerDesk.ahead_s(desk), hear, 2_000)


READS = {
    "reach": lambda desk: Standings.reach(desk, "w", Home("account", "device")),
    "standing": lambda desk: Standings.standing(desk, "w"),
}


@pytest.mark.parametrize("read", READS)
def test_how_peers_stand_is_read_while_others_are_met(read):
    """A peer that is met for the first time ends no claim, and no look at the board."""
    board = Board(None, None)
    desk = SimpleNamespace(
        now=lambda: 0, book=SimpleNamespace(of=lambda _: ()), _boards={"w": board},
        _elsewhere=lambda *_: (0, 0),
    )  # fmt: skip

    def meet(number: int) -> None:
        if not number:
            board.standings.clear()
        board.standing(f"peer{number}")

    reads_while(lambda: READS[read](desk), meet, 2_000)


def test_what_both_hold_is_read_while_more_is_saved():
    """The newest is asked for by the thread that tells peers."""
    memory = Memory()

    def save(number: int) -> None:
        memory.save(Outline(root=bytes([number]) * 32, parts=(), digests=(), keys={}))

    reads_while(lambda: memory.last, save, 20_000)
