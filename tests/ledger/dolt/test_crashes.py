"""A process killed at any moment, or a disk that is full: nothing acknowledged is lost."""

import os
import random
import subprocess
import sys

import pytest

from ledger.dolt import open_doltlite
from ledger.journal import Journal
from ledger.verify import verify
from stamps.record import to_line
from tests.ledger.people import Board
from tests.seeds import seeds
from town.node.boot import child_environment

pytestmark = pytest.mark.slow  # `make check` waits for none of these

ITEMS = 60


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A file of record lines, and the wasteland they are of."""
    board = Board()
    ann, bob = board.person("ann"), board.person("bob")
    board.admit(ann)
    for _ in range(ITEMS):
        item = ann.post()
        ann.grant(item, bob.bid(item))
        bob.submit(item)
    lines = tmp_path_factory.mktemp("lines") / "lines"
    entries = list(board.journal.store.entries())
    ordered = sorted(entries, key=lambda e: (e.record.scope != "account", e.record.at))
    lines.write_bytes(b"".join(to_line(entry) for entry in ordered))
    return lines, board.wasteland


def begun(path, written, *, limit: int = 0) -> subprocess.Popen:
    """The writing process."""
    lines, wasteland = written
    argv = [sys.executable, "-m", "tests.ledger.dolt.crashing", path, lines, wasteland, limit]
    return subprocess.Popen(
        [str(word) for word in argv],
        stdout=subprocess.PIPE,
        env=child_environment(os.environ),
        text=True,
    )


def acknowledged(process: subprocess.Popen, *, most: int) -> list[str]:
    """What it said before it was killed."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line.strip())
        if len(said) == most:
            process.kill()
    process.stdout.close()
    process.wait()
    return said


def held(path, wasteland) -> set[str]:
    """What a new process finds, after the ledger proved itself."""
    store = open_doltlite(path, town="rust")
    journal = Journal.open(store, wasteland=wasteland)
    assert verify(journal).differences == ()
    ids = {str(entry.record.id) for entry in store.entries()}
    store.close()
    return ids


@pytest.mark.parametrize("kill", seeds(10, fast=1))
def test_a_process_killed_while_it_writes_loses_nothing_acknowledged(tmp_path, written, kill):
    """kill -9 after a random number of acknowledgements; then the next process goes on."""
    path = tmp_path / "ledger.db"
    chance = random.Random(kill)
    seen: set[str] = set()
    for _ in range(2):
        said = acknowledged(begun(path, written), most=chance.randrange(1, ITEMS * 3))
        seen |= {one for one in said if len(one) == 64}
        assert seen <= held(path, written[1])
    said = acknowledged(begun(path, written), most=0)
    assert said[-1] == "done"
    lines = written[0].read_bytes().splitlines()
    assert len(held(path, written[1])) == len(lines)


@pytest.mark.parametrize("limit", [400_000, 700_000, 1_500_000])
def test_a_full_disk_is_said_and_loses_nothing_acknowledged(tmp_path, written, limit):
    """Writes stop with a code; with room again everything is there and goes on."""
    path = tmp_path / "ledger.db"
    said = acknowledged(begun(path, written, limit=limit), most=0)
    assert said[-1] == "full store.full"
    assert {one for one in said if len(one) == 64} <= held(path, written[1])
    assert acknowledged(begun(path, written), most=0)[-1] == "done"
