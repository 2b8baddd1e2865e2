"""Processes that tests start, and how their lines are counted.

It starts nothing and ends nothing; a child that is killed keeps its figures to itself.
"""

import os
from collections.abc import Mapping
from pathlib import Path

MEASURED = Path(__file__).with_name("measured")


def measured(env: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a Python child counts its lines where this run does.

    Not for tests of start-up itself: the child has the engine and coverage loaded from the start.
    """
    counted = dict(env)
    if "WL_COVERAGE" in os.environ:
        counted["WL_COVERAGE"] = os.environ["WL_COVERAGE"]
        before = counted.get("PYTHONPATH")
        counted["PYTHONPATH"] = os.pathsep.join(filter(None, (str(MEASURED), before)))
    return counted
