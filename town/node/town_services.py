"""What a town's node does for its agents: the watch, and the services that take turns with it.

The composition root of a running workspace. Convoys, nudges and dispatch have their turn after each
round of the watch; what may take long has a thread: each project's refinery, and first moments.
"""

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from ledger.workspace.rows import OPERATIONAL
from stamps.clock import SECOND_US
from stamps.errors import WastelandError
from town.beads.ports import Caller
from town.growth.rows import OldRows
from town.hooks.slinging import Order
from town.hooks.target import Target
from town.market.market import Market
from town.node import clock
from town.node.linking import Linking, links_of
from town.node.log import Logger
from town.node.private import OpenPrivate
from town.node.turns import turns
from town.node.watching import WatchLoop
from town.node.works import Works
from town.workspace.events_file import last_seq
from town.workspace.files import read_json
from town.workspace.layout import RigFolder
from town.workspace.settings import milliseconds
from town.workspace.settings_file import rig_settings

WATCH: Final = "deacon"
SETTLING: Final = "first moments"
POLL_S: Final = 5.0
LEAST_S: Final = 0.1
PRUNE_US: Final = 600 * SECOND_US
LOG = Logger("town")


class Worker:
    """One thread that does its work each time it is woken, when it is due, and from time to time.

    The work says when there is more to do, in microseconds since 1970; 0 for nothing.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], int],
        ended: threading.Event,
        *,
        every_s: Callable[[], float] = lambda: POLL_S,
    ) -> None:
        self.name = name
        self.work = work
        self.every_s = every_s
        self._ended = ended
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """It looks again at once."""
        self._woken.set()

    def join(self, wait_s: float) -> None:
        """It has ended, or had so long to."""
        self._woken.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        for _ in turns(self._ended, self._woken):
            begun, due = clock.now(), 0
            try:
                due = self.work()
            except WastelandError as error:
                LOG.warning("service", name=self.name, code=error.code, why=str(error))
            except Exception:  # the outermost place of this thread
                LOG.warning("service", name=self.name, exc_info=True)
            self._woken.wait(rest_s(self.every_s(), due, begun=begun, now=clock.now()))


def rest_s(every_s: float, due: int, *, begun: int, now: int) -> float:
    """How long a worker waits that nobody wakes: until more is due, and no longer than usual.

    What became due since its look `begun` was not seen by that, and is looked at in a moment.
    """
    left_s = (due - now) / SECOND_US if due > begun else every_s
    return max(min(left_s, every_s), LEAST_S)


def poll_s(folder: RigFolder) -> float:
    """How often a rig's refinery looks by itself, as the rig's settings say."""
    try:
        said = rig_settings(folder).read().merge_queue.poll_interval
    except WastelandError:
        return POLL_S  # the cycle says what is wrong with the file
    return milliseconds(said) / 1_000


class Workers:
    """What takes long has a thread each: the merge queue of each project, first moments."""

    def __init__(self, works: Callable[[], Works]) -> None:
        self.works = works
        self.mine = works()
        self.ended = threading.Event()
        self._workers: dict[str, Worker] = {}
        self._seen = self.mine.town.look(lambda: last_seq(self.mine.store))

    def wake(self) -> None:
        """Everybody looks again who may have something to do; a new project has a worker.

        A refinery is woken by what happened, and else looks as often as its settings say.
        """
        happened = self._happened()
        self._keep(SETTLING, self._settle, every_s=lambda: POLL_S)
        for view in self.mine.rigs.listed():
            if view.rig.state == OPERATIONAL:
                name = view.rig.name
                every_s = partial(poll_s, self.mine.workspace.rig(name))
                self._keep(f"{name}/refinery", self._refinery(name), every_s=every_s)
        for name, worker in self._workers.items():
            if happened or name == SETTLING:
                worker.wake()

    def _happened(self) -> bool:
        """Whether there are events that were not there the last time."""

        def work() -> int:
            seq = self._seen
            while events := self.mine.store.events(seq):
                seq = events[-1].seq
            return seq

        before, self._seen = self._seen, self.mine.town.look(work)
        return self._seen != before

    def _keep(self, name: str, work: Callable[[], int], *, every_s: Callable[[], float]) -> None:
        if name not in self._workers and not self.ended.is_set():
            self._workers[name] = Worker(name, work, self.ended, every_s=every_s)

    def _settle(self) -> int:
        self.mine.agents.settle_all(
            lambda row, error: LOG.warning("session", agent=row.agent, code=error.code),
            going=lambda: not self.ended.is_set(),
        )
        return 0

    def _refinery(self, rig: str) -> Callable[[], int]:
        works = self.works()
        works.refinery.stop = self.ended
        return lambda: works.refinery.cycle(rig).due

    def stop(self, *, wait_s: float) -> None:
        """What they were doing is broken off, and nothing is merged any more."""
        self.ended.set()
        for worker in self._workers.values():
            worker.join(wait_s)


class Seldom:
    """Does its work now and then, however often it is asked to."""

    def __init__(self, work: Callable[[], Any], *, every_us: int, now: Callable[[], int]) -> None:
        self.work = work
        self.every_us = every_us
        self.now = now
        self._due = 0

    def cycle(self) -> None:
        """It was done, where that is long ago."""
        if self.now() >= self._due:
            self._due = self.now() + self.every_us
            self.work()


class Dispatch:
    """Gives every ready member of a convoy to a worker, as far as there is room."""

    def __init__(self, works: Works) -> None:
        self.works = works
        self._failed: dict[str, str] = {}

    def cycle(self) -> None:
        """What could be given was given; what could not says why once."""
        hooks = self.works.hooks
        for convoy, bead in self.works.convoys.ready_members(self.works.now()):
            rig = hooks.rig_of(bead.id)
            order = Order(
                bead=bead.id,
                target=Target(rig=rig),
                merge=convoy.merge,
                base=convoy.base_branch,
                as_before=True,
            )
            try:
                hooks.sling(order)
            except WastelandError as error:
                if self._failed.get(bead.id) != error.code:
                    LOG.warning("dispatch", bead=bead.id, code=error.code, why=str(error))
                self._failed[bead.id] = error.code


class TownServices:
    """Everything that runs for a workspace, begun and ended together."""

    def __init__(self, private: OpenPrivate, env: Mapping[str, str], market: Market) -> None:
        workspace = private.workspace
        if workspace is None:
            raise RuntimeError("only a workspace has services")
        self.private = private

        def works() -> Works:
            return private.works(workspace, Caller(actor=WATCH), env)

        mine = works()
        rows = OldRows(mine.store, mine.ports)
        self.workers = Workers(works)
        services: dict[str, Callable[[], Any]] = {
            "link": Linking(links_of(market, mine)).cycle,
            "convoys": lambda: mine.convoys.cycle(mine.now()),
            "dispatch": Dispatch(mine).cycle,
            "nudges": lambda: mine.nudges.cycle(mine.now()),
            "workers": self.workers.wake,
            "transcripts": Seldom(
                lambda: mine.transcripts.prune(workspace), every_us=PRUNE_US, now=mine.now
            ).cycle,
            "old rows": Seldom(
                lambda: rows.cycle(workspace), every_us=PRUNE_US, now=mine.now
            ).cycle,
        }
        settings = workspace.settings
        self.loop = WatchLoop(mine.watch, services, lambda: read_json(settings))

    def start(self) -> None:
        """The town is watched over from now on."""
        self.private.rung = self.loop.wake
        self.loop.start()

    def stop(self, *, wait_s: float) -> None:
        """Nothing is begun or merged any more; sessions go on."""
        self.private.rung = lambda: None
        self.loop.stop(wait_s=wait_s)
        self.workers.stop(wait_s=wait_s)
