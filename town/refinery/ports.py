"""What the refinery needs beside git and rows: commands that are run, and somebody to mend."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ledger.workspace.work import MergeRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A shell command, where it runs, and how long it may."""

    cmd: str
    cwd: Path
    env: Mapping[str, str]
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended. `tail` is the last of what it printed."""

    code: int
    timed_out: bool = False
    too_much: bool = False  # it was ended because of all that it printed
    tail: str = ""
    took_ms: int = 0


class Commands(Protocol):
    """Runs commands, each as a group of processes of its own that ends with it."""

    def run(self, command: Command, stop: threading.Event) -> Ended:
        """The command has ended, by itself, by its time, or because `stop` was set."""
        ...

    def end_left(self, name: str, value: str) -> int:
        """How many processes that bear this variable were still there; none is any more."""
        ...


class Fixer(Protocol):
    """Mends a request that breaks the gates, in the scratch worktree: `merge_queue.fix_inline`.

    What it leaves is committed and goes through the gates like everything else.
    """

    def knows(self, rig: str, agent: str) -> bool:
        """Whether there is an agent of that name."""
        ...

    def fix(
        self,
        request: MergeRequest,
        *,
        agent: str,
        worktree: Path,
        output: str,
        beat: Callable[[], None],
    ) -> bool:
        """Whether it changed anything; it calls `beat` now and then, and ends where that raises."""
        ...
