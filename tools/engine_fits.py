"""Says whether the embedded engine takes the place of SQLite in this interpreter.

It changes nothing; where the engine does not load it prints one line and two ways out.
"""

import sys

WAYS_OUT = (
    "  Either make .venv from a Python that links SQLite as a library: "
    "make clean setup PYTHON=/usr/bin/python3\n"
    "  or use a Dolt server instead of the embedded engine; README.md says how"
)


def engine() -> str:
    """The name of the SQL engine behind `sqlite3` here, `stock` when it is not ours."""
    import sqlite3  # noqa: PLC0415

    import doltlite  # noqa: F401, PLC0415  (importing it loads the engine, before sqlite3)

    with sqlite3.connect(":memory:") as connection:
        try:
            row = connection.execute("SELECT doltlite_engine()").fetchone()
        except sqlite3.OperationalError:
            return "stock"
    return str(row[0])


def main() -> None:
    """Exit 0 when the engine is there, else 1 with the ways out."""
    found = engine()
    if found != "prolly":
        sys.exit(f"setup: {sys.executable} does not let the embedded engine load.\n{WAYS_OUT}")


if __name__ == "__main__":
    main()
