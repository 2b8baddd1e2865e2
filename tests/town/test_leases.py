"""Rights: one of many has it, nobody waits for a dead one, and no clock locks anybody out."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.private.memory import MemoryPrivate
from ledger.private.store import Change, PrivateStore
from ledger.workspace.work import Lease
from stamps.errors import WastelandError
from tests.few import FEW, FEW_MAX
from tests.town.test_mail_told import Interleaved
from town.beads.ports import BeadPorts, Caller
from town.leases.right import Held, Right, Rights, Terms

LASTS = 1_000
LONGEST = LASTS + LASTS // 10  # with what clocks of several machines may differ by
RIGHT = Right(name="the well", lasts_us=LASTS)


class BusyError(WastelandError):
    """Somebody has it."""


class LostError(WastelandError):
    """Somebody else has it by now."""


TERMS = Terms(what="drawing", busy=BusyError, lost=LostError)


@dataclass
class Village:
    """Who lives, what time it is, and the rights of any of them."""

    store: PrivateStore = field(default_factory=MemoryPrivate)
    now: int = 10_000
    living: set[str] = field(default_factory=set)

    def begin(self, token: str) -> str:
        """Somebody begins, and lives."""
        self.living.add(token)
        return "villager"

    def end(self, token: str) -> None:
        """Somebody is done, or dead."""
        self.living.discard(token)

    def lives(self, maker: str, token: str, *, begun_at: int) -> bool:
        """Whether somebody lives."""
        assert begun_at <= self.now + LASTS // 10
        return maker == "villager" and token in self.living

    def rights(self, *, known: bool = True) -> Rights:
        """The rights, of somebody of whom it is known whether they live, or not."""
        ports = BeadPorts(
            now=lambda: self.now,
            new_secret=lambda: b"",
            run=lambda work: work(),
            caller=Caller(actor="villager"),
        )
        return Rights(self.store, ports, self if known else None)

    def is_free(self) -> bool:
        """Whether whoever comes next has it."""
        return self.rights().holder(RIGHT) is None


@FEW
@given(others=st.integers(1, 6), known=st.booleans())
def test_of_many_who_take_it_at_once_one_has_it(others, known):
    """Each acts between another's look and its change; the others are told so, and keep nothing."""
    village = Village(Interleaved())
    won, late = [], []
    with ExitStack() as block:

        def take(number: int) -> None:
            try:
                taking = village.rights(known=known).held(RIGHT, f"v{number}", TERMS)
                won.append(block.enter_context(taking))
            except BusyError:
                late.append(number)

        village.store.between = [partial(take, number) for number in range(others)]
        take(others)
        assert (len(won), len(late)) == (1, others)
        assert won[0].still() == village.store.get(Lease, RIGHT.name)
    assert list(village.store.find(Lease)) == []


def test_nobody_waits_for_a_dead_one_and_whoever_comes_next_is_told(village):
    """It is free at once; one of whom nobody can say whether they live has it for its time."""
    with village.rights().held(RIGHT, "v1", TERMS) as first:
        assert not first.taken_over
        assert not village.is_free()
        village.end("v1")
        assert village.is_free()
        with village.rights().held(RIGHT, "v2", TERMS) as second:
            assert second.taken_over
            with pytest.raises(LostError):
                first.still()
            village.now += LASTS // 2
            with pytest.raises(LostError):
                first.beat()
    with village.rights(known=False).held(RIGHT, "v3", TERMS):
        village.now += LASTS - 1
        assert not village.is_free()
        village.now += 1
        assert village.is_free()


@pytest.fixture(name="village")
def _village() -> Village:
    return Village()


def test_whoever_fails_gives_it_back_and_lives_no_more(village):
    """An error in the midst leaves neither a lease nor a living token."""
    with pytest.raises(ZeroDivisionError), village.rights().held(RIGHT, "v1", TERMS):
        raise ZeroDivisionError
    assert list(village.store.find(Lease)) == []
    assert village.living == set()


def test_whoever_was_too_slow_does_not_give_back_what_is_anothers(village):
    """Its time was over, another took it: it stays the other's."""
    with ExitStack() as block:
        with village.rights().held(RIGHT, "v1", TERMS):
            village.now += LASTS
            second = block.enter_context(village.rights().held(RIGHT, "v2", TERMS))
        assert second.still() == second.lease


@given(until=st.integers(0, 10 * LASTS), at=st.integers(0, 10 * LASTS))
def test_no_lease_locks_anybody_out_for_longer_than_it_lasts(until, at):
    """Whenever it was written, and whatever the clock says by now: after so long it is free."""
    lease = Lease(resource=RIGHT.name, holder="v", expires_at=until)
    assert not RIGHT.runs(lease, now=at + LONGEST) or not RIGHT.runs(lease, now=at)
    assert RIGHT.runs(lease, now=at) == (at < until <= at + LONGEST)


