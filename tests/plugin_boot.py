"""Loads the embedded engine before anything in a test run imports `sqlite3`.

Named with `-p` in `pyproject.toml`, so that it comes before every other plugin and conftest.
It holds no fixture and decides nothing about a run.
"""

import os

import doltlite  # noqa: F401  (importing it is what loads the engine)

# A child that inherited this marker would skip loading and get the stock engine.
os.environ.pop("_DOLTLITE_BOOTSTRAPPED", None)
