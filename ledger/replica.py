"""What a peer session needs of a ledger: the defined set R(W), its root, and one door.

Ports and values only; `journal.py` is the adapter. Everything here speaks of R(W) as records
2.4 defines it: what is held but does not count is never listed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ledger.checks import Ticket
from ledger.quota import QUOTA
from stamps.record import ChainKey, Entry


class Head(NamedTuple):
    """The last counted record of a chain, or the last one of an effective account log."""

    seq: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The whole set in short (records 2.5). Equal frontiers mean equal sets.

    `chains`: counted heads of the chains in R(W), identity chains included. `logs`: effective
    account-log heads. `forks`: lowest unsettled fork of a chain. `pins`: pinned records outside
    every prefix, with the log records they need.
    """

    wasteland: str
    chains: Mapping[ChainKey, Head]
    logs: Mapping[str, Head]
    forks: Mapping[ChainKey, int]
    pins: frozenset[str]
    root: bytes  # 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of a stream of records.

    `codes` counts every outcome by its code (`ok`, `held`, `fork`, `pinned`, `loose`, `parked`,
    `loose_full`, `gap`, `unknown_device`, `unknown_scope`, `cut`, `settled`, `not_admitted`,
    `record.bad`, `signature`, `quota`, …). `answers` are records to send back: the log of an
    author whose record we do not count, and the pair that proves its fork (records 2.5). `gaps`
    say from which seq a chain continues here.
    """

    codes: Mapping[str, int]
    answers: tuple[Entry, ...] = ()
    gaps: Mapping[ChainKey, int] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """How many records are new here."""
        return sum(self.codes.get(code, 0) for code in ("ok", "fork", "pinned"))

    @property
    def over_quota(self) -> int:
        """How many this node did not look at, because their authors or the peer had no room."""
        return self.codes.get(QUOTA, 0)


class Replica(Protocol):
    """One wasteland's set, as a peer session reads and feeds it."""

    @property
    def wasteland(self) -> str:
        """The id of the wasteland."""
        ...

    def registrar(self) -> tuple[str, str] | None:
        """(account, device) of the registrar, whose chain goes before others'."""
        ...

    def frontier(self) -> Frontier:
        """The set as it stands; cheap while nothing changes."""
        ...

    def slot(self, key: ChainKey, seq: int) -> str | None:
        """The id of the counted record at this seq, for comparing checks at the lower seq."""
        ...

    def chain(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """The counted records of a chain with first <= seq <= last, in order."""
        ...

    def account_log(self, account: str) -> Sequence[Entry]:
        """The whole effective log of an account from n = 0, also of accounts outside R(W)."""
        ...

    def fork_pair(self, key: ChainKey) -> Sequence[Entry]:
        """The two records that prove the chain's lowest unsettled fork, else nothing."""
        ...

    def pinned(self, ids: Iterable[str]) -> Sequence[Entry]:
        """Pinned records among these ids, logs that introduce their devices first."""
        ...

    def entries(self, ids: Iterable[str]) -> Iterator[Entry]:
        """Held records of these ids, whether they count or not, logs first, then (chain, seq).

        Each is read when its turn comes: a peer may ask for as many as there are.
        """
        ...

    def members(self) -> Iterable[tuple[int, str]]:
        """(`at` // 1_000_000, id) of every record of R(W), in order (for layer 2)."""
        ...

    def by_time(self, stretches: Mapping[ChainKey, tuple[int, int]]) -> Iterator[Entry]:
        """The counted records of these stretches (first, last) of chains, all by `at`."""
        ...

    def hold_still(self, *, still: bool) -> None:
        """A long stream comes in: what is said of the set stays as it was until it has ended."""
        ...

    def receive(
        self, lines: Sequence[bytes], *, now: int, peer: str = "", ticket: Ticket | None = None
    ) -> Received:
        """The lines passed the one door; `now` in microseconds since 1970 UTC.

        `peer` names who brought them, for quotas.

        Lines are as in records 1.3, logs and proofs before chains, chains in order. A pair that
        proves a fork stands as two neighbouring lines of one slot.
        """
        ...

    def shelve(self, lines: Sequence[bytes], *, now: int) -> Mapping[str, int]:
        """The lines passed the one door, and what only lacks its chain is loose (records 2.2).

        Outcomes by code. For what a person brought: a live stream has no waiting room, and its
        peer is told `gap`. What is loose is in no set, and said to nobody.
        """
        ...
