"""The limits of a ledger that settings name too, unit last. Pure numbers."""

from typing import Final

NEWCOMER_RECORDS_DAY: Final = 100
