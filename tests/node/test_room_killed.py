"""Whoever gives storage back is killed in the middle of it: every bead is still there.

The kernel kills it, by a timer that counts only what the process itself works: however crowded the
machine is, that is within the giving back.
"""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger.beads.rows import Bead
from ledger.dolt.private import open_private_doltlite
from ledger.private.store import Change

ROOT = Path(__file__).parent.parent.parent
BEADS = 3_000
PARTS = (0.0, 0.2, 0.5, 0.8)  # of the work, after which it is killed
CHANGER = """
import signal, sys, time
from pathlib import Path
from town.node.boot import load_engine
load_engine()
from msgspec.structs import replace
from ledger.beads.rows import Bead
from ledger.dolt.private import open_private_doltlite
from ledger.private.store import Change
store = open_private_doltlite(Path(sys.argv[1]), town="rust")
takes_s = 0.0
while True:
    for bead in store.find(Bead)[::60]:
        store.apply(Change(puts=(replace(bead, notes=bead.notes + "n"),)))
    store.checkpoint("changed")
    begun = time.process_time()
    if takes_s:  # the first time tells how much work it is
        signal.setitimer(signal.ITIMER_PROF, max(1e-6, takes_s * float(sys.argv[2])))
    store.collect()
    signal.setitimer(signal.ITIMER_PROF, 0)
    takes_s = time.process_time() - begun
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_storage_is_given_back_whole_or_not_at_all(tmp_path):
    """What was acknowledged before is there, and the next one gives back what is left."""
    path = tmp_path / "beads.db"
    beads = tuple(Bead(id=f"gt-{n:05}", title="t", description="x" * 300) for n in range(BEADS))
    with closing(open_private_doltlite(path, town="rust")) as store:
        store.apply(Change(puts=beads))
        store.checkpoint("all")
    for number, part in enumerate(PARTS, 1):
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        argv = [sys.executable, "-c", CHANGER, str(path), str(part)]
        ended = subprocess.run(argv, env=env, stdout=subprocess.PIPE, text=True, check=False)
        assert ended.returncode == -signal.SIGPROF
        with closing(open_private_doltlite(path, town="rust")) as store:
            found = store.find(Bead)
            assert len(found) == BEADS
            assert all(len(bead.notes) >= number for bead in found[::60])
            store.collect()
            assert len(store.find(Bead)) == BEADS
