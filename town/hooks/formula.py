"""The work formula that is built in: what a worker does from the first look to `gt done`.

Pure. Linear and root-only: its steps are read here when a worker is told, never kept as rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

GATES: Final = ("setup", "typecheck", "lint", "build", "test")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    title: str
    words: str


def gate_commands(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The commands that must pass before a merge, by name, in their order."""
    queue = settings.get("merge_queue") or {}
    gates = queue.get("gates") or {}
    found = [
        (str(name), str(gate.get("cmd") or "")) for name, gate in gates.items() if gate.get("cmd")
    ]
    if not found:
        found = [
            (name, str(queue.get(f"{name}_command") or queue.get(name) or "")) for name in GATES
        ]
    return [(name, command) for name, command in found if command]


def steps(base: str, settings: Mapping[str, Any]) -> Sequence[Step]:
    """What a worker does, in order."""
    checks = gate_commands(settings)
    tests = "; ".join(command for _, command in checks) or "the project's own tests"
    return (
        Step("Understand", "Read the bead, what it depends on, and the code that it names."),
        Step("Begin clean", f"You are on the work's own branch, which began at origin/{base}."),
        Step("Do the work", "Small commits; each says why. What you find beside it: bd create."),
        Step("Look at it again", "Read your whole change; tests for what you changed."),
        Step("Run the gates", f"All of it must pass: {tests}"),
        Step("Hand it in", "gt done. Blocked for good? gt done --status ESCALATED -m 'why'."),
    )
