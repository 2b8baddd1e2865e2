"""Coverage's own command line, with the embedded engine loaded before it.

    python -m tools.covered run -m pytest

Coverage keeps its figures in SQLite and imports `sqlite3` at once, which would shut the engine
out; and what it wrote with the engine loaded only the engine can read. It imports nothing of the
project, whose first lines would then go uncounted.
"""

import os
import sys
from pathlib import Path

import doltlite  # noqa: F401  (importing it is what loads the engine)

# A child that inherited this marker would skip loading and get the stock engine.
os.environ.pop("_DOLTLITE_BOOTSTRAPPED", None)

from coverage.cmdline import main

if __name__ == "__main__":
    os.environ["WL_COVERAGE"] = str(Path("pyproject.toml").absolute())
    sys.exit(main(sys.argv[1:]))
