"""Clocks that peers say: heard by the thread that talks, read by the one that has the ledgers."""

import sys
import threading
from types import SimpleNamespace

from town.node.peers import PeerDesk


def test_clocks_are_read_while_others_are_heard():
    """A peer that says its time for the first time ends nobody's turn."""
    desk = SimpleNamespace(now=lambda: 0, skews={})
    over = threading.Event()

    def hear() -> None:
        while not over.is_set():
            desk.skews.clear()
            for number in range(200):
                PeerDesk._heard(desk, f"peer{number}", number, 0)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    talker = threading.Thread(target=hear)
    talker.start()
    try:
        for _ in range(2_000):
            PeerDesk.ahead_s(desk)
    finally:
        over.set()
        talker.join()
        sys.setswitchinterval(before)
