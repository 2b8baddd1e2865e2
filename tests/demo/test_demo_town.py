"""`gt demo` from a clean home: four beads reach main by themselves, and nothing is left running."""

import json
import os
import subprocess
import sys

import pytest

from tests.house import tree
from tests.house.children import measured
from town.node.boot import child_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(960)]


def test_a_town_merges_a_convoy_with_a_killed_worker_and_one_that_breaks_a_gate(tmp_path):
    """Every fact of the demonstration holds; the killed one was begun anew, and nothing is left."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    env = measured(child_environment({**kept, "HOME": str(tmp_path), "NO_COLOR": "1"}))
    code = "from cli.launcher import gt; gt()"
    run = subprocess.run(
        [sys.executable, "-c", code, "demo", "--json"],
        env=env, cwd=tree.ROOT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    data = json.loads(run.stdout)["data"]
    assert (len(data["beads"]), data["left"]) == (4, 0)
    assert data["sessions"] >= 6  # four, one after a death, one after a broken gate
