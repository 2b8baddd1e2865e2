"""A command on beads without a node loads beads, and nothing of the market or of a node."""

import os
import subprocess
import sys

from tests.house.tree import ROOT

ROOMS = {
    *("sqlalchemy", "pymysql", "aiohttp", "asyncio", "structlog", "rich", "tomlkit", "psutil"),
    *("nacl", "cryptography", "jinja2", "ledger.journal", "ledger.fold", "ledger.dolt.store"),
    *("stamps.record", "federation.letters", "federation.session", "town.market.desk"),
    *("town.node.compose", "town.web.board"),
}
CODE = (
    "import sys; from cli.launcher import run;"
    "codes = [run(line.split(), 'bd') for line in sys.argv[1:]];"
    "print(*sys.modules, file=sys.stderr); sys.exit(any(codes))"
)


def test_a_single_command_on_beads_loads_no_market_and_no_node(tmp_path):
    """What is not needed is not imported: half of what a command costs is what it loads."""
    lines = ("init --prefix gt", "create one --id gt-one", "update gt-one --claim")
    more = ("list --json", "ready", "show gt-one --json", "close gt-one", "count --by-status")
    done = subprocess.run(
        [sys.executable, "-c", CODE, *lines, *more],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(done.stderr.split()).isdisjoint(ROOMS)
