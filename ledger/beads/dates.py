"""Moments as people write them: `+2d`, `tomorrow`, `next monday`, `2027-01-15`, RFC 3339.

Pure, and in UTC throughout: the same words mean the same moment on every machine of a town.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.beads.errors import BadFieldError

_MICRO: Final = 1_000_000
_AHEAD: Final = re.compile(r"([+-]?)(\d{1,5})([hdwmy])")
_IN: Final = re.compile(r"in (\d{1,5}) (hour|day|week|month|year)s?")
_HOURS: Final = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}
_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1, "next week": 7, "next month": 30}
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EARLIEST: Final = 1
_LATEST: Final = 253_402_300_799 * _MICRO  # the last second of the year 9999


def when(said: str, *, now: int, name: str = "date") -> int:
    """Microseconds since 1970 UTC of what was said. Raises BadFieldError."""
    word = " ".join(said.lower().split())
    try:
        found = _spoken(word, now)
        at = found if found is not None else _dated(said.strip())
    except (ValueError, OverflowError) as error:
        why = f"{said!r} is no moment; +6h, +2d, tomorrow, next monday and 2027-01-15 are"
        raise BadFieldError(name, why) from error
    if not _EARLIEST <= at <= _LATEST:
        raise BadFieldError(name, f"{said!r} lies outside of the years 1970 to 9999")
    return at


def _spoken(word: str, now: int) -> int | None:
    """The moment of words that count from now; None for a date."""
    if (ahead := _AHEAD.fullmatch(word)) is not None:
        sign, number, unit = ahead.groups()
        return now + (-1 if sign == "-" else 1) * int(number) * _HOURS[unit] * 3600 * _MICRO
    if (later := _IN.fullmatch(word)) is not None:
        return now + int(later[1]) * _HOURS[later[2][0]] * 3600 * _MICRO
    if word == "now":
        return now
    days = _DAYS.get(word)
    if days is None and (day := word.removeprefix("next ")) in _WEEK:
        days = (_WEEK.index(day) - _midnight(now).weekday() - 1) % 7 + 1
    if days is None:
        return None
    return int((_midnight(now) + timedelta(days=days)).timestamp()) * _MICRO


def _dated(said: str) -> int:
    """The moment of a date, or of a time in RFC 3339. Raises ValueError."""
    at = datetime.fromisoformat(said)
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int(aware.replace(microsecond=0).timestamp()) * _MICRO + at.microsecond


def _midnight(now: int) -> datetime:
    at = datetime.fromtimestamp(now // _MICRO, UTC)
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
