"""Towns in one process: real markets, ledgers and keys, with a wire that a test holds in its hand.

Time is the test's; what a town says reaches another when the test lets it. The wire carries what a
real one does: every record of the set, through the other's one door.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir
from typing import TypeVar
from uuid import uuid4
from weakref import finalize

from federation.blobs import Blob
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.replica import Received
from ledger.set_journal import JournalReplica
from ledger.story import Home
from stamps.identity import DeviceKey
from stamps.keystore import KeyRing
from stamps.record import ChainKey, to_line
from town.market.conduct import REDEEMED_SPACE, Conduct, redeemed_key
from town.market.errors import NotFoundError
from town.market.founding import bring_self, learn_self
from town.market.market import Market
from town.market.ports import Invitation, PeerReport, Ports, Reach, Redeemed, Standing
from town.market.town import Town
from town.node.blob_files import BlobFiles

START = 1_700_000_000_000_000
SECOND = 1_000_000
HOUR = 3_600 * SECOND
Result = TypeVar("Result")


class World:
    """A clock, and the towns on one wire."""

    def __init__(self) -> None:
        self.now = START
        self.towns: dict[str, LocalTown] = {}
        self.cut: set[str] = set()  # towns that nobody reaches

    def town(self, handle: str, *, agent: str = "") -> "LocalTown":
        """A new town with an account."""
        town = LocalTown(self, handle, agent=agent)
        self.towns[handle] = town
        town.market.init(handle)
        return town

    def pass_time(self, microseconds: int) -> None:
        """The clock moved, and every node that is up looked at what is due."""
        self.now += microseconds
        for town in self.towns.values():
            if town.handle not in self.cut:
                town.attend()


class MemoryKeys:
    """Key files that are a value."""

    def __init__(self) -> None:
        self.ring = KeyRing()

    def load(self) -> KeyRing:
        return self.ring

    def save_device(self, key: DeviceKey) -> None:
        self.ring = KeyRing(device=key, rotation=self.ring.rotation)

    def save_rotation(self, keys: tuple[DeviceKey, ...]) -> None:
        self.ring = KeyRing(device=self.ring.device, rotation=keys)

    def put_away(self) -> None:
        self.ring = KeyRing(device=self.ring.device)


class Wire:
    """The Peers port between towns of one process: everything is exchanged when it is asked for."""

    def __init__(self, town: "LocalTown") -> None:
        self.town = town
        self.heard: dict[str, int] = {}
        self.pushed: list[str] = []
        self.friends: dict[str, LocalTown] = {}
        self.tokens: dict[str, tuple[str, int]] = {}
        self.eager = True
        self.clock_ahead_s: int | None = None  # what the peers' clocks say of ours

    def push(self, wasteland: str) -> None:
        self.pushed.append(wasteland)

    def carry(self) -> None:
        """What was pushed is with the friends, and their answers are here."""
        while self.pushed and self.eager:
            wasteland = self.pushed.pop()
            for friend in list(self.friends.values()):
                self.exchange(friend, wasteland)

    def exchange(self, friend: "LocalTown", wasteland: str) -> PeerReport:
        world = self.town.world
        if {friend.handle, self.town.handle} & world.cut or wasteland not in friend.town.ledgers:
            return PeerReport(name=friend.handle, error="peer.down", calls="we")
        mine = JournalReplica(self.town.town.ledgers[wasteland])
        theirs = JournalReplica(friend.town.ledgers[wasteland])
        sent = _poured(mine, theirs, world.now)
        got = _poured(theirs, mine, world.now)
        for one, other in ((self, friend), (friend.peers, self.town)):
            one.heard[other.handle] = world.now
        friend.attend()
        self.town.attend()
        again = _poured(theirs, mine, world.now)
        return PeerReport(
            name=friend.handle,
            reached=True,
            they_lack=0,
            we_lack=0,
            sent=sent.accepted,
            received=got.accepted + again.accepted,
            heard_s=0,
            calls="we",
        )

    def sync(
        self, wasteland: str | None, *, only: str = "", timeout_s: float = 30.0
    ) -> Sequence[PeerReport]:
        del timeout_s
        chosen = [f for name, f in self.friends.items() if only in ("", name)]
        boards = [wasteland] if wasteland else self.town.town.members()
        return [self.exchange(friend, board) for board in boards for friend in chosen]

    def reach(self, wasteland: str, home: Home) -> Reach:
        del wasteland
        for friend in self.friends.values():
            if friend.town.account == home.account:
                live = friend.handle not in self.town.world.cut
                last = self.heard.get(friend.handle)
                age = None if last is None else (self.town.world.now - last) // SECOND
                return Reach(live=live, last_heard_s=age)
        return Reach(live=False)

    def standing(self, wasteland: str) -> Standing:
        del wasteland
        if not self.heard:
            return Standing(peers=len(self.friends))
        age = (self.town.world.now - max(self.heard.values())) // SECOND
        return Standing(peers=len(self.friends), heard=len(self.heard), heard_s=age)

    def seen_by(self, wasteland: str, key: ChainKey, seq: int) -> Sequence[str]:
        found = []
        for friend in self.friends.values():
            journal = friend.town.ledgers.get(wasteland)
            head = journal.head(key) if journal is not None else None
            if head is not None and head.head_seq >= seq:
                found.append(friend.handle)
        return found

    def ahead_s(self) -> int | None:
        return self.clock_ahead_s

    def home_of(self, wasteland: str, name: str) -> Home | None:
        del wasteland
        friend = self.friends.get(name)
        device = friend.town.device if friend is not None else None
        if friend is None or device is None:
            return None
        return Home(friend.town.account, str(device.device))

    def invite(self, wasteland: str, *, count: int, expires_s: int, via: str = "") -> Invitation:
        del via
        token = f"wl1:{self.town.handle}/{len(self.tokens)}"
        self.tokens[token] = (wasteland, count)
        return Invitation(token=token, expires_at=self.town.world.now + expires_s * SECOND)

    def redeem(self, token: str, *, handle: str, timeout_s: float = 30.0) -> Redeemed:
        del timeout_s
        inviter = self.town.world.towns[token.removeprefix("wl1:").partition("/")[0]]
        wasteland, _ = inviter.peers.tokens[token]
        account = self.town.town.account
        note = {"account": account, "handle": handle}
        inviter.town.remember(REDEEMED_SPACE, redeemed_key(wasteland, account), note)
        source = inviter.town.ledgers[wasteland]
        journal = self.town.town.enter(wasteland)
        _poured(JournalReplica(source), JournalReplica(journal), self.town.world.now)
        bring_self(self.town.town, source, now=self.town.world.now)
        inviter.conduct.welcome(source, account)
        self.friends[inviter.handle] = inviter
        inviter.peers.friends[self.town.handle] = self.town
        return Redeemed(wasteland=wasteland, inviter=inviter.town.account)

    def add(self, address: str, *, allow_private: bool) -> PeerReport:
        del allow_private
        self.friends[address] = self.town.world.towns[address]
        return PeerReport(name=address, address=address, reached=True, round_trip_ms=1)

    def remove(self, name: str) -> PeerReport:
        if name not in self.friends:
            raise NotFoundError("peer", name)
        del self.friends[name]
        return PeerReport(name=name)

    def list(self) -> Sequence[PeerReport]:
        return [PeerReport(name=name, calls="we") for name in self.friends]

    def fetch_blob(
        self, wasteland: str, blob: Blob, *, worker: str = "", timeout_s: float = 600.0
    ) -> str:
        """From the first friend that has it; a wire of a test asks for no rights."""
        del wasteland, worker, timeout_s
        for friend in self.friends.values():
            path = friend.files.find(blob.sha256)
            if path is not None:
                self.town.files.take(blob, path.read_bytes())
                return friend.handle
        raise NotFoundError("blob", blob.sha256)

    def ping(self, name: str) -> PeerReport:
        down = name in self.town.world.cut
        return PeerReport(name=name, reached=not down, error="peer.down" if down else "")


def _poured(one: JournalReplica, other: JournalReplica, now: int) -> Received:
    return other.receive([to_line(entry) for entry in one.everything()], now=now)


class LocalTown:
    """A town with its market; its node's conduct is attended to after each use case."""

    def __init__(self, world: World, handle: str, *, agent: str = "") -> None:
        self.world = world
        self.handle = handle
        self.agent = agent
        self.keys = MemoryKeys()
        self.town = Town(
            keys=self.keys,
            self_ledger=Journal.open(MemoryStore(), wasteland=""),
            open_ledger=lambda wasteland: Journal.open(MemoryStore(), wasteland=wasteland),
        )
        self.peers: Wire = Wire(self)
        folder = Path(gettempdir()) / f"wl-blobs-{uuid4().hex}"  # made with the first blob
        self.files = BlobFiles(folder)
        finalize(self, rmtree, folder, ignore_errors=True)
        self.secrets = 0
        self.busy = False
        self.ports = Ports(
            now=lambda: self.world.now,
            new_secret=self._secret,
            run=self._run,
            wait=self._wait,
            peers=self.peers,
            blobs=self.files,
            who=lambda: self.agent,
            resident=True,
        )
        self.market = Market(self.town, self.ports)
        self.conduct = Conduct(self.market)

    def _secret(self) -> bytes:
        self.secrets += 1
        return f"{self.handle}{self.secrets}".encode().ljust(16, b".")[:16]

    def _run(self, work: Callable[[], Result]) -> Result:
        self.world.now += SECOND
        outermost = not self.busy
        self.busy = True
        try:
            return work()
        finally:
            if outermost:
                self.busy = False
                self.attend()

    def attend(self) -> None:
        """The node's conduct had its turn, and the loops carried what was said."""
        if self.busy:
            return
        self.busy = True
        try:
            for journal in list(self.town.ledgers.values()):
                self.conduct.attend(journal)
                learn_self(self.town, journal, now=self.world.now)
        finally:
            self.busy = False
        self.peers.carry()

    def _wait(self, predicate: Callable[[], bool], timeout_s: float) -> bool:
        if predicate():
            return True
        self.world.now += int(timeout_s * SECOND)
        self.peers.carry()
        return predicate()

    def as_agent(self, agent: str) -> Market:
        """The market as another agent of this town uses it."""
        self.agent = agent
        return self.market
