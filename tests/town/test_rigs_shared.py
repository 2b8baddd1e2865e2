"""Two processes of one town on a Dolt server: a name and a prefix are given to one of them."""

import os
import threading
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from ledger.dolt.private import open_private_server
from ledger.private.store import PrivateStore
from ledger.workspace.rows import Making, Rig, Taken
from stamps.errors import WastelandError
from tests.beads.conftest import dolt
from tests.town.prompt import Prompt
from tests.waiting import LONG_S
from town.beads.ports import BeadPorts, Caller
from town.node import clock
from town.node.git import GitProgram
from town.node.makers import ProcessMakers
from town.rigs.desk import Rigs
from town.rigs.source import NewRig
from town.workspace.layout import Workspace

__all__ = ["dolt"]

pytestmark = [pytest.mark.dolt, pytest.mark.slow]
RUNS = 8
LOST = {"rig.prefix", "rig.there", "rig.adding", "store.changed"}


def rigs_of(store: PrivateStore, root: Path, env: dict[str, str], makers: ProcessMakers) -> Rigs:
    """The rigs, as one process of the town works on them; `makers` says of others that they live.

    Both are this process here, which takes a work of its own that it does not know for a dead one.
    """
    ports = BeadPorts(
        now=clock.now,
        new_secret=clock.new_secret,
        run=lambda work: work(),
        caller=Caller(actor="overseer"),
    )
    return Rigs(store, ports, Workspace(root), GitProgram(env), makers)


def raced(both: list[Rigs], wanted: list[NewRig]) -> list[str]:
    """What became of two that begin at the same moment: the rig's name, or an error's code."""
    found: list[str] = ["", ""]
    line = threading.Barrier(2)

    def add(at: int) -> None:
        line.wait()
        try:
            found[at] = both[at].add(wanted[at]).name
        except WastelandError as error:
            found[at] = error.code

    threads = [threading.Thread(target=add, args=(at,)) for at in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    return found


def test_a_name_and_a_prefix_are_given_once(tmp_path, dolt):
    """Whoever is second finds no half of a rig, and the rows say who has what."""
    prompt = Prompt(tmp_path)
    prompt.repository("origin")
    url = str(prompt.at / "origin.git")
    root = tmp_path / "gt"
    (root / "mayor").mkdir(parents=True)
    env = {**os.environ, **prompt.env}
    address = dolt.url(f"p{uuid4().hex}")
    with (
        closing(open_private_server(address, town="gt")) as one,
        closing(open_private_server(address, town="gt")) as two,
    ):
        makers = ProcessMakers()
        both = [rigs_of(store, root, env, makers) for store in (one, two)]
        for number in range(RUNS):
            other = f"S{number}" if number % 2 else f"R{number}"
            names = (f"r{number}", other)
            found = raced(both, [NewRig(name=n, url=url, prefix=f"p{number}") for n in names])
            won = [name for name in found if name in names]
            assert len(won) == 1, found
            assert set(found) - set(won) <= LOST, found
        held = one.find(Rig)
        assert len(held) == RUNS
        assert {(row.kind, row.rig) for row in one.find(Taken)} == {
            (kind, rig.name) for rig in held for kind in ("rig", "prefix")
        }
        assert list(one.find(Making)) == []
    assert {path.name for path in root.iterdir()} == {"mayor", *(rig.name for rig in held)}
