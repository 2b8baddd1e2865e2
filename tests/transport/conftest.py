"""What several tests of nodes on real sockets begin with."""

from collections.abc import AsyncIterator

import pytest

from tests.transport.nodes import Node, joined, node, same_root


@pytest.fixture
async def pair(tmp_path) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes on one board, which both hold whole: who posts, and who works."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        await same_root(rust, ash)
        yield rust, ash
