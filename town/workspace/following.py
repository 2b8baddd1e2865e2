"""The file of events as it grows, for whoever wants to see each event when it is there."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def following(path: Path, after: int) -> Iterator[list[dict[str, Any]]]:
    """At each step the events that have come to the file, behind the number `after`.

    A file that was put aside or begun anew is read from its beginning; nothing is said twice.
    """
    place, half, seen = (0, 0), b"", after
    while True:
        found: list[dict[str, Any]] = []
        try:
            with path.open("rb") as file:
                facts = os.fstat(file.fileno())
                if facts.st_ino != place[0] or facts.st_size < place[1]:
                    place, half = (facts.st_ino, 0), b""
                file.seek(place[1])
                fresh = file.read()
                place = (place[0], place[1] + len(fresh))
        except OSError:
            fresh = b""
        *whole, half = (half + fresh).split(b"\n")
        for line in whole:
            event = _event(line)
            seq = event.get("seq") if event else None
            if isinstance(seq, int) and seq > seen:
                seen = seq
                found.append(event)
        yield found


def _event(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("payload"), dict) else {}
