"""The one door into a ledger: every record of every origin passes here, and nowhere else.

It orders the steps (judge, keep, fold, show) and owns the state in memory; the rules are in
the pure modules, the durability is the store's. One thread at a time may use a journal.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import repeat
from typing import Any, NamedTuple

from ledger.admission import STORED, Admitted, Code, Gate
from ledger.chains import ChainState
from ledger.cluster import weighed
from ledger.held import Held, MemoryHeld, Overlay
from ledger.known import StoreIndex
from ledger.loose import STILL, Loose
from ledger.project import Projector
from ledger.registrar import Registry, policy_values
from ledger.state import LedgerState
from ledger.store import Projection, Store, StoreError, Subject
from ledger.story import Home, Story
from ledger.wanted import fold_item
from ledger.world import row_name
from stamps.accounts import AccountLog
from stamps.limits import PREFIX_CHARS_MIN
from stamps.record import ChainKey, Entry, Envelope, Record

PARKED_MAX = 1_000
TAIL_MAX = 10_000  # twice as many in one projection write 30 % less to the disk
ARRIVALS_MAX = 100_000


def _nobody_asks() -> None:
    """Nobody waits for a word."""


class Outcome(NamedTuple):
    """What became of one record: a code (see `Code`), and the entry if it is held now."""

    code: str
    entry: Entry | None


class Journal:
    """One wasteland's ledger. `wasteland` is empty for a town's own accounts alone."""

    def __init__(self, store: Store, *, wasteland: str) -> None:
        self.store = store
        self._wasteland = wasteland
        self.version = 0  # rises with every record taken
        self.streaming = False  # a long stream comes in: what follows from it can wait
        self._turned: dict[str, tuple[str, ...]] | None = None  # with the home of an item
        self._arrivals: dict[str, int] = {}
        self._parked: dict[str, Envelope] = {}
        self._load()

    @classmethod
    def open(
        cls, store: Store, *, wasteland: str, busy: Callable[[], None] = _nobody_asks
    ) -> "Journal":
        """The ledger as its store keeps it; a tail that a crash left is projected first.

        Of a long one, as after a change of the indexes, `busy` is told after each part.
        """
        journal = cls(store, wasteland=wasteland)
        journal.reload(busy)
        journal._promote(tuple(journal.loose))  # what a crash left half done
        journal.flush()
        return journal

    def _load(self) -> None:
        self.index = StoreIndex(self.store)
        self.loose = Loose(self.store.loose())
        self._tail = MemoryHeld()
        self._fresh: list[Entry] = []  # taken, not written yet
        self._held = Overlay(self.store, self._tail)
        self.state = LedgerState(self._wasteland, self._held, self.index)
        self.state.load(self.store.chains())
        self._gate = Gate(self.state, self.index.awaits)
        self._projector = Projector(self.state, self.index)
        self._projector.settle()

    def _recover(self) -> None:
        """The memory says what the disk says: it must not know more."""
        self._load()
        for batch in self.store.tail():
            for entry in batch:
                self._take(entry)

    @property
    def wasteland(self) -> str:
        """The id of the wasteland."""
        return self._wasteland

    @property
    def held(self) -> Held:
        """Everything held, the unprojected tail included."""
        return self._held

    # --- the door

    def record(
        self,
        envelopes: Sequence[Envelope],
        *,
        now: int,
        bulk: bool = False,
        holds: Sequence[bool | None] = (),
    ) -> list[Outcome]:
        """Each record was judged, and what was admitted is durable; `now` in microseconds.

        `bulk` lets the projections follow later (see `flush`). `holds` says of each whether its
        signature does, where a worker has looked (see `checks`). Raises StoreError when the store
        cannot keep what was admitted: what did not become durable is not held then.
        """
        outcomes: list[Outcome] = []
        for envelope, known in zip(envelopes, holds or repeat(None), strict=False):
            code, entry = self._admit(envelope, now, holds=known)
            outcomes.append(Outcome(code, entry))
            if entry is not None:
                self._enter(entry)
        self._keep(bulk=bulk)
        return outcomes

    def record_pair(self, one: Envelope, other: Envelope) -> Outcome:
        """The pair that proves a fork was judged as one thing (records 2.3)."""
        code, entries = self._gate.admit_pair(one, other)
        for entry in entries:
            self._enter(entry)
        self._keep(bulk=False)
        return Outcome(code, entries[0] if entries else None)

    def shelve(self, envelopes: Sequence[Envelope], *, now: int) -> list[Outcome]:
        """Each record passed the door, or is loose where only its chain is not here (records 2.2).

        What is loose is verified and durable; it comes in by itself when its chain does.
        """
        outcomes = self.record(envelopes, now=now)
        fresh: list[Entry] = []
        for at, envelope in enumerate(envelopes):
            if self._lacks_chain(envelope.record, outcomes[at].code):
                code, entry = self.loose.lay(envelope)
                outcomes[at] = Outcome(code, None)
                fresh += [entry] if entry is not None else []
        came = self._promote(fresh)  # one may be what another waits for
        self._keep(bulk=False)
        try:
            self.store.shelve([e for e in fresh if e.record.id in self.loose], ())
        except StoreError:
            self._recover()
            raise
        return [
            Outcome(came[e.record.id], None) if e.record.id in came else outcome
            for e, outcome in zip(envelopes, outcomes, strict=True)
        ]

    def empty_loose(self) -> None:
        """Nothing is loose any more; their chain brings them again."""
        self.store.shelve((), tuple(self.loose))
        self.loose = Loose()

    def _lacks_chain(self, record: Record, code: str) -> bool:
        """Whether all that is missing comes before it: in its chain, or its author's whole log."""
        if record.scope == "account" or record.scope.startswith("new:") or self.genesis() is None:
            return False
        unknown = code == Code.UNKNOWN_DEVICE and self.state.log(record.account) is None
        return unknown or code == Code.GAP

    def _promote(self, due: Iterable[Entry]) -> dict[str, Code]:
        """Loose records passed the door as far as it lets them; those that are loose no more."""
        left = deque(due)
        found: dict[str, Code] = {}
        while left:
            record = left[0].record
            code, taken = self._tried(left.popleft())
            if code in STILL or record.id not in self.loose:
                continue
            self.loose.take(record.id)
            found[record.id] = code
            for entry in taken:
                found[entry.record.id] = code
                self._take(entry)
                self._fresh.append(entry)
                left.extend(self.loose.due(entry.record))
        return found

    def _tried(self, entry: Entry) -> tuple[Code, tuple[Entry, ...]]:
        """What the door says of a loose record, or of the pair it makes in its slot (2.3)."""
        one = Envelope(entry.record, entry.signature)
        # Its clock was looked at when it came.
        code, taken = self._gate.admit(one, now=entry.record.at, holds=True)
        other = self.loose.beside(entry.record) if code is Code.GAP else None
        if other is not None:
            both, pair = self._gate.admit_pair(one, Envelope(other.record, other.signature))
            if both is Code.FORK:
                return both, pair
        return code, (taken,) if taken is not None else ()

    def _admit(self, envelope: Envelope, now: int, *, holds: bool | None) -> Admitted:
        code, entry = self._gate.admit(envelope, now=now, holds=holds)
        if code is Code.PARKED and len(self._parked) < PARKED_MAX:
            self._parked[envelope.record.id] = envelope
        refused = code not in STORED and code is not Code.HELD
        if refused and self.state.dirty and envelope.record.scope != "account":
            # A decision that was taken but not folded yet may pin exactly this record.
            self.flush()
            code, entry = self._gate.admit(envelope, now=now, holds=holds)
        return code, entry

    def _enter(self, entry: Entry) -> None:
        """The record is taken, and with it what waited for it."""
        self._take(entry)
        self._fresh.append(entry)
        if len(self.loose):
            self._promote(self.loose.due(entry.record))

    def _take(self, entry: Entry) -> None:
        self.state.log(entry.record.account)  # as it stood before
        self._tail.add(entry)
        self.state.take(entry)
        self._hear(entry)
        if self.index.awaits(entry.record.id):
            for subject in self.index.waiting(entry.record.id):
                self.state.dirty[subject] = None
        self.version += 1

    def _hear(self, entry: Entry) -> None:
        """Requests are remembered in the order they were heard, which `first` means (5.7)."""
        if entry.record.kind == "claim.bid":
            while len(self._arrivals) >= ARRIVALS_MAX:
                del self._arrivals[next(iter(self._arrivals))]
            self._arrivals[entry.record.id] = self.version

    def _keep(self, *, bulk: bool) -> None:
        if len(self.loose):
            self._promote(self.loose.stirred())
        if self._fresh and bulk and len(self._tail) < TAIL_MAX:
            self._written(None)
        elif self._fresh:
            self.flush()
        self._let_go()

    def _let_go(self) -> None:
        """What is loose no more is not kept twice; a store that cannot now is asked once more."""
        if self.loose.gone:
            with suppress(StoreError):  # what came in is durable, and that is what was promised
                self.store.shelve((), self.loose.gone)
                self.loose.gone = []

    def flush(self) -> None:
        """Everything taken is durable; rows and indexes cover every record held."""
        while self._fresh or len(self._tail) or self.state.dirty:
            before = self._projector.names
            subjects = self._flushed()
            if len(self.loose):
                self._promote(self._woken(subjects, before))
        self._let_go()

    def _woken(self, subjects: Sequence[Subject], before: Registry) -> Sequence[Entry]:
        """Loose records that a decision names now, or whose author is welcome now (2.4)."""
        after = self._projector.names
        welcome = (before.ever ^ after.ever) | (before.registrars ^ after.registrars)
        named = self.loose.named(one for subject in subjects for one in subject.waits)
        return [*named, *(one for account in welcome for one in self.loose.said_by(account))]

    def _flushed(self) -> Sequence[Subject]:
        """What was folded of all that was touched."""
        subjects = tuple(self._projector.folded())
        chains = [self.state.chains[key] for key in self.state.changed_chains]
        self._written(
            Projection(entries=tuple(self._tail.entries()), chains=chains, subjects=subjects)
        )
        self.index.apply(subjects)
        if self._turned is not None:
            self._turned.update((s.id, tuple(s.card.get("home", ()))) for s in subjects)
        self.state.changed_chains.clear()
        self._tail.clear()
        return subjects

    def _written(self, projection: Projection | None) -> None:
        fresh, self._fresh = self._fresh, []
        try:
            self.store.write(fresh, projection)
        except StoreError:
            self._recover()
            raise

    def unpark(self, *, now: int) -> list[Outcome]:
        """Records that came from the future and are due now were judged again (records 2.1)."""
        due = [e for e in self._parked.values() if e.record.at <= now]
        for envelope in due:
            del self._parked[envelope.record.id]
        return self.record(due, now=now) if due else []

    def reload(self, busy: Callable[[], None] = _nobody_asks) -> None:
        """The memory says what the store says, and nothing else; a long tail is projected."""
        self._load()
        for batch in self.store.tail():
            if len(self._tail) >= TAIL_MAX:
                self.flush()
                busy()
            for entry in batch:
                self._take(entry)

    # --- for whoever acts on changes

    def turned(self, home: tuple[str, str]) -> list[str]:
        """Subjects folded since the last call, but for items that another home decides about.

        Those from before the first call are not listed.
        """
        turned = self._turned or {}
        found = [subject for subject, where in turned.items() if where in ((), home)]
        self._turned = {}
        return found

    def heard(self, record_id: str) -> int:
        """The place of a request in the order of hearing; 0 for one from before the start."""
        return self._arrivals.get(record_id, 0)

    # --- what is true now

    def genesis(self) -> Record | None:
        """The `wasteland.create` record."""
        return self.state.genesis()

    def registrar(self) -> Home | None:
        """The device that admits people and sets the policy, None for a foreign commons."""
        return self.state.registry.home

    def registrar_pointer(self) -> str:
        """What the registrar's next decision names as `decides` (records 4.3)."""
        return self.state.registry.pointer

    def policy(self) -> Mapping[str, Any]:
        """The policy in force, defaults filled in."""
        if self.genesis() is None:
            return policy_values(None, None)
        return self.state.registry.policy

    def policy_id(self) -> str:
        """What a post written now names as `under` (records 5.2)."""
        return self.state.registry.policy_id

    def log_of(self, account: str) -> AccountLog | None:
        """The account log of somebody, as far as held."""
        return self.state.log(account)

    def name(self, account: str) -> str:
        """The name of an account in rows (records 4.1)."""
        return row_name(self.state, account)

    def admitted(self) -> Mapping[str, str]:
        """Account to handle of everybody admitted now."""
        return self.state.registry.admitted

    def account_named(self, name: str) -> str | None:
        """The account that bears a row name, or whose id starts with it (≥ 4 hex)."""
        bearer = self.state.registry.bearers.get(name)
        if bearer is not None:
            return bearer
        prefix = name.removeprefix("handle~")
        found = [
            a
            for a in self.store.accounts()
            if len(prefix) >= PREFIX_CHARS_MIN and a.startswith(prefix)
        ]
        return found[0] if len(found) == 1 else None

    def story(self, item: str) -> Story | None:
        """The story of an item by its record id, folded from what is held now."""
        post = self.state.record(item)
        if post is None or post.kind != "wanted.post":
            return None
        story = fold_item(self.state, post)
        return weighed(self.state, story) if story is not None else None

    def item_ids(self, prefix: str, limit: int = 10) -> list[str]:
        """Record ids of items whose public id starts with the prefix (`w-3fa9` or `3fa9`)."""
        public = prefix if prefix.startswith("w-") else f"w-{prefix}"
        found = self.store.ids(public, limit)
        rows = (self.index.item_of(item_id) for item_id in found)
        return [item for item in rows if item is not None]

    def head(self, key: ChainKey) -> ChainState | None:
        """The state of a chain, for continuing one's own."""
        return self.state.chains.get(key)

    def seen_at(self) -> int:
        """The greatest `at` of any counted head, 0 for an empty ledger (records 2.6)."""
        return max((chain.head_at for chain in self.state.chains.values()), default=0)
