"""What a gate's end says about the tree that it looked at: good, bad, or nothing at all.

Pure. A gate that could not run says nothing, and nothing is merged on its word.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ledger.merging.isolating import Outcome

PASSED: Final = "passed"
FAILED: Final = "failed"
TIMED_OUT: Final = "timeout"
BROKEN: Final = "broken"

CANNOT_RUN: Final = {
    126: "the command cannot be run (exit 126)",
    127: "the command was not found (exit 127)",
}
# Signals by which somebody outside ends a program: SIGHUP, SIGINT, SIGKILL, SIGTERM.
FROM_OUTSIDE: Final = (1, 2, 9, 15)
SIGNAL_BASE: Final = 128
PASSED_CHARS_MAX: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """How one gate ended on one tree."""

    name: str
    cmd: str
    status: str
    exit: int = 0
    took_ms: int = 0
    attempts: int = 1
    tail: str = ""
    why: str = ""

    @property
    def flaky(self) -> bool:
        """Whether it failed and then passed on the same tree."""
        return self.status == PASSED and self.attempts > 1

    def facts(self) -> dict[str, Any]:
        """As a row keeps it."""
        told = asdict(self) | {"flaky": self.flaky}
        if self.status == PASSED:
            told["tail"] = self.tail[-PASSED_CHARS_MAX:]  # what is fine needs few words
        del told["name"]
        return told


def judged(code: int, *, timed_out: bool, too_much: bool = False) -> tuple[str, str]:
    """The status of a gate that ended so, and why, in words where it needs some."""
    if timed_out or too_much:
        long, much = (TIMED_OUT, "took too long"), (FAILED, "printed too much, and was ended")
        return long if timed_out else much
    if code in CANNOT_RUN:
        return BROKEN, CANNOT_RUN[code]
    signal = -code if code < 0 else code - SIGNAL_BASE
    if signal in FROM_OUTSIDE:
        return BROKEN, f"was ended from outside (signal {signal})"
    return (PASSED, "") if code == 0 else (FAILED, f"exit {code}")


def outcome_of(results: Iterable[GateResult]) -> Outcome:
    """What all gates together say: a broken one spoils every word of the others."""
    found = {result.status for result in results}
    if BROKEN in found:
        return Outcome.BROKEN
    return Outcome.FAILED if found - {PASSED} else Outcome.PASSED


def first_bad(gates: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The first gate of a recorded run that did not pass, by name; an empty name for none."""
    for name, facts in gates.items():
        if facts.get("status") != PASSED:
            return name, facts
    return "", {}
