"""A line that says how far long work has come."""

from typing import Final

CELLS: Final = 30


def bar(come: int, whole: int) -> str:
    """The line, empty when it is done."""
    if come >= whole:
        return ""
    full = CELLS * come // whole
    return f"{'#' * full}{'.' * (CELLS - full)} {come:,} of {whole:,} records"
