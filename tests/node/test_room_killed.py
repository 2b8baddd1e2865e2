"""Whoever gives storage back is killed with -9 in the middle of it: every bead is still there."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from ledger.beads.rows import Bead
from ledger.dolt.private import open_private_doltlite
from ledger.private.store import Change

ROOT = Path(__file__).parent.parent.parent
BEADS = 3_000
DELAYS_S = (0.0, 0.005, 0.02, 0.04)
CHANGER = """
import sys
from pathlib import Path
from town.node.boot import load_engine
load_engine()
from msgspec.structs import replace
from ledger.beads.rows import Bead
from ledger.dolt.private import open_private_doltlite
from ledger.private.store import Change
store = open_private_doltlite(Path(sys.argv[1]), town="rust")
while True:
    for bead in store.find(Bead)[::60]:
        store.apply(Change(puts=(replace(bead, notes=bead.notes + "n"),)))
    store.checkpoint("changed")
    print("begun", flush=True)
    store.collect()
    print("ended", flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_storage_is_given_back_whole_or_not_at_all(tmp_path):
    """What was acknowledged before is there, and the next one gives back what is left."""
    path = tmp_path / "beads.db"
    beads = tuple(Bead(id=f"gt-{n:05}", title="t", description="x" * 300) for n in range(BEADS))
    with closing(open_private_doltlite(path, town="rust")) as store:
        store.apply(Change(puts=beads))
        store.checkpoint("all")
    within = 0
    for number, delay in enumerate(DELAYS_S, 1):
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        argv = [sys.executable, "-c", CHANGER, str(path)]
        with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            within += "ended" not in process.stdout.read()
        with closing(open_private_doltlite(path, town="rust")) as store:
            found = store.find(Bead)
            assert len(found) == BEADS
            assert all(len(bead.notes) >= number for bead in found[::60])
            store.collect()
            assert len(store.find(Bead)) == BEADS
    assert within
