"""Loads the embedded engine before anything in a test run imports `sqlite3`.

Named with `-p` in `pyproject.toml`, so that it comes before every other plugin and conftest.
It holds no fixture and decides nothing about a run.
"""

from town.node.boot import load_engine

load_engine()
