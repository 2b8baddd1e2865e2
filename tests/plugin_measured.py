"""Counts the lines that a worker of a measured run goes through.

`tools.covered` measures the process that it starts; where that one shares the tests among workers
of `pytest-xdist`, each of them measures itself. The plugin comes before all others, so that what
they import is counted too. In any other run it does nothing.
"""

import inspect
import itertools
import os
from collections.abc import Generator
from functools import wraps
from typing import Any, Self

import pytest

CONFIG = os.environ.get("WL_COVERAGE")
WORKS = "PYTEST_XDIST_WORKER" in os.environ
EXAMPLES = 40  # of a property; those after them hardly ever go a way that none of them went

if CONFIG:
    import doltlite  # noqa: F401  (coverage imports sqlite3, so the engine comes first)

    os.environ.pop("_DOLTLITE_BOOTSTRAPPED", None)

    import coverage

    own = coverage.Coverage(config_file=CONFIG) if WORKS else None
    if own is not None:
        own.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
        """What only repeats the ways of other tests or examples goes them at full speed."""
        with Counting(coverage.Coverage.current()) as counting:
            law: Any = getattr(getattr(item, "obj", None), "hypothesis", None)
            inner = getattr(law, "inner_test", None)
            if item.get_closest_marker("uncounted") is not None:
                counting.stop()
            elif inner is not None and not inspect.iscoroutinefunction(inner):
                law.inner_test = _first_counted(inner, counting)
            try:
                return (yield)
            finally:
                if inner is not None:
                    law.inner_test = inner

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure() -> None:
        """A worker's figures lie beside those of the others, to be combined."""
        if own is not None:
            own.stop()
            own.save()


class Counting:
    """The counter of this process, if it has one; stopped for a while it goes on at the end."""

    def __init__(self, counter: Any) -> None:
        self.counter = counter
        self.stopped = False

    def stop(self) -> None:
        """Nothing is counted until the end of the block."""
        if self.counter is not None and not self.stopped:
            self.counter.stop()
            self.stopped = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.stopped:
            self.counter.start()


def _first_counted(test: Any, counting: Counting) -> Any:
    """The test of one example; after so many of them nothing is counted until the test ends."""
    number = itertools.count(1)

    @wraps(test)
    def run(*args: Any, **more: Any) -> Any:
        if next(number) > EXAMPLES:
            counting.stop()
        return test(*args, **more)

    return run
