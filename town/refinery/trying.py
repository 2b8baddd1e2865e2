"""One batch on one commit of its target: stacked, tried by the gates, looked through for culprits.

It records what each run of the gates found. It pushes nothing and gives nothing back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.merging.isolating import BATCH, Answer, Apart, Isolation, Outcome, Try, Verdict
from ledger.merging.judging import BROKEN, GateResult, first_bad, outcome_of
from ledger.merging.queue import Line
from ledger.workspace.work import GateRun, MergeRequest
from town.refinery.gates import GateRunner, Gates
from town.refinery.records import Records
from town.refinery.scratch import NOTHING, Scratch, Stack, Unstacked

VERIFIED: Final = "pre-verified"
SKIPPED: Final = "skipped"
NO_GATES: Final = "no gates are configured"


@dataclass(slots=True)
class Tried:
    """What came of a batch on one base."""

    base: str
    verdict: Verdict
    commits: dict[str, str] = field(default_factory=dict)
    tip: str = ""
    unstacked: dict[str, Unstacked] = field(default_factory=dict)
    blamed: dict[str, GateRun] = field(default_factory=dict)  # the run that each culprit failed
    broken: str = ""  # why the gates could not be run


class Trying:
    """Tries batches of one rig in its scratch worktree."""

    def __init__(
        self, scratch: Scratch, runner: GateRunner, records: Records, gates: Gates, *, again: bool
    ) -> None:
        self.scratch = scratch
        self.runner = runner
        self.records = records
        self.gates = gates
        self.again = again

    def tried(self, lines: Sequence[Line], base: str, needs: Mapping[str, frozenset[str]]) -> Tried:
        """What may be merged onto the base, and what became of the rest. Raises GitError."""
        requests = {line.request.id: line.request for line in lines}
        known = self.records.passed_before(base, self.gates.commands) if self.gates.count else True
        isolation = Isolation(list(requests), needs=needs, again=self.again, target_known=known)
        result = Tried(base, isolation.verdict)
        running = isolation.run()
        wish, done = next(running), False
        while not done:
            answer = self._answer(wish, requests, result)
            try:
                wish = running.send(answer)
            except StopIteration:
                done = True
        self._settle(result, requests)
        return result

    def _settle(self, result: Tried, requests: Mapping[str, MergeRequest]) -> None:
        merged = [requests[one] for one in result.verdict.merged]
        stack = self.scratch.stack(result.base, merged)  # built before: it is looked up
        result.commits, result.tip = dict(stack.commits), stack.tip

    def _answer(self, wish: Try, requests: Mapping[str, MergeRequest], result: Tried) -> Answer:
        stack = self.scratch.stack(result.base, [requests[one] for one in wish.ids])
        if stack.unstacked:
            result.unstacked |= stack.unstacked
            return Apart(frozenset(stack.unstacked))
        run = self.gated(stack, wish)
        outcome = outcome_of(_results(run))
        if outcome is Outcome.BROKEN:
            name, facts = _broken(run)
            result.broken = f"gate {name} ({facts.get('cmd', '')}): {facts.get('why', '')}"
        if outcome is not Outcome.PASSED and wish.suspects:
            result.blamed |= dict.fromkeys(wish.suspects, run)  # the last run that it failed
        return outcome

    def gated(self, stack: Stack, wish: Try) -> GateRun:
        """What the gates found of the stack, kept by its commit."""
        records = self.records
        begun = records.ports.now()
        results = self.runner.run(self.gates, base=stack.base, sha=stack.tip)
        run = GateRun(
            id=f"gr-{records.ports.new_secret().hex()[:16]}",
            rig=records.rig,
            sha=stack.tip,
            base=stack.base,
            requests=wish.ids,
            passed=outcome_of(results) is Outcome.PASSED,
            why=wish.why,
            gates={result.name: result.facts() for result in results},
            at=begun,
            took_us=records.ports.now() - begun,
        )
        return records.gated(run, flaky=any(result.flaky for result in results))

    def verified(self, line: Line, base: str) -> Tried | None:
        """The request alone, where its worker tried this very tree; None where it did not.

        The gates are not run again; that, and why, is kept as a run of its own.
        """
        request = line.request
        if request.verified_base != base or line.needs:
            return None
        stack = self.scratch.stack(base, [request])
        if stack.unstacked or not self.scratch.same_tree(stack.tip, request.sha):
            return None
        now = self.records.ports.now()
        why = f"{request.worker} says that the gates passed on {base}, which is the target still"
        run = GateRun(
            id=f"gr-{self.records.ports.new_secret().hex()[:16]}", rig=self.records.rig,
            sha=stack.tip, base=base, requests=(request.id,), passed=True, why=VERIFIED,
            gates={VERIFIED: {"status": SKIPPED, "why": why}}, at=now,
        )  # fmt: skip
        self.records.gated(run, flaky=False)
        verdict = Verdict(merged=(request.id,))
        return Tried(base, verdict, commits=dict(stack.commits), tip=stack.tip)


def _results(run: GateRun) -> list[GateResult]:
    names = ("cmd", "status", "exit", "took_ms", "attempts", "tail", "why")
    return [
        GateResult(name=name, **{key: facts[key] for key in names})
        for name, facts in run.gates.items()
    ]


def _broken(run: GateRun) -> tuple[str, Mapping[str, object]]:
    for name, facts in run.gates.items():
        if facts.get("status") == BROKEN:
            return name, facts
    return first_bad(run.gates)


def has_all(unstacked: Unstacked) -> bool:
    """Whether the target itself has everything of the request."""
    return unstacked.why == NOTHING


__all__ = ["BATCH", "NO_GATES", "Tried", "Trying", "has_all"]
