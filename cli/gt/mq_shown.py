"""How merge requests are shown: a line each, a whole one with what its gates found, as facts."""

from collections.abc import Sequence
from typing import Any, Final

from cli.escape import cut, one_line
from ledger.merging.queue import Line
from ledger.workspace.work import BLOCKED_REQUEST, GateRun, MergeRequest
from town.market.words import instant, span

BRANCH_CELLS: Final = 34
WORKER_CELLS: Final = 22
STATUSES: Final = {BLOCKED_REQUEST: "blocked"}


def facts_of(line: Line) -> dict[str, Any]:
    """The request as programs read it."""
    one = line.request
    return {
        "id": one.id,
        "rig": one.rig,
        "status": one.state,
        "priority": one.priority,
        "score": round(line.score, 2),
        "branch": one.branch,
        "target": one.target,
        "sha": one.sha,
        "worker": one.worker,
        "source_issue": one.bead,
        "assignment": one.assignment,
        "convoy": one.convoy,
        "retries": one.retries,
        "blocked_by": one.blocked_by,
        "waiting_on": line.waiting_on,
        "needs": list(line.needs),
        "failure": one.failure,
        "reason": one.reason,
        "merge_commit": one.merge_commit,
        "pre_verified_base": one.verified_base,
        "submitted_at": instant(one.submitted_at),
        "updated_at": instant(one.updated_at),
    }


def run_facts(run: GateRun) -> dict[str, Any]:
    """What the gates found of a tree, as programs read it."""
    return {
        "id": run.id,
        "sha": run.sha,
        "base": run.base,
        "requests": list(run.requests),
        "passed": run.passed,
        "why": run.why,
        "gates": dict(run.gates),
        "at": instant(run.at),
        "took_ms": run.took_us // 1_000,
    }


def lines_of(lines: Sequence[Line], now: int) -> list[str]:
    """A table: id, status, priority, branch, worker, age, and what each waits for."""
    head = f"{'ID':<14} {'STATUS':<9} {'PRI':<4} {'BRANCH':<34} {'WORKER':<22} AGE"
    return [head, *(_line(line, now) for line in lines)]


def _line(line: Line, now: int) -> str:
    one = line.request
    age = span((now - one.submitted_at) / 1_000_000)
    waits = f"  ({line.waiting_on})" if line.waiting_on else ""
    branch = cut(one_line(one.branch), BRANCH_CELLS)
    worker = cut(one_line(one.worker), WORKER_CELLS)
    return f"{one.id:<14} {one.state:<9} P{one.priority:<3} {branch:<34} {worker:<22} {age}{waits}"


def request_words(line: Line, runs: Sequence[GateRun], now: int) -> list[str]:
    """One request in full."""
    one = line.request
    age = span((now - one.submitted_at) / 1_000_000)
    words = [
        f"request {one.id} is {one.state}{_why(one)}",
        f"branch  {one_line(one.branch)} at {one.sha[:12]}, for {one_line(one.target)}",
        f"work    {one.bead or 'no bead'}, by {one_line(one.worker)}, {age} old",
        f"order   P{one.priority}, {one.retries} rejected before, score {line.score:.1f}",
    ]
    if one.merge_commit:
        words.append(f"commit  {one.merge_commit}")
    if line.waiting_on:
        words.append(f"waits   {line.waiting_on}")
    return words + [word for run in runs for word in run_words(run)]


def _why(one: MergeRequest) -> str:
    if not one.reason:
        return ""
    kind = f"{one.failure}: " if one.failure else ""
    return f": {kind}{one_line(one.reason)}"


def run_words(run: GateRun) -> list[str]:
    """What the gates found of a tree."""
    how = "passed" if run.passed else "failed"
    gates = ", ".join(f"{name} {facts.get('status', '')}" for name, facts in run.gates.items())
    told = gates or "no gates"
    return [f"gates   {run.sha[:12]} {how} ({run.why}, {run.took_us // 1_000} ms): {told}"]
