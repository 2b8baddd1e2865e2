"""What the market needs of the node it runs in: time, secrets, the ledger's thread, the peers.

Ports and values only. `town.node` plugs the real ones in, a test plugs towns together directly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from federation.blobs import Blob
from ledger.journal import Journal
from ledger.story import Home
from stamps.identity import DeviceKey
from stamps.keystore import KeyRing
from stamps.record import ChainKey

Result = TypeVar("Result")
SECRET_BYTES = 16
FETCH_S = 600.0  # the most that one blob may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whether somebody can answer now. `live`: heard within the last minute, maybe `via`.

    `held_by` names the peers that acknowledged this town's request; `silent_s` is how long ago
    the freshest peer was heard, None when none was.
    """

    live: bool
    last_heard_s: int | None = None
    via: str = ""
    held_by: tuple[str, ...] = ()
    silent_s: int | None = None
    resident: bool = True  # whether a node carries what is said by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the town stands to the peers of a wasteland."""

    peers: int = 0
    heard: int = 0  # how many of them were heard since the start
    live: int = 0  # how many were heard within the last minute, and well
    heard_s: int | None = None  # seconds since the freshest was heard
    unsent: int = 0  # records of ours that no peer acknowledged
    copies: int = 0  # how many peers acknowledged everything this machine wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerReport:
    """One peer, or what one exchange with it came to. Counts are None while unknown."""

    name: str
    key: str = ""
    address: str = ""
    reached: bool = False
    they_lack: int | None = None
    we_lack: int | None = None
    sent: int = 0
    received: int = 0
    we_refuse: int = 0  # records over a quota here, taken another day
    they_refuse: int = 0
    heard_s: int | None = None
    next_try_s: int | None = None
    round_trip_ms: int | None = None
    calls: str = ""  # who calls whom: "we", "they", "both", "via NAME"
    error: str = ""  # a stable code, empty when all is well
    carries: bool = False  # whether it keeps and passes on records for whoever cannot be called


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A token that lets towns join. `expires_at` in microseconds since 1970 UTC."""

    token: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """What a token led to; the records of the wasteland are in its ledger by now."""

    wasteland: str
    inviter: str = ""  # account


class Peers(Protocol):
    """The other nodes. Only `sync`, `redeem`, `add` and `ping` take time."""

    def push(self, wasteland: str) -> None:
        """The peers will be told soon what is new; returns at once."""
        ...

    def sync(
        self, wasteland: str | None, *, only: str = "", timeout_s: float = 30.0
    ) -> Sequence[PeerReport]:
        """Each peer (or the one named) was asked for and told what either side lacks."""
        ...

    def reach(self, wasteland: str, home: Home) -> Reach:
        """Whether this device is there to answer."""
        ...

    def standing(self, wasteland: str) -> Standing:
        """How the town stands to the peers of a wasteland."""
        ...

    def ahead_s(self) -> int | None:
        """How far this clock is ahead of the middle one of the peers' (negative: behind).

        None while no peer has said its time.
        """
        ...

    def home_of(self, wasteland: str, name: str) -> Home | None:
        """The account and device of a peer of this name, so that it can decide for this town."""
        ...

    def seen_by(self, wasteland: str, key: ChainKey, seq: int) -> Sequence[str]:
        """Names of the peers that acknowledged a chain at least up to this seq."""
        ...

    def invite(self, wasteland: str, *, count: int, expires_s: int, via: str = "") -> Invitation:
        """A token with which `count` towns can find this node. Raises for an unknown `via`."""
        ...

    def redeem(self, token: str, *, handle: str, timeout_s: float = 30.0) -> Redeemed:
        """The wasteland behind the token is in a ledger of this town, its inviter a peer."""
        ...

    def add(self, address: str, *, allow_private: bool) -> PeerReport:
        """The node at this address is a peer."""
        ...

    def remove(self, name: str) -> PeerReport:
        """The peer of this name, key or address is one no more."""
        ...

    def list(self) -> Sequence[PeerReport]:
        """Every peer, as last heard."""
        ...

    def ping(self, name: str) -> PeerReport:
        """Whether a peer answers, and how fast."""
        ...

    def fetch_blob(
        self, wasteland: str, blob: Blob, *, worker: str = "", timeout_s: float = FETCH_S
    ) -> str:
        """The blob is here, its bytes the named ones; the name of the peer that had it.

        The node of `worker` is asked first. Raises where nobody has it.
        """
        ...


class Blobs(Protocol):
    """The folder of blobs. Each method may take as long as a disk does."""

    def keep(self, source: BinaryIO) -> tuple[str, int]:
        """The hash and size of what the source held; it is here. Raises for too much of it."""
        ...

    def measure(self, source: BinaryIO) -> tuple[str, int]:
        """The same, and nothing is kept."""
        ...

    def has(self, sha256: str) -> bool:
        """Whether there is a file of the blob; nobody looked at its bytes."""
        ...

    def find(self, sha256: str) -> Path | None:
        """The file of a blob, its bytes looked at; None where it is not here, or damaged."""
        ...

    def drop(self, sha256: str) -> None:
        """The blob is not here."""
        ...


class Keys(Protocol):
    """The town's key files."""

    def load(self) -> KeyRing:
        """The keys that are here."""
        ...

    def save_device(self, key: DeviceKey) -> None:
        """The key signs from now on."""
        ...

    def save_rotation(self, keys: tuple[DeviceKey, ...]) -> None:
        """The recovery keys are here, by priority."""
        ...

    def put_away(self) -> None:
        """No recovery key is here."""
        ...


class Run(Protocol):
    """Does work in the one thread that owns the ledgers."""

    def __call__(self, work: Callable[[], Result]) -> Result:
        """The work's result."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything outside the market that a use case may touch.

    `wait(predicate, timeout_s)` is true once the predicate is; it looks again whenever a ledger
    changed. `say` shows a person what a slow command is doing. `who` names the agent on whose
    behalf this call is made, empty for the operator.
    `run` is called from any thread; `peers.push` may be called anywhere, its slow methods never
    inside `run`.
    """

    now: Callable[[], int]
    new_secret: Callable[[], bytes]
    run: Run
    wait: Callable[[Callable[[], bool], float], bool]
    peers: Peers
    blobs: Blobs
    who: Callable[[], str] = lambda: ""
    say: Callable[[str], None] = lambda _: None  # a line for whoever waits, on a terminal only
    resident: bool = False  # whether this is a node, whose loops carry what is said
    away_home: str = ""  # the node that decides about this town's posts, empty for itself
    claim_wait_s: float = 10.0  # how long a claim waits for its answer unless it is told
    exchange_s: float = 10.0  # how long a command without a node may exchange with peers
    attend: Callable[[Journal, str], None] = lambda _journal, _item: None  # before it is looked at

    @property
    def agent(self) -> str:
        """The agent on whose behalf this call is made."""
        return self.who()
