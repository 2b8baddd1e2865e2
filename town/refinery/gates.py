"""The gates of a rig: commands that must succeed on a tree before it is what everybody has.

Which there are, from the settings; and running them. A gate that failed is tried again on the same
tree, as often as the settings say, before its word counts.
"""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from ledger.merging.judging import BROKEN, FAILED, PASSED, GateResult, judged
from town.refinery.errors import BrokenError
from town.refinery.ports import Command, Commands
from town.workspace.settings import Gate as GateSetting
from town.workspace.settings import MergeQueue, milliseconds

SETUP: Final = "setup"
POST_SQUASH: Final = "post-squash"
BEAT_S: Final = 0.25
LINES_MAX: Final = 4_000
RUN: Final = "GT_GATE_RUN"  # which run of the gates a process belongs to


class Tree(Protocol):
    """The files that gates look at."""

    @property
    def path(self) -> Path:
        """Where they lie."""
        ...

    def exactly(self, commit: str) -> None:
        """There are exactly the files of that commit, and of the submodules that it names."""
        ...

    def unchanged(self) -> bool:
        """Whether every file that git does not ignore is as its commit has it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate."""

    name: str
    cmd: str
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """The gates of a rig: groups one after the other, each side by side with its own."""

    groups: tuple[tuple[Gate, ...], ...] = ()
    again: int = 1

    @property
    def count(self) -> int:
        """How many there are; setting up is none."""
        return sum(gate.name != SETUP for group in self.groups for gate in group)

    @property
    def commands(self) -> dict[str, str]:
        """Their commands by name, in order."""
        return {gate.name: gate.cmd for group in self.groups for gate in group}


def gates_of(queue: MergeQueue) -> Gates:
    """The gates that the settings ask for: those by name, else the commands of old."""
    usual = GateSetting()
    groups: list[tuple[Gate, ...]] = []
    if queue.setup_command:
        groups.append((_gate(SETUP, usual, queue.setup_command),))
    if queue.gates:
        before = [_gate(name, one) for name, one in queue.gates.items() if one.phase != POST_SQUASH]
        after = [_gate(name, one) for name, one in queue.gates.items() if one.phase == POST_SQUASH]
        groups += [tuple(before)] if queue.gates_parallel else [(gate,) for gate in before]
        groups += [(gate,) for gate in after]
    else:
        groups += [(_gate(name, usual, cmd),) for name, cmd in _of_old(queue) if cmd]
    return Gates(groups=tuple(group for group in groups if group), again=queue.retry_flaky_tests)


def _of_old(queue: MergeQueue) -> tuple[tuple[str, str], ...]:
    return (
        ("typecheck", queue.typecheck_command),
        ("lint", queue.lint_command),
        ("build", queue.build_command),
        ("test", queue.test_command if queue.run_tests else ""),
    )


def _gate(name: str, setting: GateSetting, cmd: str = "") -> Gate:
    limit_s = milliseconds(setting.timeout) / 1_000
    return Gate(name=name, cmd=cmd or setting.cmd, timeout_s=limit_s)


class GateRunner:
    """Runs the gates of one rig in one worktree. `beat` is called now and then meanwhile."""

    def __init__(
        self,
        commands: Commands,
        *,
        tree: Tree,
        env: Mapping[str, str],
        beat: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        self.commands = commands
        self.tree = tree
        self.env = env
        self.beat = beat
        self.stop = stop

    def run(self, gates: Gates, *, base: str, sha: str) -> list[GateResult]:
        """How each gate ended, in order; after a group that did not pass no other is begun.

        Where gates changed files and one failed, all of them begin again on a clean tree: its
        second word is about the commit as well. Whatever they left running is ended. Raises
        BrokenError where it was told to end: then nobody's word counts.
        """
        token = secrets.token_hex(8)
        told = {"GT_MERGE_BASE": base, "GT_MERGE_SHA": sha, RUN: token}
        try:
            found, left = self._once(gates, told, gates.again), gates.again
            while left and self._spoiled(found, gates.again):
                left -= 1
                self.tree.exactly(sha)
                found = _both(found, self._once(gates, told, 0))
        finally:
            if gates.groups:
                self.commands.end_left(RUN, token)
        if self.stop.is_set():
            raise BrokenError("stopped", "it was told to end")
        return found

    def _spoiled(self, found: Sequence[GateResult], again: int) -> bool:
        """Whether a gate failed that may be tried again, and the files are not the commit's."""
        failed = any(one.status == FAILED and one.attempts <= again for one in found)
        return failed and not self.stop.is_set() and not self.tree.unchanged()

    def _once(self, gates: Gates, told: Mapping[str, str], again: int) -> list[GateResult]:
        found: list[GateResult] = []
        for group in gates.groups:
            found += self._group(group, again, told)
            if any(result.status != PASSED for result in found):
                break
        return found

    def _group(
        self, group: Sequence[Gate], again: int, told: Mapping[str, str]
    ) -> list[GateResult]:
        over = threading.Event()
        with ThreadPoolExecutor(len(group), thread_name_prefix="gate") as pool:
            running = [pool.submit(self._gate, gate, again, told, over) for gate in group]
            try:
                left = set(running)
                while left:
                    left = wait(left, timeout=BEAT_S)[1]
                    self.beat()
                    if self.stop.is_set():
                        over.set()
            except BaseException:
                over.set()  # nobody asks for their word any more
                raise
            return [one.result() for one in running]

    def _gate(
        self, gate: Gate, again: int, told: Mapping[str, str], over: threading.Event
    ) -> GateResult:
        if not gate.cmd.strip():
            return GateResult(name=gate.name, cmd="", status=BROKEN, why="it has no command")
        command = Command(
            cmd=gate.cmd, cwd=self.tree.path, env={**self.env, **told}, timeout_s=gate.timeout_s
        )
        attempts, took_ms = 0, 0
        while True:
            ended = self.commands.run(command, over)
            attempts, took_ms = attempts + 1, took_ms + ended.took_ms
            status, why = judged(ended.code, timed_out=ended.timed_out, too_much=ended.too_much)
            if status != FAILED or attempts > again or not self.tree.unchanged():
                return GateResult(
                    name=gate.name, cmd=gate.cmd, status=status, exit=ended.code, why=why,
                    took_ms=took_ms, attempts=attempts, tail=ended.tail[-LINES_MAX:],
                )  # fmt: skip


def _both(before: Sequence[GateResult], after: Sequence[GateResult]) -> list[GateResult]:
    """The later words, with how often those were tried that failed before."""
    failed = {one.name: one.attempts for one in before if one.status == FAILED}
    return [replace(one, attempts=one.attempts + failed.get(one.name, 0)) for one in after]
