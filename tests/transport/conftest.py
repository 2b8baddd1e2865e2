"""What several tests of nodes on real sockets begin with."""

from collections.abc import AsyncIterator

import pytest

from federation.transport import client
from tests.transport.nodes import Node, joined, node, same_root
from tests.waiting import LONG_S


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a crowded machine a peer is slow and not away."""
    monkeypatch.setattr(client, "ANSWER_S", 2 * LONG_S)
    monkeypatch.setattr(client, "CONNECT_S", LONG_S)


@pytest.fixture
async def pair(tmp_path) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes on one board, which both hold whole: who posts, and who works."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        await same_root(rust, ash)
        yield rust, ash
