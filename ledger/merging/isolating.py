"""Which of several requests may be merged together, and which break the gates.

Pure. It asks for tries of ordered sets on top of the target and is told what came of each; whoever
tries them keeps the order. What it lets through was tried as a whole and passed. Nobody is blamed
on the word of one run: a set that failed once is tried again before its last member is a culprit.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

# Why a set is tried.
BATCH: Final = "batch"  # everything that is left, together
HALF: Final = "half"  # half of what is suspected
AGAIN: Final = "again"  # what failed once, to see whether that was chance
TARGET: Final = "target"  # the target alone: whether it is broken itself
SINGLE: Final = "single"  # one request that might mend a broken target


class Outcome(Enum):
    """What came of trying a set."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"  # the gates could not be run: that says nothing about the set


@dataclass(frozen=True, slots=True)
class Apart:
    """These of the set could not be stacked, so nothing was tried."""

    ids: frozenset[str]


Answer = Outcome | Apart


@dataclass(frozen=True, slots=True)
class Try:
    """A wish: these requests in this order on the target. Those of `good` passed before."""

    good: tuple[str, ...]
    suspects: tuple[str, ...]
    why: str

    @property
    def ids(self) -> tuple[str, ...]:
        """Everything that is to be stacked."""
        return self.good + self.suspects


@dataclass(slots=True)
class Verdict:
    """What may be merged, in order, and what became of the rest; whoever is nowhere waits on."""

    merged: tuple[str, ...] = ()
    culprits: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # they need one that is not merged
    apart: list[str] = field(default_factory=list)  # they could not be stacked
    flaky: list[tuple[str, ...]] = field(default_factory=list)  # failed once, then passed
    broken: bool = False  # the gates could not be run; nothing is merged
    target_broken: bool = False  # the gates fail on the target itself
    runs: int = 0


Isolating = Generator[Try, Answer, Verdict]
Search = Generator[Try, Answer, str | None]


class Isolation:
    """One batch, being looked through."""

    def __init__(
        self,
        ids: Sequence[str],
        *,
        needs: Mapping[str, frozenset[str]] | None = None,
        again: bool = True,
        target_known: bool = False,
    ) -> None:
        self.rest = tuple(ids)
        self.good: tuple[str, ...] = ()
        self.needs = needs or {}
        self.again = again
        self.target_known = target_known
        self.can_run = False  # whether the gates were seen to run since they once did not
        self.verdict = Verdict()

    def run(self) -> Isolating:
        """The verdict, once every try that it takes was answered."""
        batch = self.rest
        while self.rest:
            answer = yield from self._ask(self.rest, BATCH)
            if answer is Outcome.PASSED:
                self.good += self.rest
                break
            if answer is Outcome.FAILED:
                culprit = yield from self._search()
                if culprit is not None:
                    self._blame(culprit)
            if self.verdict.broken:
                return self.verdict
            if self.verdict.target_broken:
                yield from self._mend(batch)
                return self.verdict
        self.verdict.merged = self.good
        return self.verdict

    def _ask(self, suspects: tuple[str, ...], why: str) -> Generator[Try, Answer, Outcome | None]:
        """What came of the try; None where some were taken apart from it instead."""
        answer = yield Try(self.good, suspects, why)
        if isinstance(answer, Apart):
            found = [one for one in self.rest if one in answer.ids]
            if not found:
                raise ValueError(f"none of {sorted(answer.ids)} was asked for")
            self.verdict.apart += found
            self._without(found)
            return None
        self.verdict.runs += 1
        if answer is Outcome.BROKEN:
            return (yield from self._broken(bare=not (self.good or suspects)))
        return answer

    def _broken(self, *, bare: bool) -> Generator[Try, Answer, Outcome]:
        """Gates that cannot be run are nobody's fault, unless they can be on the target alone.

        A set that keeps them from running, such as by removing their script, fails.
        """
        if not self.can_run and not bare:
            alone = yield Try((), (), TARGET)
            self.verdict.runs += 1
            self.can_run = isinstance(alone, Outcome) and alone is not Outcome.BROKEN
            self.target_known |= alone is Outcome.PASSED
            self.verdict.target_broken |= alone is Outcome.FAILED
        if self.can_run and not bare:
            return Outcome.FAILED
        self.verdict.broken = True
        return Outcome.BROKEN

    def _without(self, gone: Sequence[str]) -> None:
        """Those are out of the batch, and so is everybody who needs one of them."""
        out = set(gone)
        left = []
        for one in self.rest:
            if one in out:
                continue
            if self.needs.get(one, frozenset()) & out:
                out.add(one)
                self.verdict.skipped.append(one)
            else:
                left.append(one)
        self.rest = tuple(left)

    def _search(self) -> Search:
        """The first of the rest that fails on top of what is good; None where nobody does."""
        suspects, failures = self.rest, 1
        while len(suspects) > 1:
            left = suspects[: len(suspects) // 2]
            answer = yield from self._ask(left, HALF)
            if answer is Outcome.PASSED:
                self.good += left
                self.rest = self.rest[len(left) :]
                suspects = suspects[len(left) :]
            elif answer is Outcome.FAILED:
                suspects, failures = left, failures + 1
            else:
                return None
        if self.again and failures == 1:
            answer = yield from self._ask(suspects, AGAIN)
            if answer is Outcome.PASSED:  # the whole rest, for nobody comes after it
                self.verdict.flaky.append(self.good + suspects)
                self.good += suspects
                self.rest = ()
            if answer is not Outcome.FAILED:
                return None
        return (yield from self._on_target(suspects[0]))

    def _on_target(self, suspect: str) -> Search:
        """The suspect; None where the target fails without it."""
        if self.verdict.target_broken:
            return None
        if self.good or self.target_known:
            return suspect
        answer = yield from self._ask((), TARGET)
        self.verdict.target_broken = answer is Outcome.FAILED
        self.target_known = answer is Outcome.PASSED
        return suspect if self.target_known else None

    def _blame(self, culprit: str) -> None:
        self.verdict.culprits.append(culprit)
        self._without((culprit,))

    def _mend(self, batch: tuple[str, ...]) -> Generator[Try, Answer, None]:
        """Of a target that is broken itself: the first request that mends it is merged alone."""
        tried = self.rest[0]
        for one in batch:
            if one == tried or one not in self.rest or self.needs.get(one, frozenset()) & {*batch}:
                continue
            answer = yield from self._ask((one,), SINGLE)
            if self.verdict.broken:
                return
            if answer is Outcome.PASSED:
                self.verdict.merged = (one,)
                return
