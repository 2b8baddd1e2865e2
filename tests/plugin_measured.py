"""Counts the lines that a worker of a measured run goes through.

`tools.covered` measures the process that it starts; where that one shares the tests among workers
of `pytest-xdist`, each of them measures itself. The plugin comes before all others, so that what
they import is counted too. In any other run it does nothing.
"""

import os

import pytest

MEASURES = "PYTEST_XDIST_WORKER" in os.environ and "WL_COVERAGE" in os.environ

if MEASURES:
    import doltlite  # noqa: F401  (coverage imports sqlite3, so the engine comes first)

    os.environ.pop("_DOLTLITE_BOOTSTRAPPED", None)

    import coverage

    counter = coverage.Coverage(config_file=os.environ["WL_COVERAGE"])
    counter.start()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure() -> None:
        """The figures lie beside those of the others, to be combined."""
        counter.stop()
        counter.save()
