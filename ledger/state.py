"""What a ledger knows of its wasteland while it runs: logs, chains, names, what to fold again.

It takes admitted records one by one and says which subjects they touch; folding happens when
asked. It decides nothing about admission and writes nothing: the journal does.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ledger.chains import ChainState, continues, extend, judge
from ledger.held import Held
from ledger.registrar import Registry, fold_registrar, invites_only
from ledger.touched import subjects_of
from stamps.accounts import AccountLog
from stamps.kinds import REGISTRAR_KINDS
from stamps.limits import INTEGER_MAX
from stamps.record import ChainKey, Entry, Record

StampPlace = tuple[int, str, str]  # at, stamp id, subject


class Index(Protocol):
    """What the state asks of the projections below it."""

    def waiting(self, key: str) -> Sequence[str]:
        """Subjects that wait for this key."""
        ...

    def stamps_by(self, author: str) -> Sequence[StampPlace]:
        """(at, stamp id, subject) of the author's effective stamps."""
        ...

    def givers(self, subject: str) -> Sequence[str]:
        """Authors of the effective stamps that a subject gave."""
        ...


class LedgerState:
    """The held set of one wasteland, judged; the World that the fold reads."""

    def __init__(self, wasteland: str, held: Held, index: Index) -> None:
        self._wasteland = wasteland
        self.held = held
        self.index = index
        self.chains: dict[ChainKey, ChainState] = {}
        self.changed_chains: set[ChainKey] = set()
        self.dirty: dict[str, None] = {}
        self._account_chains: dict[str, set[ChainKey]] = {}
        self._logs: dict[str, AccountLog | None] = {}
        self._registry: Registry | None = None
        self._genesis: Record | None = None
        self._by_invite: bool | None = None  # None until the genesis is held
        self._joins: dict[str, dict[str, None]] | None = None  # ids by account, once asked
        self._stamps: dict[str, list[StampPlace]] = {}
        self._givers: dict[str, set[str]] = {}

    @property
    def wasteland(self) -> str:
        """The id of the wasteland."""
        return self._wasteland

    # --- the World of the fold

    def record(self, record_id: str) -> Record | None:
        """The held record of this id."""
        if record_id == self._wasteland and self._genesis is not None:
            return self._genesis
        entry = self.held.entry(record_id)
        return entry.record if entry is not None else None

    def about(self, subject: str) -> Sequence[Record]:
        """All held records about a subject."""
        return [entry.record for entry in self.held.about(subject)]

    def joins(self, account: str) -> Sequence[Record]:
        """The account's `rig.join` records; everybody's are looked for once."""
        if self._joins is None:
            held = self.about(self._wasteland)
            self._joins = {}
            for record in held:
                self._join(record)
        found = (self.record(one) for one in self._joins.get(account, ()))
        return [record for record in found if record is not None]

    def _join(self, record: Record) -> None:
        asks = record.kind == "rig.join" and record.about == self._wasteland
        if self._joins is not None and asks:
            self._joins.setdefault(record.account, {})[record.id] = None

    def log(self, account: str) -> AccountLog | None:
        """The account log, loaded once."""
        if account not in self._logs:
            self._logs[account] = load_log(self.held.log(account))
        return self._logs[account]

    def chain(self, key: ChainKey) -> ChainState | None:
        """The state of a chain."""
        return self.chains.get(key)

    def chain_records(self, key: ChainKey) -> Sequence[Record]:
        """The counted records of a chain, in order."""
        state = self.chains.get(key)
        if state is None or not state.counted:
            return ()
        held = self.held.slots(key, 0, state.head_seq)
        return [entry.record for entry in held if state.counts(entry.record)]

    def slot(self, key: ChainKey, seq: int) -> Record | None:
        """The counted record of a chain at a seq."""
        state = self.chains.get(key)
        if state is None or not 0 <= seq < state.counted:
            return None
        held = (entry.record for entry in self.held.slots(key, seq, seq))
        return next((record for record in held if state.counts(record)), None)

    def chains_of(self, account: str) -> Iterable[ChainKey]:
        """The chains of an account, in a fixed order."""
        return sorted(self._account_chains.get(account, ()))

    def stamp_before(self, author: str, at: int, stamp_id: str) -> str | None:
        """The author's effective stamp before this one (records 7.3)."""
        places = self._stamps_of(author)
        at_place = bisect_left(places, (at, stamp_id, ""))
        return places[at_place - 1][1] if at_place else None

    def welcome(self, account: str) -> bool:
        """Whether `join` lets the account count (records 2.4)."""
        if not self.by_invite:
            return True
        return account in self.registry.ever or account in self.registry.registrars

    def admitted(self) -> Mapping[str, str]:
        """Account to admitted handle."""
        return self.registry.admitted

    def bearers(self) -> Mapping[str, str]:
        """Handle to the account that bears it for good."""
        return self.registry.bearers

    def genesis(self) -> Record | None:
        """The `wasteland.create` record once it is held; it never changes."""
        if self._genesis is None and self._wasteland:
            self._genesis = self.record(self._wasteland)
        return self._genesis

    @property
    def by_invite(self) -> bool:
        """Whether only admitted accounts count."""
        if self._by_invite is None:
            genesis = self.genesis()
            if genesis is None:
                return False
            self._by_invite = invites_only(genesis)
        return self._by_invite

    @property
    def registry(self) -> Registry:
        """The registrar's decisions, folded again when they may have changed."""
        if self._registry is None:
            self._registry = fold_registrar(self)
        return self._registry

    # --- taking records

    def load(self, states: Iterable[ChainState]) -> None:
        """The chains stand as they were projected."""
        for state in states:
            self._put(state)
        self.changed_chains.clear()

    def take(self, entry: Entry) -> None:
        """The admitted record has its effect on logs, chains and the subjects to fold again."""
        record = entry.record
        if record.scope == "account":
            self._take_log(record)
            return
        self._extend(record)
        self._join(record)
        self._touch(subjects_of(self, record))
        decided = record.scope == self._wasteland and record.kind in REGISTRAR_KINDS
        if decided or record.id == self._wasteland:
            self._registry = None

    def _touch(self, subjects: Iterable[str]) -> None:
        for subject in subjects:
            self.dirty[subject] = None

    def _put(self, state: ChainState) -> None:
        self.chains[state.key] = state
        self._account_chains.setdefault(state.key.author, set()).add(state.key)
        self.changed_chains.add(state.key)

    def _extend(self, record: Record) -> None:
        key = record.chain
        state = self.chains.get(key)
        if state is not None and state.plain and continues(state, record):
            self._put(extend(state, record))
        else:
            self.rejudge(key)
        if record.seq == 0:
            self._touch((record.account,))

    def rejudge(self, key: ChainKey) -> None:
        """The chain's state is made anew from all that is held of it."""
        before = self.chains.get(key)
        log = self.log(key.author)
        revoke = log.effective.revokes.get(key.device) if log is not None else None
        held = [entry.record for entry in self.held.slots(key, 0, INTEGER_MAX)]
        after = judge(key, held, revoke)
        if log is None or not log.introduces(key.device):
            after = ChainState(key=key, plain=False, named=False)
        if after == before:
            return
        self._put(after)
        if key.scope == self._wasteland:
            self._registry = None
        self._touch(self.index.waiting(f"head:{key.author}:{key.device}"))
        self._touch(self.index.waiting(f"acts:{key.author}"))
        if before is not None:
            self._touch((key.author,))
            self._touch_chain(held)

    def _touch_chain(self, held: Iterable[Record]) -> None:
        for record in held:
            self._touch(subjects_of(self, record))
            self._touch(self.index.waiting(f"names:{record.id}"))

    def _take_log(self, record: Record) -> None:
        account = record.account
        log = self.log(account)
        if log is None:
            self._logs[account] = log = load_log(self.held.log(account))
        if log is None:  # pragma: no cover - none is admitted before its genesis (records 3.1)
            return
        before = log.effective
        was = [r.id for r in log.path]
        log.add(record)
        device = record.body.get("device", "")
        if record.kind in ("rig.register", "device.add"):
            self._touch(self.index.waiting(f"path:{account}:{device}"))
        grown = [r.id for r in log.path][: len(was)] == was
        simple = grown and before.revokes == log.effective.revokes
        if not simple:
            self._log_turned(account)
        elif record.kind in ("rig.register", "device.add"):
            for key in self.chains_of(account):
                if key.device == device:
                    self.rejudge(key)

    def _log_turned(self, account: str) -> None:
        """A revoke or a better branch: everything the account ever touched is judged anew."""
        for key in self.chains_of(account):
            self.rejudge(key)
        self._touch((account, *self.held.by_account(account)))
        self._touch(self.index.waiting(f"home:{account}"))
        self._registry = None

    # --- stamps in order

    def _stamps_of(self, author: str) -> list[StampPlace]:
        places = self._stamps.get(author)
        if places is None:
            places = sorted(self.index.stamps_by(author))
            self._stamps[author] = places
        return places

    def stamp_authors(self, subject: str) -> Sequence[str]:
        """Authors of the stamps that a subject gave when it was last folded."""
        return tuple(self._givers.get(subject, ()) or self.index.givers(subject))

    def place_stamps(self, subject: str, author_places: Mapping[str, list[StampPlace]]) -> None:
        """The subject gives exactly these stamps; whose predecessor changed is folded again."""
        givers = {author for author, there in author_places.items() if there}
        if givers:
            self._givers[subject] = givers
        else:
            self._givers.pop(subject, None)
        for author, wanted in author_places.items():
            places = self._stamps_of(author)
            had = [place for place in places if place[2] == subject]
            if had == wanted:
                continue
            for place in had:
                places.remove(place)
                self._touch_after(places, place)
            for place in wanted:
                insort(places, place)
                self._touch_after(places, place)

    def _touch_after(self, places: list[StampPlace], place: StampPlace) -> None:
        after = bisect_left(places, (place[0], place[1], "\uffff"))
        if after < len(places):
            self._touch((places[after][2],))


def load_log(entries: Sequence[Entry]) -> AccountLog | None:
    """The account log made of all held log records of an account."""
    genesis = [e.record for e in entries if e.record.kind == "rig.register"]
    if not genesis:
        return None
    log = AccountLog(genesis[0])
    for entry in sorted(entries, key=lambda e: (e.record.seq, e.record.id)):
        if entry.record.id != genesis[0].id:
            log.add(entry.record)
    return log
