"""What every test shares: how hard Hypothesis tries.

Profiles: `dev` by default, `ci` where CI is set, and any by name in WL_PROFILE; `make check` has
one of its own, so that nobody waits long. The engine is loaded by `plugin_boot.py`, skips are
judged by `plugin_skips.py`.
"""

import gc
import os

import pytest
from hypothesis import settings

settings.register_profile("check", max_examples=10, deadline=None)
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None, derandomize=True, database=None)
settings.register_profile("nightly", max_examples=20_000, deadline=None)

CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
settings.load_profile(os.environ.get("WL_PROFILE") or ("ci" if CI else "dev"))


REAL = frozenset({"prompt", "yard", "shop", "town", "whole", "sessions", "clone", "rig"})
"""Fixtures that make real repositories, files of a whole town, or processes."""


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a real town is slow; what may take minutes begins first, lest a core waits."""
    for item in items:
        if not REAL.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay to the end: the collector need not look at them again."""
    gc.collect()
    gc.freeze()
