"""A board with a registrar, and people on it."""

import pytest

from tests.ledger.people import Board


@pytest.fixture
def board():
    """A board with a registrar."""
    return Board()


@pytest.fixture
def ann(board):
    """A poster with a name."""
    ann = board.person("ann")
    board.admit(ann)
    return ann


@pytest.fixture
def bob(board):
    """A worker with a name."""
    bob = board.person("bob")
    board.admit(bob)
    return bob


@pytest.fixture
def hub(board):
    """An always-on node that decides for others."""
    return board.person("hub")
