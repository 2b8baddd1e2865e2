"""Counts the lines that a worker of a measured run goes through.

`tools.covered` measures the process that it starts; where that one shares the tests among workers
of `pytest-xdist`, each of them measures itself. The plugin comes before all others, so that what
they import is counted too. In any other run it does nothing.
"""

import os
from collections.abc import Generator

import pytest

CONFIG = os.environ.get("WL_COVERAGE")
WORKS = "PYTEST_XDIST_WORKER" in os.environ

if CONFIG:
    import doltlite  # noqa: F401  (coverage imports sqlite3, so the engine comes first)

    os.environ.pop("_DOLTLITE_BOOTSTRAPPED", None)

    import coverage

    own = coverage.Coverage(config_file=CONFIG) if WORKS else None
    if own is not None:
        own.start()
    counter = coverage.Coverage.current()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
        """What only repeats the ways of other tests goes them at full speed."""
        if counter is None or item.get_closest_marker("uncounted") is None:
            return (yield)
        counter.stop()
        try:
            return (yield)
        finally:
            counter.start()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure() -> None:
        """A worker's figures lie beside those of the others, to be combined."""
        if own is not None:
            own.stop()
            own.save()
