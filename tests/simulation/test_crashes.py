"""A whole job between three towns, with a crash at every single call of a port, one by one.

The person whose command died types it again. Whatever died, wherever: the job comes to the same
end, on one board, with one grant and one stamp.
"""

from collections.abc import Callable
from functools import cache

import pytest

from ledger.set_journal import JournalReplica
from ledger.tables import DERIVED
from ledger.verify import verify
from stamps.errors import WastelandError
from tests.simulation.points import POINTS
from tests.simulation.world import SECOND, Crash, SimTown, Talk, World

Step = Callable[[World], object]
STRIDE = 67  # of the calls tried in the fast run
FOUNDING = ("keys.save_device:before", "keys.save_device:after")
FOUNDING += ("peers.redeem:before", "peers.redeem:after")


def meet(one: str, other: str) -> Step:
    """Two towns exchange what they hold."""

    def step(world: World) -> None:
        first, second = world.towns[one], world.towns[other]
        talk = Talk(world, first, second)
        while talk.alive:
            talk.deliver()
        first.attend()
        second.attend()

    return step


def does(name: str, work: Callable[[SimTown], object]) -> Step:
    """A person's command in one town; a refusal is an answer."""

    def step(world: World) -> None:
        town = world.towns[name]
        try:
            work(town)
        except WastelandError as error:
            world.totals[error.code] += 1
        town.attend()

    return step


def init(town: SimTown) -> None:
    if town.town.account == "":
        town.market.init(town.name)


def create(town: SimTown) -> None:
    if not town.town.members():
        town.market.create("hop/commons")
    town.world.wasteland = next(iter(town.town.members()))


def item(town: SimTown) -> str:
    """The public id of the one item."""
    [row] = town.journal.store.rows("wanted")
    return str(row["id"])


def post(town: SimTown) -> None:
    if not list(town.journal.store.rows("wanted")):
        town.market.post({"title": "Fix the race", "home": "cinder"})


STEPS: tuple[Step, ...] = (
    *(does(name, init) for name in ("ash", "bolt", "cinder")),
    does("ash", create),
    does("bolt", lambda town: town.market.join("ash")),
    does("cinder", lambda town: town.market.join("ash")),
    meet("bolt", "ash"), meet("cinder", "ash"), meet("bolt", "cinder"), meet("ash", "bolt"),
    does("ash", post), meet("ash", "cinder"), meet("bolt", "cinder"),
    does("bolt", lambda town: town.market.claim(item(town), wait_s=0)), meet("bolt", "cinder"),
    meet("cinder", "bolt"),
    does("bolt", lambda town: town.market.renew(item(town), "at it")),
    does("bolt", lambda town: town.market.done(item(town), ["https://example.org/1"])),
    does("bolt", lambda town: town.market.key_rotate()),
    meet("cinder", "bolt"), meet("cinder", "ash"),
    does("bolt", lambda town: town.market.sync()),
    does("ash", lambda town: town.market.accept(item(town), {"dims": {"quality": 5}})),
    meet("ash", "cinder"), meet("cinder", "ash"), meet("bolt", "cinder"), meet("ash", "bolt"),
)  # fmt: skip


def played(dies_at: int) -> World:
    """The job, with a crash at this call; whoever died begins again and repeats the step."""
    world = World(1)
    world.calm = True
    for name in ("ash", "bolt", "cinder"):
        world.towns[name] = SimTown(world, name, honest=True)
    world.dies_at = dies_at
    for step in STEPS:
        world.now += 60 * SECOND
        while True:
            try:
                step(world)
                break
            except Crash as crash:
                world.died[crash.point] += 1
                crash.town.start()
    return world


@cache
def calls() -> int:
    """How many calls there are to die at."""
    return played(0).calls


def settled(world: World) -> None:
    """Everybody met everybody until nothing was new."""
    for _ in range(3):
        for one in world.towns:
            for other in world.towns:
                if one != other:
                    meet(one, other)(world)


def ended_well(world: World) -> None:
    """One board, proven, on which the job is done: one grant, one hand-in at least, one stamp."""
    settled(world)
    towns = list(world.towns.values())
    assert len({JournalReplica(town.journal).frontier().root for town in towns}) == 1
    boards = [
        {table.name: list(town.journal.store.rows(table.name)) for table in DERIVED}
        for town in towns
    ]
    assert boards[0] == boards[1] == boards[2]
    assert verify(towns[0].journal).holds
    [row] = boards[0]["wanted"]
    assert row["status"] == "completed"
    story = towns[0].stories()[0]
    assert [grant.holder for grant in story.grants] == [world.towns["bolt"].town.account]
    assert len(boards[0]["stamps"]) == 1


def tried(numbers: range) -> set[str]:
    """The job came to its end with a crash at each of these calls; the points where it died."""
    points: set[str] = set()
    for number in numbers:
        world = played(number)
        assert world.died.total() == 1
        try:
            ended_well(world)
        except AssertionError as error:
            raise AssertionError(f"died at call {number}, {dict(world.died)}: {error}") from error
        points |= set(world.died)
    return points


def test_the_job_ends_well_without_a_crash():
    """What the other tests compare with."""
    ended_well(played(0))


def test_a_crash_at_some_calls_changes_nothing():
    """Every so many calls: the fast part of the enumeration."""
    assert len(tried(range(1, calls() + 1, STRIDE))) > 10


@pytest.mark.slow
@pytest.mark.uncounted
@pytest.mark.parametrize("part", range(2))
def test_a_crash_at_every_call_of_every_port_changes_nothing(part):
    """All of them, one by one: no moment to die at is left out."""
    half = calls() // 2 + 1
    tried(range(1 + part * half, min((part + 1) * half, calls()) + 1))


def test_the_job_passes_the_points_that_a_crash_can_hit():
    """The enumeration covers the ports: what the job never calls is named here."""
    unused = {point.rsplit(":", 1)[0] for point in {*POINTS, *FOUNDING} - set(played(0).passed)}
    assert unused == set()
