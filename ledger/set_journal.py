"""A journal as peers read and feed it: the Replica of `replica.py`.

It answers from R(W) only, refuses with a code and never raises for what a peer sent.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import repeat

from ledger.admission import STORED, Code
from ledger.checks import Ticket
from ledger.journal import Journal
from ledger.member_set import frontier_of, in_chains, member, paths_of
from ledger.pieces import Piece, parsed, pieces
from ledger.quota import QUOTA, Quota
from ledger.replica import Frontier, Received
from stamps.clock import SECOND_US
from stamps.record import ChainKey, Entry, Envelope, Record

STILL_US = 30 * SECOND_US  # that a stream may take, and more for each record that it brings
STILL_RECORD_US = SECOND_US // 500
SORTED_MAX = 20_000  # records that are put in order one by one
_ANSWERED = frozenset({Code.CUT, Code.SETTLED, Code.UNKNOWN_DEVICE, Code.HELD})


class JournalReplica:
    """One wasteland's set over its journal."""

    def __init__(
        self,
        journal: Journal,
        *,
        quota: Quota | None = None,
        own: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.journal = journal
        self.quota = quota  # None: whatever is offered was fetched by a person
        self.own = own
        self._frontier: Frontier | None = None
        self._seen = -1
        self._standing: tuple[int, frozenset[str]] = (-1, frozenset())
        self._still: tuple[int, int] | None = None  # since when, and at which version

    @property
    def wasteland(self) -> str:
        """The id of the wasteland."""
        return self.journal.wasteland

    def registrar(self) -> tuple[str, str] | None:
        """(account, device) of the registrar."""
        return self.journal.registrar()

    def frontier(self) -> Frontier:
        """The set in short; made anew only after a record was taken."""
        if self._frontier is not None and self.journal.streaming:
            return self._frontier
        if self._frontier is None or self._seen != self.journal.version:
            self.journal.flush()
            self._frontier = frontier_of(self.journal.state, self.journal.index.pins())
            self._seen = self.journal.version
        return self._frontier

    def slot(self, key: ChainKey, seq: int) -> str | None:
        """The id of the counted record at this seq."""
        record = self.journal.state.slot(key, seq)
        return record.id if record is not None else None

    def chain(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """The counted records of a chain in the seq range."""
        state = self.journal.head(key)
        if state is None:
            return ()
        held = self.journal.held.slots(key, first, min(last, state.head_seq))
        return [entry for entry in held if state.counts(entry.record)]

    def account_log(self, account: str) -> Sequence[Entry]:
        """The effective log of an account, from n = 0."""
        log = self.journal.log_of(account)
        return self._entries(record.id for record in log.path) if log is not None else ()

    def fork_pair(self, key: ChainKey) -> Sequence[Entry]:
        """Two records of the chain's lowest unsettled fork."""
        state = self.journal.head(key)
        if state is None or state.fork is None:
            return ()
        return list(self.journal.held.slots(key, state.fork, state.fork))[:2]

    def pinned(self, ids: Iterable[str]) -> Sequence[Entry]:
        """Pinned records, the log paths of their devices first."""
        found: dict[str, Entry] = {}
        pinned = self._entries(ids)
        for entry in pinned:
            path = paths_of(self.journal.state, entry.record)
            found.update((e.record.id, e) for e in self._entries(step.id for step in path))
        return [*found.values(), *(e for e in pinned if e.record.id not in found)]

    def entries(self, ids: Iterable[str]) -> Iterator[Entry]:
        """Held records, logs first, then by chain and seq; each is read when its turn comes.

        A peer names them, and may name the whole set in a few bytes. Of very many only those of
        the set itself are given, in its own order.
        """
        asked = set(ids)
        return self._of_the_set(asked) if len(asked) > SORTED_MAX else self._in_order(asked)

    def _of_the_set(self, left: set[str]) -> Iterator[Entry]:
        for entry in self.everything():
            if entry.record.id in left:
                left.remove(entry.record.id)
                yield entry

    def _in_order(self, ids: Collection[str]) -> Iterator[Entry]:
        chains: dict[tuple[int, ChainKey], list[tuple[int, str]]] = {}
        for entry in map(self.journal.held.entry, ids):
            if entry is not None:
                place = _stage(entry), entry.record.chain
                chains.setdefault(place, []).append((entry.record.seq, str(entry.record.id)))
        for place in sorted(chains):
            for _, record_id in sorted(chains.pop(place)):
                entry = self.journal.held.entry(record_id)  # of this moment
                if entry is not None:
                    yield entry

    def _entries(self, ids: Iterable[str]) -> list[Entry]:
        held = (self.journal.held.entry(record_id) for record_id in ids)
        return [entry for entry in held if entry is not None]

    def everything(self) -> Iterator[Entry]:
        """Every record of R(W): logs, forks, identity chains, pinned, the registrar's, the rest."""
        frontier = self.frontier()
        yield from self._proofs(frontier)
        for key in sorted(frontier.chains, key=lambda k: (k.scope != "identity", k)):
            if key.scope == "identity":
                yield from self.chain(key, 0, frontier.chains[key].seq)
        yield from self.pinned(frontier.pins)
        for key in sorted(frontier.chains, key=self._rank):
            if key.scope != "identity":
                yield from self.chain(key, 0, frontier.chains[key].seq)

    def by_time(self, stretches: Mapping[ChainKey, tuple[int, int]]) -> Iterator[Entry]:
        """The counted records of these stretches, as the journal lies: by `at`."""
        firsts = (self.journal.state.slot(key, first) for key, (first, _) in stretches.items())
        start = min((record.at for record in firsts if record is not None), default=None)
        if start is None:
            return
        chains = {key: (*stretches[key], self.journal.head(key)) for key in stretches}
        for entry in self.journal.store.scan(f"{start:014x}"):
            first, last, state = chains.get(entry.record.chain, (1, 0, None))
            if first <= entry.record.seq <= last and state and state.counts(entry.record):
                yield entry

    def hold_still(self, *, still: bool) -> None:
        """The frontier stays as it is while a long stream comes in."""
        self.frontier()
        if not (still and self.journal.streaming):
            self._still = None
        self.journal.streaming = still

    def _stir(self, now: int) -> None:
        """A stream that brings little in its time holds up nothing any more.

        Else whoever answers slowly and never comes to an end keeps from others what we say, and
        from people what we decide.
        """
        if self.journal.streaming:
            self._still = self._still or (now, self.journal.version)
            since, version = self._still
            brought = self.journal.version - version
            self.journal.streaming = now - since <= STILL_US + brought * STILL_RECORD_US

    def _rank(self, key: ChainKey) -> tuple[bool, ChainKey]:
        registrar = self.journal.registrar()
        first = registrar is not None and (key.author, key.device) == registrar
        return (not first, key)

    def members(self) -> Iterable[tuple[int, str]]:
        """(`at` // 1_000_000, id) of every record of R(W), in order."""
        frontier = self.frontier()
        found = {member(entry.record) for entry in self._beside(frontier)}
        found.update(in_chains(self.journal.store.places(), frontier.chains, self._read))
        return sorted(found)

    def _read(self, key: ChainKey, last: int) -> Iterator[Record]:
        return (entry.record for entry in self.chain(key, 0, last))

    def _beside(self, frontier: Frontier) -> Iterator[Entry]:
        """What stands beside the chains: logs, forks, pinned records."""
        yield from self._proofs(frontier)
        yield from self.pinned(frontier.pins)

    def _proofs(self, frontier: Frontier) -> Iterator[Entry]:
        """What the rest is judged by: logs, then forks."""
        for account in sorted(frontier.logs):
            yield from self.account_log(account)
        for key in sorted(frontier.forks):
            yield from self.fork_pair(key)

    # --- receiving

    def receive(
        self, lines: Sequence[bytes], *, now: int, peer: str = "", ticket: Ticket | None = None
    ) -> Received:
        """The lines passed the one door, in order; refusals are counted, never raised.

        Whether signatures hold is asked of the ticket, where there is one for these lines.
        """
        self._stir(now)
        stream = Stream(self, self.quota, peer=peer, now=now)
        for piece in pieces(lines, stream.codes, ticket):
            stream.offer(piece)
        return stream.ended()

    def shelve(self, lines: Sequence[bytes], *, now: int) -> Mapping[str, int]:
        """The lines passed the one door, and what only lacks its chain is loose; codes counted."""
        codes: Counter[str] = Counter()
        envelopes = [envelope for envelope, _ in parsed(lines, repeat(None), codes)]
        codes.update(str(each.code) for each in self.journal.shelve(envelopes, now=now))
        return codes

    def has_standing(self, account: str) -> bool:
        """Whether this node keeps without a quota what the account says: ours, admitted, stamped.

        A stamp counts when somebody admitted gave it: two strangers cannot lift each other.
        """
        trusted = self.trusted()
        if account in trusted:
            return True
        named = self.journal.index.waiting(f"named:{account}")
        givers = (giver for subject in named for giver in self.journal.index.givers(subject))
        return any(giver in trusted and giver != account for giver in givers)

    def trusted(self) -> frozenset[str]:
        """Ours, the registrar, maintainers, and whoever is admitted; made anew on a change."""
        version, known = self._standing
        if version != self.journal.version:
            registry = self.journal.state.registry
            registrar = [registry.home.account] if registry.home is not None else []
            known = frozenset((*registry.admitted, *registry.maintainers, *registrar, *self.own()))
            self._standing = self.journal.version, known
        return known


class Stream:
    """One stream of records on its way in, within this node's quotas."""

    def __init__(
        self, replica: JournalReplica, quota: Quota | None, *, peer: str, now: int
    ) -> None:
        self.replica = replica
        self.journal = replica.journal
        self.quota = quota
        self.peer = peer
        self.now = now
        self.codes: Counter[str] = Counter()
        self._answers: dict[str, Entry] = {}
        self._gaps: dict[ChainKey, int] = {}
        self._run: list[Piece] = []
        self._trusted = replica.trusted() if quota is not None else frozenset()
        self._records: Counter[str] = Counter()  # by account: kept, or about to be judged
        self._bytes: Counter[str] = Counter()
        self._counted: set[str] = set()
        self._standing: dict[str, bool] = {}

    def offer(self, piece: Piece) -> None:
        """The piece was taken, or waits for the end of its run; or a quota refused it."""
        both = [piece.envelope, *([piece.other] if piece.other is not None else [])]
        if self.quota is not None and not all(self._within(self.quota, one) for one in both):
            self.codes[QUOTA] += len(both)
            return
        if piece.other is None:
            self._run.append(piece)
            return
        self._take_run()
        self._take_pair(piece.envelope, piece.other)

    def ended(self) -> Received:
        """What became of all of it."""
        self._take_run()
        if self.quota is not None:
            self._spend(self.quota)
        answers = tuple(self._answers.values())
        return Received(codes=dict(self.codes), answers=answers, gaps=self._gaps)

    # --- quotas

    def _within(self, quota: Quota, envelope: Envelope) -> bool:
        """Whether there is room for it, or it needs none: held, waited for, of some standing."""
        account = str(envelope.record.account)
        if account in self._trusted or self._standing.get(account):
            return True
        if not self._fits(quota, envelope.record):
            self._take_run()  # what was refused or held takes no room
            if not self._fits(quota, envelope.record):
                return self._needs_no_room(envelope.record)
        self._count(envelope.record)
        return True

    def _fits(self, quota: Quota, record: Record) -> bool:
        account = str(record.account)
        records = self._records[account] + (record.scope != "account")
        size = self._bytes.total() + len(record.raw)
        return records <= quota.records.left(account, now=self.now) and size <= quota.bytes.left(
            self.peer, now=self.now
        )

    def _count(self, record: Record) -> None:
        account = str(record.account)
        self._counted.add(record.id)
        self._bytes[account] += len(record.raw)
        self._records[account] += record.scope != "account"

    def _uncount(self, record: Record) -> None:
        if record.id in self._counted:
            account = str(record.account)
            self._counted.discard(record.id)
            self._bytes[account] -= len(record.raw)
            self._records[account] -= record.scope != "account"

    def _needs_no_room(self, record: Record) -> bool:
        awaited = self.journal.index.awaits(record.id)
        return awaited or self.journal.held.entry(record.id) is not None or self._stands(record)

    def _stands(self, record: Record) -> bool:
        """Whether its account has standing, by all that came before in this stream."""
        account = str(record.account)
        if account not in self._standing:
            self.journal.flush()
            self._standing[account] = self.replica.has_standing(account)
        return self._standing[account]

    def _spend(self, quota: Quota) -> None:
        """Strangers' records that were kept are spent, now that it is known who is one."""
        trusted = self.replica.trusted()
        kept = [account for account, size in self._bytes.items() if size and account not in trusted]
        if not kept:
            return
        self.journal.flush()
        for account in kept:
            if not self.replica.has_standing(account):
                quota.spend(
                    account=account,
                    peer=self.peer,
                    records=self._records[account],
                    size=self._bytes[account],
                    now=self.now,
                )

    # --- the door

    def _take_run(self) -> None:
        run, self._run = self._run, []
        if not run:
            return
        envelopes, holds = [one.envelope for one in run], [one.holds for one in run]
        bulk = len(run) > 1
        taken = self.journal.record(envelopes, now=self.now, bulk=bulk, holds=holds)
        if self.quota is not None:
            self._trusted = self.replica.trusted()
        for envelope, outcome in zip(envelopes, taken, strict=True):
            self.codes[str(outcome.code)] += 1
            if outcome.code in STORED:
                continue
            self._uncount(envelope.record)
            if outcome.code == Code.GAP and envelope.record.scope != "account":
                state = self.journal.head(envelope.record.chain)
                self._gaps[envelope.record.chain] = state.counted if state is not None else 0
            elif outcome.code in _ANSWERED:
                self._answer(envelope, outcome.code)

    def _take_pair(self, one: Envelope, other: Envelope) -> None:
        outcome = self.journal.record_pair(one, other)
        self.codes[str(outcome.code)] += 1
        if outcome.code not in STORED:
            self._uncount(one.record)
            self._uncount(other.record)
            self._answer(one, outcome.code)

    def _answer(self, envelope: Envelope, code: str) -> None:
        """records 2.5: the log of an author whose record we do not count, and its fork."""
        record = envelope.record
        if record.scope == "account":
            return
        state = self.journal.head(record.chain)
        if code == Code.HELD and state is not None and state.counts(record):
            return
        for entry in self.replica.account_log(record.account):
            self._answers[entry.record.id] = entry
        for entry in self.replica.fork_pair(record.chain):
            self._answers[entry.record.id] = entry


def _stage(entry: Entry) -> int:
    """What others rest on goes first: logs, identity chains, the genesis."""
    scope = entry.record.scope
    return {"account": 0, "identity": 1}.get(scope, 2 if scope.startswith("new:") else 3)
