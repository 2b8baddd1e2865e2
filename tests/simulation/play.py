"""One seed played: actions, faults, healing, and everything that must hold at its end."""

import contextlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

from federation.errors import PeerError
from ledger.actions import compose
from ledger.set_journal import JournalReplica
from ledger.tables import DERIVED
from ledger.verify import verify
from stamps.errors import WastelandError
from stamps.identity import DeviceKey
from stamps.record import ChainKey, Envelope, public_id, sign
from tests.simulation.checks import Watch
from tests.simulation.points import POINTS
from tests.simulation.world import SECOND, Crash, SimTown, Stray, Talk, World, answered
from town.market.devices import request_line

ACTIONS = 200
HEAL_ROUNDS = 12
LOOK_EVERY = 3
WALL_TURN = 20
CRASH_TURN = 100
NAMES = ("ash", "bolt", "cinder")
LIAR = "mallory"


class Play:
    """One run of a seed."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.watch = Watch(self.world)
        self.turns = 0
        self.moves: list[tuple[int, Callable[[SimTown], Any]]] = [
            (8, self.post), (14, self.claim), (8, self.done), (6, self.judge), (3, self.renew),
            (3, self.unclaim), (3, self.note), (2, self.close), (2, self.withdraw),
            (2, self.update), (2, self.stamp), (1, self.policy), (1, self.rotate),
            (1, self.add_device), (2, self.take_back), (2, self.wait), (2, self.sync),
        ]  # fmt: skip

    # --- the run

    def run(self) -> Counter[str]:
        """The totals. Raises AssertionError with what did not hold."""
        self.found()
        self.world.passed.clear()  # nobody dies while the towns are founded; see test_crashes.py
        for _ in range(ACTIONS):
            self.turn()
        self.heal()
        self.finish()
        return self.world.totals

    def found(self) -> None:
        """Three honest towns and a liar on one board."""
        world = self.world
        first = world.town(NAMES[0])
        join = "invite" if world.seed % 3 == 0 else "open"
        founded = first.market.create("hop/commons", join=join)
        world.wasteland = founded.data["id"]
        for name in (*NAMES[1:], LIAR):
            town = world.town(name, honest=name != LIAR)
            town.market.join(NAMES[0])
            self.exchange(town, first)
            first.attend()
            self.exchange(town, first)

    def exchange(self, one: SimTown, other: SimTown) -> None:
        """One whole talk without a fault."""
        calm, self.world.calm = self.world.calm, True
        talk = Talk(self.world, one, other)
        while talk.alive:
            talk.deliver()
        one.attend()
        other.attend()
        self.world.calm = calm

    def turn(self) -> None:
        """One action, some messages, and whatever goes wrong meanwhile."""
        world, chance = self.world, self.world.chance
        world.now += chance.choice((1, 5, 60, 600, 3_600, 20_000)) * SECOND
        town = chance.choice(list(world.towns.values()))
        self.misfortune(town)
        [move] = chance.choices([m for _, m in self.moves], [w for w, _ in self.moves])
        self.guarded(lambda: self.act(town, move))
        for _ in range(chance.randrange(1, 9)):
            self.message()
        for one in self.world.honest:
            self.guarded(partial(_flushed, one))
        self.turns += 1
        if self.turns % LOOK_EVERY == 0:
            self.watch.look()

    def act(self, town: SimTown, move: Callable[[SimTown], Any]) -> None:
        """The town does it, or is told why not."""
        world = self.world
        world.totals["actions"] += 1
        disk = town.disks[world.wasteland]
        before = disk.count()
        try:
            move(town)
        except WastelandError as error:
            world.totals[f"refused {error.code}"] += 1
        town.attend()
        if town.honest:
            new = islice(disk._journal, before, None)
            world.acknowledged.setdefault(town.name, []).extend(new)

    def guarded(self, work: Callable[[], Any]) -> None:
        """A crash in the middle ends that town's process, which starts again from its disks."""
        try:
            work()
        except Crash as crash:
            self.world.totals["crashes"] += 1
            crash.town.start()

    def message(self) -> None:
        """A talk begins, goes on, or waits while others go on."""
        world, chance = self.world, self.world.chance
        world.talks = [talk for talk in world.talks if talk.alive]
        if world.strays and world.happens(0.2):
            self.late(world.strays.pop(chance.randrange(len(world.strays))))
        if len(world.talks) < 2 or chance.random() < 0.2:
            one, other = chance.sample(list(world.towns.values()), 2)
            if frozenset((one.name, other.name)) not in world.walls:
                self.guarded(lambda: world.talks.append(Talk(world, one, other)))
            return
        talk = chance.choice(world.talks)
        world.totals["delays"] += talk is not world.talks[0]
        for work in (talk.deliver, talk.other.attend, talk.one.attend):
            self.guarded(work)

    def late(self, stray: Stray) -> None:
        """A message comes once more, after others that were sent later; nobody hears the answer."""
        world = self.world
        one, other = world.towns[stray.one], world.towns[stray.other]
        if frozenset((one.name, other.name)) in world.walls:
            return
        world.totals["reorders"] += 1
        with contextlib.suppress(PeerError):
            self.guarded(lambda: answered(world, one, other, stray.what, stray.body))
        self.guarded(other.attend)

    def misfortune(self, town: SimTown) -> None:
        """Clocks jump, walls rise and fall, a process is about to die, the liar speaks twice."""
        world, chance = self.world, self.world.chance
        if world.happens(0.05):
            town.skew = chance.randrange(-300, 300) * SECOND
            world.totals["clock jumps"] += 1
        if world.happens(0.06) or self.turns == WALL_TURN:
            pair = frozenset(t.name for t in chance.sample(list(world.towns.values()), 2))
            world.walls ^= {pair}
            world.totals["partitions"] += pair in world.walls
        if town.honest and world.happens(0.15):
            town.crash_at, town.crash_in = chance.choice(POINTS), chance.randrange(1, 4)
        if town.honest and self.turns >= CRASH_TURN and not world.totals["crashes"]:
            town.crash_at, town.crash_in = "", 1  # no seed is without one
        if not town.honest and world.happens(0.04):
            self.speak_twice(town)
        if not town.honest and world.happens(0.2):
            self.speak_stale(town)

    def speak_twice(self, liar: SimTown) -> None:
        """The liar signs two records for one slot and tells each to somebody else (H21)."""
        world = self.world
        author = liar.town.author
        head = liar.journal.head(ChainKey(world.wasteland, author.account, author.device))
        if head is None or head.fork is not None:
            return
        one, other = world.chance.sample(world.honest, 2)
        for number, town in enumerate((one, other)):
            entry = sign(
                key=author.key, scope=world.wasteland, author=author.account, seq=head.counted,
                prev=head.head_id, at=max(world.now, head.head_at + 1), kind="note.add",
                about=world.wasteland, body={"tag": "note", "text": f"{number}"},
            )  # fmt: skip
            envelope = Envelope(entry.record, entry.signature)
            self.guarded(partial(_told, town, envelope))
        world.totals["forks"] += 1

    def speak_stale(self, liar: SimTown) -> None:
        """The liar decides about its own item as if nothing had been decided before (5.1)."""
        account = liar.town.account
        own = [s for s in self.items(liar) if s.home.account == account and s.decisions]
        if not own:
            return
        item = str(self.world.chance.choice(own).post.id)
        for number in range(2):
            body = {"decides": item, "set": {"priority": number}}
            try:
                entry = compose(
                    liar.journal, liar.town.author, kind="wanted.update", body=body,
                    now=liar.now(), about=item,
                )  # fmt: skip
            except WastelandError:
                return
            envelope = Envelope(entry.record, entry.signature)
            liar.journal.record([envelope], now=liar.now())
            self.world.totals["stale decisions"] += 1

    # --- moves

    def items(self, town: SimTown) -> list[Any]:
        """Stories that the town knows."""
        return town.stories()

    def some(self, town: SimTown, fits: Callable[[Any], bool] = lambda _: True) -> str:
        """The public id of an item, mostly one that fits, sometimes any."""
        items = self.items(town)
        fitting = [story for story in items if fits(story)]
        if fitting and self.world.chance.random() < 0.8:
            items = fitting
        if not items:
            raise WastelandError("no item yet")
        return public_id("w", self.world.chance.choice(items).post.id)

    def held(self, town: SimTown) -> Callable[[Any], bool]:
        """Items that the town holds."""
        mine = town.town.account
        return lambda story: any(grant.holder == mine for grant in story.open_grants)

    def waiting(self, town: SimTown) -> Callable[[Any], bool]:
        """Items of the town's with a hand-in that nobody judged."""
        mine = town.town.account
        return lambda story: (
            mine in (story.post.account, story.home.account)
            and story.accepted is None
            and any(not attempt.decision for attempt in story.attempts)
        )

    def post(self, town: SimTown) -> None:
        """Work is given, now and then with another home."""
        chance = self.world.chance
        policy: dict[str, Any] = {"lease_s": chance.choice((300, 3_600, 86_400))}
        policy |= chance.choice(({}, {"assign": "choose"}, {"assign": "race", "max": 2}))
        fields: dict[str, Any] = {"title": f"work {chance.randrange(1000)}", "policy": policy}
        if chance.random() < 0.2:
            fields["home"] = chance.choice(NAMES)
        town.market.post(fields)

    def claim(self, town: SimTown) -> None:
        """Work is asked for."""
        answer = town.market.claim(self.some(town, lambda s: s.status == "open"), wait_s=0)
        self.world.totals["races lost"] += answer.exit == 5

    def done(self, town: SimTown) -> None:
        """Work is handed in, now and then without having been given."""
        late = self.world.chance.random() < 0.3
        where = f"https://example.org/{self.world.chance.randrange(999)}"
        town.market.done(self.some(town, self.held(town)), [where], speculative=late)

    def judge(self, town: SimTown) -> None:
        """A hand-in is judged."""
        item = self.some(town, self.waiting(town))
        if self.world.chance.random() < 0.6:
            town.market.accept(item, {"dims": {"quality": self.world.chance.randrange(1, 6)}})
            self.world.totals["accepts"] += 1
        else:
            town.market.reject(item, "not yet")

    def renew(self, town: SimTown) -> None:
        """A sign of work."""
        town.market.renew(self.some(town, self.held(town)), "still at it")

    def unclaim(self, town: SimTown) -> None:
        """Given back, or not asked any more."""
        town.market.unclaim(self.some(town))

    def note(self, town: SimTown) -> None:
        """A word on an item."""
        town.market.note(self.some(town), "How goes it?", tag="question")

    def close(self, town: SimTown) -> None:
        """Finished without a stamp."""
        town.market.close(self.some(town), reason="enough")

    def withdraw(self, town: SimTown) -> None:
        """Off the board."""
        town.market.withdraw(self.some(town))

    def update(self, town: SimTown) -> None:
        """Other terms."""
        town.market.update(self.some(town), {"priority": self.world.chance.randrange(5)})

    def stamp(self, town: SimTown) -> None:
        """Praise outside of an item."""
        other = self.world.chance.choice([n for n in NAMES if n != town.name])
        town.market.stamp_give(other, {"dims": {"quality": 4}}, context={"type": "review"})

    def policy(self, town: SimTown) -> None:
        """Other rules for later posts."""
        town.market.policy({"lease_s": str(self.world.chance.choice((600, 7_200)))})

    def rotate(self, town: SimTown) -> None:
        """A new recovery key."""
        town.market.key_rotate()

    def add_device(self, town: SimTown) -> None:
        """One more device, which never signs here."""
        key = DeviceKey.from_seed(self.world.chance.randbytes(32))
        town.market.device_add(request_line(key, ""), may=("claim.bid",))

    def take_back(self, town: SimTown) -> None:
        """A claim by hand where the poster chooses."""
        town.market.grant(self.some(town))

    def wait(self, town: SimTown) -> None:
        """Waiting for an answer, which comes or does not."""
        town.market.wait(self.some(town), until="settled", timeout_s=1)

    def sync(self, town: SimTown) -> None:
        """Asking everybody at once."""
        town.market.sync()

    # --- the end

    def heal(self) -> None:
        """Nothing fails any more; everybody meets everybody until nothing is new."""
        world = self.world
        world.calm = True
        world.walls.clear()
        world.talks.clear()
        for town in world.towns.values():
            town.skew, town.crash_in = 0, 0
        world.strays.clear()
        for _ in range(HEAL_ROUNDS):
            for one in world.honest:
                for other in world.honest:
                    if one is not other:
                        self.exchange(one, other)
            if len({JournalReplica(t.journal).frontier().root for t in world.honest}) == 1:
                return

    def finish(self) -> None:
        """Equal sets, equal rows, nothing lost, every ledger proven, every law kept."""
        towns, totals = self.world.honest, self.world.totals
        assert len(self.world.towns) >= 3
        assert totals["actions"] >= ACTIONS
        assert totals["partitions"] >= 1
        assert totals["crashes"] >= 1
        assert set(self.world.passed) <= set(POINTS), "a port's call that nobody listed"
        roots = {JournalReplica(town.journal).frontier().root for town in towns}
        assert len(roots) == 1, "the sets differ after healing"
        shown = [
            {table.name: list(town.journal.store.rows(table.name)) for table in DERIVED}
            for town in towns
        ]
        assert shown[0] == shown[1] == shown[2], "the rows differ after healing"
        for town in towns:
            held = {str(entry.record.id) for entry in town.journal.store.entries()}
            for name, ids in self.world.acknowledged.items():
                lost = set(ids) - held
                assert not lost, f"{town.name} lacks {len(lost)} acknowledged records of {name}"
        verdict = verify(towns[self.world.seed % 3].journal)
        assert verdict.holds, [str(d) for d in verdict.differences][:3]
        self.watch.finish()


def _flushed(town: SimTown) -> None:
    town.journal.flush()


def _told(town: SimTown, envelope: Envelope) -> None:
    town.journal.record([envelope], now=town.now())
