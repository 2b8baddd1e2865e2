"""A board with a registrar, and people on it."""

import os
from pathlib import Path

import pytest

from ledger.dolt.process import dolt_server
from tests.ledger.people import Board

BINARY = os.environ.get("WL_DOLT", "")


@pytest.fixture(scope="session")
def dolt(tmp_path_factory):
    """A real Dolt server, one for all tests."""
    if not BINARY:
        pytest.skip("no Dolt: tools/dolt/build makes one, WL_DOLT names it")
    with dolt_server(Path(BINARY), tmp_path_factory.mktemp("dolt")) as server:
        yield server


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
