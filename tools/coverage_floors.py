"""Holds coverage to its floors.

    python -m tools.coverage_floors coverage.json

The floors stand in pyproject.toml under [tool.wasteland.floors]: `total`, and one for each file or
folder of the core. It measures nothing; a floor that matches no file is a failure too.
"""

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

GAPS_SHOWN = 12
COUNTED = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def percent(summaries: Iterable[Mapping[str, int]]) -> float:
    """Lines and branches reached, of all, in percent; 100 where there are none."""
    sums = dict.fromkeys(COUNTED, 0)
    for summary in summaries:
        for name in COUNTED:
            sums[name] += summary[name]
    of_all = sums["num_statements"] + sums["num_branches"]
    reached = sums["covered_lines"] + sums["covered_branches"]
    return 100.0 * reached / of_all if of_all else 100.0


def shortfalls(report: Mapping[str, Any], floors: Mapping[str, float]) -> list[str]:
    """One line for each floor that is not reached, or that holds nothing up."""
    lines = []
    for place, floor in floors.items():
        files = {name: entry for name, entry in report["files"].items() if lies_in(name, place)}
        if not files:
            lines.append(f"{place}: no file of that name was measured")
            continue
        reached = percent(entry["summary"] for entry in files.values())
        if reached < floor:
            lines.append(f"{place}: {reached:.2f} %, the floor is {floor} %")
            lines.extend(gaps(name, files[name]) for name in sorted(files) if place != "total")
    return [line for line in lines if line]


def lies_in(name: str, place: str) -> bool:
    """Whether a file counts for the floor of a place: itself, its folder, or the total."""
    return place in ("total", name) or (place.endswith("/") and name.startswith(place))


def gaps(name: str, entry: Mapping[str, Any]) -> str:
    """Where in this file nothing went, in one line; empty when all was reached."""
    missed = [str(line) for line in entry["missing_lines"]]
    missed += [f"{start}->{end}" for start, end in entry.get("missing_branches", ())]
    more = f" and {len(missed) - GAPS_SHOWN} more" if len(missed) > GAPS_SHOWN else ""
    return f"    {name}: {', '.join(missed[:GAPS_SHOWN])}{more}" if missed else ""


def main(path: str) -> int:
    """0 when every floor is reached, else 1 and what is missing on stderr."""
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    short = shortfalls(report, project["tool"]["wasteland"]["floors"])
    for line in short:
        sys.stderr.write(f"coverage: {line}\n")
    total = percent(entry["summary"] for entry in report["files"].values())
    sys.stdout.write(f"coverage: {total:.2f} % of lines and branches\n")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
