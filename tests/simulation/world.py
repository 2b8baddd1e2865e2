"""The simulated world: towns with disks that survive them, clocks that jump, a network that fails.

Real markets, conduct, ledgers, sessions and signatures; only time, chance, disks and wires are the
simulator's. One seed is one run, to the last byte.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from federation.answerer import Answerer
from federation.blobs import Blob
from federation.errors import PeerError
from federation.letters import What
from federation.remembered import Memory, Outlines
from federation.session import Ask, Caller, Done
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from ledger.store import Subject
from ledger.story import Home, Story
from stamps.record import ChainKey, to_line
from tests.market.towns import MemoryKeys
from tests.simulation.points import Watched, watched
from town.market.conduct import REDEEMED_SPACE, Conduct, redeemed_key
from town.market.errors import NotFoundError
from town.market.founding import bring_self, learn_self
from town.market.market import Market
from town.market.ports import Invitation, PeerReport, Ports, Reach, Redeemed, Standing
from town.market.town import Town
from town.node.blob_files import BlobFiles

START = 1_700_000_000_000_000
SECOND = 1_000_000


class Crash(BaseException):
    """A town's process is gone in the middle of whatever it did."""

    def __init__(self, town: "SimTown", point: str) -> None:
        super().__init__(f"{town.name} at {point}")
        self.town = town
        self.point = point


class World:
    """One seed's world."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.now = START
        self.totals: Counter[str] = Counter()
        self.towns: dict[str, SimTown] = {}
        self.talks: list[Talk] = []
        self.walls: set[frozenset[str]] = set()  # pairs that cannot reach each other
        self.calm = False
        self.acknowledged: dict[str, list[str]] = {}
        self.wasteland = ""
        self.passed: Counter[str] = Counter()  # calls of ports, by point
        self.calls = 0  # all of them
        self.watching = False  # whoever looks on makes no calls
        self.dies_at = 0  # the one at which its process dies; 0 for none
        self.died: Counter[str] = Counter()  # crashes, by point
        self.strays: list[Stray] = []  # copies of messages that are still under way
        self.trace = hashlib.sha256()  # of everything said on the wire, in order

    def town(self, name: str, *, honest: bool = True) -> "SimTown":
        """A new town with an account."""
        town = SimTown(self, name, honest=honest)
        self.towns[name] = town
        town.market.init(name)
        return town

    def happens(self, chance: float) -> bool:
        """Whether something bad happens now; nothing does once the world is calm."""
        return not self.calm and self.chance.random() < chance

    @property
    def honest(self) -> list["SimTown"]:
        """Everybody but the liar."""
        return [town for town in self.towns.values() if town.honest]


class SimTown:
    """A town: a process that may die, over disks that do not."""

    def __init__(self, world: World, name: str, *, honest: bool) -> None:
        self.world = world
        self.name = name
        self.honest = honest
        self.disks: dict[str, MemoryStore] = {}
        self.keys = Watched(MemoryKeys(), "keys", self.fault)
        self.skew = 0
        self.crash_at = ""  # a point, or any
        self.crash_in = 0  # calls until the process dies there; 0 for never
        self.secrets = 0
        self.start()

    def start(self) -> None:
        """The process begins with what its disks hold."""
        self.crash_at, self.crash_in = "", 0
        self.told: dict[str, tuple[Subject, Story]] = {}
        self.memories: dict[tuple[str, str], Memory] = {}
        self.outlines: dict[str, Outlines] = {}
        self.heard_at = 0
        self.town = Town(
            keys=self.keys,
            self_ledger=Journal.open(self.disk(""), wasteland=""),
            open_ledger=lambda w: Journal.open(self.disk(w), wasteland=w),
        )
        for wasteland in self.town.notes("wastelands"):
            self.town.ledgers[wasteland] = Journal.open(self.disk(wasteland), wasteland=wasteland)
        ports = Ports(
            now=watched(self.now, "ports.now", self.fault),
            new_secret=watched(self.secret, "ports.new_secret", self.fault),
            run=watched(lambda work: work(), "ports.run", self.fault),
            wait=watched(lambda holds, _timeout: holds(), "ports.wait", self.fault),
            peers=Watched(SimPeers(self), "peers", self.fault),
            blobs=BlobFiles(Path("no-blobs-here")),
            resident=True,
        )
        self.market = Market(self.town, ports)
        self.conduct = Conduct(self.market)
        for journal in self.town.ledgers.values():
            self.conduct.survey(journal)

    def disk(self, wasteland: str) -> MemoryStore:
        """The disk of a ledger, as a new process finds it."""

        def fault(point: str) -> None:
            self.fault(f"store.{point}")

        store = self.disks.get(wasteland)
        store = MemoryStore(fault) if store is None else store.reopened(fault)
        self.disks[wasteland] = store
        return store

    def fault(self, point: str) -> None:
        """Each call of a port may be the last thing that the process did."""
        if self.world.watching:
            return
        self.world.passed[point] += 1
        self.world.calls += 1
        if self.world.calls == self.world.dies_at:
            raise Crash(self, point)
        if self.crash_in and self.crash_at in ("", point):
            self.crash_in -= 1
            if not self.crash_in:
                self.world.died[point] += 1
                raise Crash(self, point)

    def now(self) -> int:
        """The town's own clock."""
        return self.world.now + self.skew

    def secret(self) -> bytes:
        """16 bytes, the same in every run of the seed."""
        self.secrets += 1
        return f"{self.name}{self.secrets}".encode().ljust(16, b".")[:16]

    @property
    def journal(self) -> Journal:
        """The ledger of the one wasteland."""
        return self.town.ledgers[self.world.wasteland]

    @property
    def replica(self) -> JournalReplica:
        """Its set."""
        return JournalReplica(self.journal)

    def stories(self) -> list[Story]:
        """The story of every item, folded again where its projection is another one."""
        journal = self.journal
        journal.flush()
        found = []
        for subject in journal.store.subjects("item"):
            known = self.told.get(subject.id)
            if known is None or known[0] is not subject:
                story = journal.story(subject.id)
                if story is None:
                    continue
                known = self.told[subject.id] = subject, story
            found.append(known[1])
        return found

    def attend(self) -> None:
        """Conduct had its turn."""
        for journal in self.town.ledgers.values():
            self.conduct.attend(journal)
            journal.unpark(now=self.now())
            learn_self(self.town, journal, now=self.now())

    def memory(self, other: str) -> Memory:
        """What is remembered of another town."""
        return self.memories.setdefault((self.world.wasteland, other), Memory())

    def outline(self) -> Outlines:
        """The set laid out."""
        return self.outlines.setdefault(self.world.wasteland, Outlines(self.replica))


