"""What the tests of the commands share: one board that no line of theirs may change."""

from collections.abc import Iterator

import pytest

from tests.cli.boards import Board


@pytest.fixture(scope="session")
def board(tmp_path_factory) -> Iterator[Board]:
    """Two towns on one board, and a home without a town; tests leave it as it is."""
    found = Board(tmp_path_factory.mktemp("towns"))
    yield found
    found.close()
