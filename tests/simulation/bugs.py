"""Five faults planted on purpose: a simulator that does not catch them watches nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from ledger import actions, admission, handed, walk, wanted
from ledger.memory import MemoryStore
from ledger.walk import Verdict
from stamps.record import vouch
from town.market.conduct import Conduct


@contextmanager
def replaced(place: Any, name: str, bug: Any) -> Iterator[None]:
    """The part is the faulty one inside the block: the one place where code is exchanged."""
    honest = getattr(place, name)
    setattr(place, name, bug)
    try:
        yield
    finally:
        setattr(place, name, honest)


@contextmanager
def skipped_signature() -> Iterator[None]:
    """Nobody looks at signatures any more."""
    with replaced(admission, "verify", vouch):
        yield


@contextmanager
def ignored_decides() -> Iterator[None]:
    """A decision counts wherever it says it stands."""

    def careless(world: Any, path: Any, candidates: Any, judge: Callable[..., Verdict]) -> Any:
        done = {record.id for record in path.effective}
        for record in candidates:
            if record.id in done or not path.alive(world, record):
                continue
            if judge(record) is Verdict.EFFECTIVE:
                return record
        return None

    with replaced(walk, "_next", careless):
        yield


@contextmanager
def dropped_on_crash() -> Iterator[None]:
    """A process that starts again forgets what it had written last."""
    honest = MemoryStore.reopened

    def forgetful(self: MemoryStore, faults: Any) -> MemoryStore:
        for record_id in list(self._journal)[-2:]:
            del self._journal[record_id]
            self._tail.pop(record_id, None)
        self.clear_projections()
        return honest(self, faults)

    with replaced(MemoryStore, "reopened", forgetful):
        yield


@contextmanager
def folded_by_arrival() -> Iterator[None]:
    """Hand-ins are numbered as they came in here, not by their time."""
    honest = handed.attempts_of

    def careless(world: Any, state: Any, submissions: Any) -> Any:
        arrived = [record for record in world.about(state.post.id) if record.kind == "work.submit"]
        number = {record.id: n for n, record in enumerate(arrived, 1)}
        return tuple(
            msgspec.structs.replace(attempt, n=number.get(attempt.id, attempt.n))
            for attempt in honest(world, state, submissions)
        )

    with replaced(wanted, "attempts_of", careless):
        yield


@contextmanager
def stale_lease() -> Iterator[None]:
    """A home ends claims by the time of the grant, whatever renewals it holds."""

    def careless(self: Conduct, journal: Any, story: Any, now: int) -> bool:
        for held in story.open_grants:
            if now < held.at + held.lease_s * 1_000_000 or held.renew is None:
                continue
            pointer = story.pointer
            body = {"decides": pointer, "grant": held.id, "cause": "lapsed"}
            entry = actions.compose(
                journal, self.author, kind="claim.end", body=body, now=now, about=story.post.id
            )
            self.say(journal, entry)
            return True
        return honest(self, journal, story, now)

    honest = Conduct._end
    with replaced(Conduct, "_end", careless):
        yield


PLANTED = {
    "skipped signature": skipped_signature,
    "ignored decides": ignored_decides,
    "dropped on crash": dropped_on_crash,
    "folded by arrival": folded_by_arrival,
    "stale lease": stale_lease,
}
