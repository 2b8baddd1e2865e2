"""Python imports this first in a child process whose coverage is counted.

It loads the embedded engine before coverage, which imports `sqlite3`; then coverage as the parent
has it. `tests.house.children.measured` puts it on the path, and only while a run is counted.
"""

import os

CONFIG = os.environ.get("WL_COVERAGE")
if CONFIG:
    import doltlite  # noqa: F401  (importing it is what loads the engine)

    os.environ.pop("_DOLTLITE_BOOTSTRAPPED", None)

    import coverage

    os.environ["COVERAGE_PROCESS_START"] = CONFIG
    coverage.process_startup()
    # The package's own start-up file would come before the engine in this child's children.
    del os.environ["COVERAGE_PROCESS_START"]
