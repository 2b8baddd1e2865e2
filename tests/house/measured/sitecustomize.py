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

    # The figures lie beside the parent's, whatever folder the child was started in.
    figures = os.path.join(os.path.dirname(CONFIG), ".coverage")  # noqa: PTH118, PTH120
    started = {"COVERAGE_PROCESS_START": CONFIG, "COVERAGE_FILE": figures}
    os.environ.update(started)
    coverage.process_startup()
    # The package's own start-up file would come before the engine in this child's children.
    for name in started:
        del os.environ[name]