class SimPeers:
    """The Peers port: what is said goes out when the world lets a talk happen."""

    def __init__(self, town: SimTown) -> None:
        self.town = town

    def push(self, wasteland: str) -> None:
        """The scheduler starts talks by itself."""

    def sync(
        self, wasteland: str | None, *, only: str = "", timeout_s: float = 30.0
    ) -> Sequence[PeerReport]:
        """Nothing is fetched at once."""
        del wasteland, only, timeout_s
        return []

    def reach(self, wasteland: str, home: Home) -> Reach:
        """Nobody answers at once."""
        del wasteland, home
        return Reach(live=False)

    def standing(self, wasteland: str) -> Standing:
        """Who was heard since the start."""
        del wasteland
        others = len(self.town.world.towns) - 1
        if not self.town.heard_at:
            return Standing(peers=others)
        age = max(0, (self.town.world.now - self.town.heard_at) // SECOND)
        return Standing(peers=others, heard=1, heard_s=age)

    def ahead_s(self) -> int | None:
        return None

    def seen_by(self, wasteland: str, key: ChainKey, seq: int) -> Sequence[str]:
        """Nobody is asked."""
        del wasteland, key, seq
        return ()

    def home_of(self, wasteland: str, name: str) -> Home | None:
        """The device of another town."""
        del wasteland
        other = self.town.world.towns.get(name)
        device = other.town.device if other is not None else None
        if other is None or device is None:
            return None
        return Home(other.town.account, str(device.device))

    def invite(self, wasteland: str, *, count: int, expires_s: int, via: str = "") -> Invitation:
        """A token is the inviter's name."""
        del wasteland, count, via
        return Invitation(token=self.town.name, expires_at=expires_s)

    def redeem(self, token: str, *, handle: str, timeout_s: float = 30.0) -> Redeemed:
        """The inviter opens its board; the wire is whole for this once."""
        del timeout_s
        inviter = self.town.world.towns[token]
        wasteland, account = self.town.world.wasteland, self.town.town.account
        note = {"account": account, "handle": handle}
        inviter.town.remember(REDEEMED_SPACE, redeemed_key(wasteland, account), note)
        journal = self.town.town.enter(wasteland)
        lines = [to_line(entry) for entry in inviter.replica.everything()]
        JournalReplica(journal).receive(lines, now=self.town.world.now)
        bring_self(self.town.town, inviter.journal, now=self.town.world.now)
        inviter.conduct.welcome(inviter.journal, account)
        return Redeemed(wasteland=wasteland, inviter=inviter.town.account)

    def add(self, address: str, *, allow_private: bool) -> PeerReport:
        """Everybody knows everybody."""
        del allow_private
        return PeerReport(name=address)

    def remove(self, name: str) -> PeerReport:
        """Nobody is forgotten."""
        return PeerReport(name=name)

    def list(self) -> Sequence[PeerReport]:
        """Nobody is listed."""
        return ()

    def fetch_blob(
        self, wasteland: str, blob: Blob, *, worker: str = "", timeout_s: float = 600.0
    ) -> str:
        """Nobody has any."""
        del wasteland, worker, timeout_s
        raise NotFoundError("blob", blob.sha256)

    def ping(self, name: str) -> PeerReport:
        """Nobody is pinged."""
        return PeerReport(name=name)


class Stray(NamedTuple):
    """A copy of a message that comes late, out of its order."""

    one: str
    other: str
    what: What
    body: bytes


class Talk:
    """One exchange under way; each of its messages may be lost, repeated, or wait for others."""

    def __init__(self, world: World, one: SimTown, other: SimTown) -> None:
        self.world = world
        self.one = one
        self.other = other
        self.begun = (one.town, other.town)  # a restarted process knows nothing of it
        self.caller = Caller(
            one.replica,
            one.memory(other.name),
            new_secret=one.secret,
            outlines=one.outline(),
            peer=other.name,
        )
        self.step: Ask | Done | None = self.caller.begin(one.now())

    @property
    def alive(self) -> bool:
        """Whether there is a next message, and anybody to get it."""
        same = self.begun == (self.one.town, self.other.town)
        wall = frozenset((self.one.name, self.other.name)) in self.world.walls
        return isinstance(self.step, Ask) and same and not wall

    def deliver(self) -> None:
        """One message and its answer, or their loss."""
        world, step = self.world, self.step
        if not isinstance(step, Ask) or world.happens(0.05):
            world.totals["drops"] += isinstance(step, Ask)
            self.step = None
            return
        world.totals["messages"] += 1
        try:
            self.step = self._exchanged(step)
        except PeerError:
            world.totals["refused messages"] += 1
            self.step = None

    def _exchanged(self, step: Ask) -> Ask | Done:
        world = self.world
        self.one.fault("wire.ask:before")
        body = tampered(step.body, self.one, self.other)
        if world.happens(0.05):
            world.strays.append(Stray(self.one.name, self.other.name, step.what, body))
        self.one.fault("wire.ask:after")
        answer = answered(world, self.one, self.other, step.what, body)
        if world.happens(0.05):
            world.totals["repeats"] += 1
            answer = answered(world, self.one, self.other, step.what, body)
        self.one.heard_at = world.now
        return self.caller.received(tampered(answer, self.other, self.one), self.one.now())


def answered(world: World, one: SimTown, other: SimTown, what: What, body: bytes) -> bytes:
    """What a town answers to a message of another."""
    other.heard_at = world.now
    world.trace.update(b"".join((one.name.encode(), what.encode(), body)))
    other.fault("wire.answer:before")
    answerer = Answerer(
        other.replica, other.memory, new_secret=other.secret, outlines=other.outline()
    )
    answer = answerer.answer(what, body, peer=one.name, now=other.now())
    other.fault("wire.answer:after")
    world.trace.update(answer)
    return answer


def tampered(message: bytes, sender: SimTown, receiver: SimTown) -> bytes:
    """What a liar makes of a message: a flipped byte, noise, half of it."""
    world = sender.world
    if sender.honest or not receiver.honest or not message or not world.happens(0.4):
        return message
    world.totals["lies"] += 1
    way = world.chance.randrange(3)
    if way == 0:
        at = world.chance.randrange(len(message))
        return (
            message[:at]
            + bytes([message[at] ^ (1 << world.chance.randrange(8))])
            + message[at + 1 :]
        )
    if way == 1:
        return world.chance.randbytes(world.chance.randrange(1, 200))
    return message[: world.chance.randrange(len(message))]