class VillageMachine(RuleBasedStateMachine):
    """Takers, deaths, beats and a clock that jumps: never two have it, nor nobody for long."""

    def __init__(self) -> None:
        super().__init__()
        self.village = Village(now=100 * LASTS)
        self.numbers = count()
        self.held: dict[int, tuple[ExitStack, Held]] = {}

    def one(self, data: st.DataObject) -> int:
        """One of those who took it and neither gave it back nor died."""
        return data.draw(st.sampled_from(sorted(self.held)))

    @rule()
    def take(self) -> None:
        """Somebody has it, if nobody else has."""
        free, number, block = self.village.is_free(), next(self.numbers), ExitStack()
        taking = self.village.rights().held(RIGHT, f"v{number}", TERMS)
        try:
            self.held[number] = (block, block.enter_context(taking))
        except BusyError:
            assert not free
        else:
            assert free

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        """Others can take it; unless it was another's by then."""
        block, held = self.held.pop(self.one(data))
        still = has(held)
        block.close()
        assert not still or self.village.store.find(Lease) == []

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """Others can take it at once."""
        number = self.one(data)
        still = has(self.held.pop(number)[1])
        self.village.end(f"v{number}")
        assert not still or self.village.is_free()

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        """It goes on, or is known to be another's where that is looked at."""
        held = self.held[self.one(data)][1]
        still = has(held)
        try:
            held.beat()
        except LostError:
            assert not still
        else:
            assert not still or not self.village.is_free()

    @rule(by=st.integers(-3 * LASTS, 3 * LASTS) | st.integers(-LASTS // 4, LASTS // 4))
    def clock(self, by: int) -> None:
        """Time goes on, or somebody sets the clock."""
        self.village.now = max(self.village.now + by, LASTS)

    @invariant()
    def one_at_most(self) -> None:
        """Whoever believes to have it and looks is told the truth."""
        assert sum(has(held) for _, held in self.held.values()) <= 1

    @invariant()
    def soon_free(self) -> None:
        """If nobody does anything, whoever is refused now has it after as long as it lasts."""
        refused = not self.village.is_free()
        now, self.village.now = self.village.now, self.village.now + LONGEST
        assert not refused or self.village.is_free()
        self.village.now = now


def has(held: Held) -> bool:
    """Whether it is still this one's."""
    try:
        held.still()
    except LostError:
        return False
    return True


TestVillageMachine = VillageMachine.TestCase
TestVillageMachine.settings = settings(
    max_examples=min(settings().max_examples, FEW_MAX), stateful_step_count=20, deadline=None
)
TestVillageMachine = pytest.mark.uncounted(TestVillageMachine)


def test_a_beat_goes_on_with_it_also_when_the_clock_was_set_back(village):
    """Written once a sixth of it has passed, or when it ends later than it can; else nothing is."""
    with village.rights().held(RIGHT, "v1", TERMS) as held:
        first = held.lease
        village.now += LASTS // 6 - 1
        held.beat()
        assert village.store.get(Lease, RIGHT.name) == first
        village.now += 1
        held.beat()
        assert village.store.get(Lease, RIGHT.name).expires_at == village.now + LASTS
        village.now -= 5 * LASTS
        assert village.is_free()
        held.beat()
        assert not village.is_free()
        assert village.store.get(Lease, RIGHT.name).expires_at == village.now + LASTS


@FEW
@given(others=st.integers(1, 5), back=st.integers(LASTS // 5, 9 * LASTS))
def test_a_turn_comes_once_in_a_while_to_one_of_many(others, back):
    """Of those who ask at once one has it; then nobody until its time is over or was set back."""
    village = Village(Interleaved())

    def turn() -> bool:
        return village.rights(known=False).turn(RIGHT, now=village.now, what="cleaning")

    found = []
    village.store.between = [lambda: found.append(turn()) for _ in range(others)]
    found.append(turn())
    assert sum(found) == 1
    village.now += LASTS - 1
    assert not turn()
    village.now += 1
    assert turn()
    village.now -= back
    assert turn()


def test_a_step_rests_on_what_was_there_before(village):
    """Whatever else is in the change is written with it, and by its holder alone."""
    rights = village.rights(known=False)
    mine = rights.taking(RIGHT, "v1")
    assert mine is not None
    village.store.apply(mine)
    assert rights.taking(RIGHT, "v2") is None
    assert not rights.giving_back(RIGHT, "v2")
    village.store.apply(rights.giving_back(RIGHT, "v1"))
    assert rights.giving_back(RIGHT, "v1") == Change()
