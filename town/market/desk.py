"""What every use case stands on: the town, the ports, and the one way to say something.

Every record and every word to a peer goes through here, so that a rehearsal (`--dry-run`) stops
before the first of them, whatever the use case. It decides nothing about items.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ledger.actions import Author
from ledger.admission import STORED, Code
from ledger.journal import Journal
from stamps.clock import SECOND_US, Drift, judge_drift
from stamps.identity import DeviceKey
from stamps.record import Entry, Envelope
from town.market.answer import Answer, Next, Stop
from town.market.errors import (
    ClockAheadHereError,
    ClockBehindHereError,
    NotKeptError,
    NoTownHereError,
)
from town.market.ports import Ports
from town.market.rehearsal import rehearsal_lines
from town.market.stops import stop_orders
from town.market.town import Town

Result = TypeVar("Result")


class _Rehearsed(Exception):  # noqa: N818  # it ends a rehearsal, nothing went wrong
    """What would have been said now."""

    def __init__(self, what: str, facts: Mapping[str, Any]) -> None:
        super().__init__(what)
        self.what = what
        self.facts = facts


class Desk:
    """The town's place of work. `rehearsing` ends each use case before it says anything."""

    def __init__(self, town: Town, ports: Ports, *, rehearsing: bool = False) -> None:
        self.town = town
        self.ports = ports
        self.rehearsing = rehearsing
        self.undelivered: tuple[str, ...] = ()  # what a command without a node could not bring

    # --- running

    def run(self, work: Callable[[], Result]) -> Result:
        """The result of work done in the ledger's thread."""
        return self.ports.run(work)

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return self.ports.now()

    def rehearsed(self, use: Callable[[], Answer]) -> Answer:
        """What the use case would say first, nothing said. It must be called on a rehearsing desk.

        A use case that has nothing to say answers as ever.
        """
        try:
            return use()
        except _Rehearsed as would:
            data = {"would": would.what, **would.facts}
            words = rehearsal_lines(would.what, would.facts)
            return Answer(schema="wl.v1.rehearsal", data=data, words=words)

    def new_key(self) -> DeviceKey:
        """A key that nobody had before; chance comes from the port, 16 bytes at a time."""
        return DeviceKey.from_seed(self.ports.new_secret() + self.ports.new_secret())

    # --- saying

    def say(self, journal: Journal, entry: Entry) -> Entry:
        """Our record is durable in our ledger and on its way to the peers (records 2.7).

        Raises ClockOffError, and NotKeptError when our own ledger does not take it.
        """
        record = entry.record
        self.check_clock()
        self.about_to(
            record.kind,
            {"about": record.about, "body": record.body, "scope": record.scope},
        )
        [outcome] = journal.record([Envelope(record, entry.signature)], now=self.now())
        if outcome.code not in STORED and outcome.code != Code.HELD:
            raise NotKeptError(record.kind, str(outcome.code))
        self.town.spoken.append((journal.wasteland, record.kind, record.about or record.id))
        if journal.wasteland:
            self.ports.peers.push(journal.wasteland)
        return entry

    def check_clock(self) -> None:
        """Nothing happens while the clock may sign (records 2.6). Raises ClockOffError."""
        ahead = self.ports.peers.ahead_s() or 0
        if judge_drift(ahead * SECOND_US) is Drift.REFUSE:
            raise ClockAheadHereError(ahead) if ahead > 0 else ClockBehindHereError(ahead)

    def _clock_warning(self) -> tuple[str, ...]:
        ahead = self.ports.peers.ahead_s() or 0
        if judge_drift(ahead * SECOND_US) is Drift.CLOSE:
            return ()
        way = "ahead of" if ahead > 0 else "behind"
        return (f"this machine's clock is {abs(ahead)} s {way} its peers': set it right",)

    def about_to(self, what: str, facts: Mapping[str, Any]) -> None:
        """Nothing happens, except that a rehearsal ends here."""
        if self.rehearsing:
            raise _Rehearsed(what, facts)

    # --- asking

    @property
    def own_account(self) -> str:
        """Who this town is, also where its key may not sign. Raises NoTownHereError."""
        if not self.town.account:
            raise NoTownHereError
        return self.town.account

    @property
    def author(self) -> Author:
        """Who signs here."""
        return self.town.author

    def board(self, name: str = "") -> Journal:
        """The ledger of the current wasteland, or of the one named. Raises."""
        return self.town.called(name)

    def answer(
        self,
        schema: str,
        data: Any,
        words: tuple[str, ...] = (),
        *,
        next_: tuple[Next, ...] = (),
        exit_: int = 0,
        error: Mapping[str, Any] | None = None,
        warn: tuple[str, ...] = (),
    ) -> Answer:
        """The answer, with what every answer carries: stop orders, what was heard, the unsent."""
        wasteland = self.town.current
        standing = self.ports.peers.standing(wasteland) if wasteland else None
        return Answer(
            schema=schema,
            data=data,
            words=words,
            next=next_,
            exit=exit_,
            error=error,
            warn=(*warn, *self.undelivered, *self._clock_warning()),
            stop=self.run(self._stops),
            heard_s=standing.heard_s if standing else None,
            unsent=standing.unsent if standing else 0,
        )

    def _stops(self) -> tuple[Stop, ...]:
        if not self.town.account:
            return ()
        return stop_orders(self.town, agent=self.ports.agent, now=self.now())


def with_exit(answer: Answer, code: int) -> Answer:
    """The same answer with another exit code."""
    return replace(answer, exit=code)
