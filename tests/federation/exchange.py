"""Two ledgers exchanging by the real session, message by message, in one process."""

from dataclasses import dataclass, field
from itertools import count

from federation.answerer import Answerer
from federation.remembered import Memory
from federation.session import Ask, Caller, Done, Report
from ledger.journal import Journal
from ledger.set_journal import JournalReplica
from tests.ledger.test_against_model import NOW


def secrets(name: str):
    """Different bytes at each call, the same in every run."""
    numbers = count()
    return lambda: f"{name}{next(numbers)}".encode().ljust(16, b".")[:16]


@dataclass
class Side:
    """One ledger, and what it remembers of others."""

    name: str
    journal: Journal
    memories: dict[str, Memory] = field(default_factory=dict)

    def memory(self, peer: str) -> Memory:
        return self.memories.setdefault(peer, Memory())


@dataclass
class Talk:
    """What went over the wire."""

    ended: Report | None = None
    asks: list[tuple[str, int, int]] = field(default_factory=list)  # what, out, in

    @property
    def report(self) -> Report:
        """How it ended."""
        assert self.ended is not None, "it was cut"
        return self.ended

    @property
    def bytes(self) -> int:
        return sum(out + back for _, out, back in self.asks)


def talk(one: Side, other: Side, *, cut_after: int | None = None) -> Talk:
    """One exchange; cut after so many messages as a broken line would."""
    caller = Caller(
        JournalReplica(one.journal), one.memory(other.name), new_secret=secrets(one.name)
    )
    answerer = Answerer(
        JournalReplica(other.journal), other.memory, new_secret=secrets(other.name + "!")
    )
    said = Talk()
    step = caller.begin(NOW)
    while isinstance(step, Ask):
        if cut_after is not None and len(said.asks) >= cut_after:
            return said
        answer = answerer.answer(step.what, step.body, peer=one.name, now=NOW)
        said.asks.append((step.what, len(step.body), len(answer)))
        step = caller.received(answer, NOW)
    assert isinstance(step, Done)
    said.ended = step.report
    return said
