"""Processes that make folders of the workspace, as rows remember them: machine, number, beginning.

A number that is used again is not mistaken for the process that had it. Of another machine nothing
can be seen: what began there long ago counts as dead.
"""

import json
import os
import socket
from typing import Final

from stamps.clock import SECOND_US
from town.node import clock
from town.node.births import own_created
from town.node.lifecycle import process_of

ELSEWHERE_US: Final = 24 * 3_600 * SECOND_US


class ProcessMakers:
    """The makers that this process knows, itself among them."""

    def __init__(self) -> None:
        self._under_way: set[str] = set()
        self._host = socket.gethostname()

    def begin(self, token: str) -> str:
        """Begins the work of that token in this process, and names the process."""
        self._under_way.add(token)
        return json.dumps([self._host, os.getpid(), round(own_created(), 3)])

    def end(self, token: str) -> None:
        """The work of that token is over in this process."""
        self._under_way.discard(token)

    def lives(self, maker: str, token: str, *, begun_at: int) -> bool:
        """Whether that process still does the work of that token."""
        try:
            host, pid, created = json.loads(maker)
        except (ValueError, TypeError):
            return False
        if host != self._host:
            return clock.now() - begun_at < ELSEWHERE_US
        if pid == os.getpid():
            return token in self._under_way
        return process_of(int(pid), float(created)) is not None
