"""The replay of a sequence of decisions: one home, each decision naming the one before.

Pure. It knows the walk (records 5.1, 4.2): from the root along `decides`, in the order of the
home's chain, over moves and successors. Whether a decision is good is the caller's judge.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from ledger.story import Home, Stop
from ledger.world import World
from stamps.record import ChainKey, Record, heads_key

Alive = Callable[[World, Record], bool]


class Verdict(Enum):
    """What the judge says of one candidate."""

    EFFECTIVE = "effective"
    VOID = "void"
    WAITS = "waits"
    NEWER = "newer"


@dataclass(slots=True)
class Walk:
    """Where a replay stands, and what it met on the way."""

    root: str
    home: Home
    alive: Alive  # which candidates of the home's chain count
    pointer: str = field(init=False)
    stop: Stop = Stop.NONE
    effective: list[Record] = field(default_factory=list)
    moved_to: Home | None = None  # set by the judge of an effective `home.move`
    homes: set[Home] = field(default_factory=set)  # the present one, and those before it

    def __post_init__(self) -> None:
        self.pointer = self.root


Judge = Callable[[Record], Verdict]


def replay(
    world: World, walk: Walk, candidates: Callable[[Home], Iterable[Record]], judge: Judge
) -> None:
    """The walk holds every effective decision, the final home and the reason it stopped.

    `candidates` gives the decisions of a device about this subject, in chain order.
    """
    inherited: set[Home] = set()
    while True:
        walk.homes.add(walk.home)
        found = _next(world, walk, candidates(walk.home), judge)
        if found is not None:
            walk.effective.append(found)
            walk.pointer = found.id
            if walk.moved_to is not None:
                walk.home, walk.moved_to = walk.moved_to, None
                inherited.clear()
        elif walk.stop is not Stop.NONE or not _inherit(world, walk, inherited):
            return


def _next(world: World, walk: Walk, candidates: Iterable[Record], judge: Judge) -> Record | None:
    for record in candidates:
        if record.body.get("decides") != walk.pointer or not walk.alive(world, record):
            continue
        log = world.log(record.account)
        if log is None or not log.may(record.device, record.kind):
            continue
        verdict = judge(record)
        if verdict is Verdict.EFFECTIVE:
            return record
        if verdict is Verdict.WAITS:
            walk.stop = Stop.RECORD
            return None
        if verdict is Verdict.NEWER:
            walk.stop = Stop.NEWER
            return None
    return None


def _inherit(world: World, walk: Walk, inherited: set[Home]) -> bool:
    """The successor that a revoke names decides on, once the old chain is held to its head."""
    log = world.log(walk.home.account)
    revoke = log.effective.revokes.get(walk.home.device) if log is not None else None
    successor = revoke.body.get("successor") if revoke is not None else None
    if revoke is None or not successor or walk.home in inherited:
        return False
    if not _held_to_head(world, walk.home, revoke):
        walk.stop = Stop.HEAD  # records 4.2
        return False
    inherited.add(walk.home)
    walk.home = Home(walk.home.account, successor)
    return True


def _held_to_head(world: World, home: Home, revoke: Record) -> bool:
    if heads_key(world.wasteland, home.device) not in revoke.body["heads"]:
        return True
    state = world.chain(ChainKey(world.wasteland, home.account, home.device))
    return state is not None and state.settled
