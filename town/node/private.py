"""The private database of a town, or of a project's beads, opened with every port plugged in.

The caller holds the home's lock. A node keeps it open beside its ledgers; a single command opens
it, and nothing else of the town.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ledger.beads.kept import KeptPrivate
from ledger.dolt.private import open_private_doltlite, open_private_server
from ledger.private.rows import Setting
from ledger.private.store import Change, PrivateStore
from ledger.store_errors import StoreError
from ledger.workspace.rows import DEACON
from stamps.clock import SECOND_US
from town.beads.acting import Acting
from town.beads.desk import Beads
from town.beads.ports import BeadPorts, Caller
from town.convoys.following import is_behind
from town.node import clock
from town.node.configured import config_of
from town.node.home import BeadsFolder, Home
from town.node.makers import ProcessMakers
from town.node.place import TOWN_HOME
from town.node.room import give_back
from town.node.works import Works
from town.node.writer import Writer
from town.workspace.events_file import EventsFile
from town.workspace.layout import Workspace
from town.workspace.older import Kept

if TYPE_CHECKING:
    from town.beads.syncing import Syncing

Result = TypeVar("Result")
Desk = TypeVar("Desk", bound=Acting)
COMMIT_AGE_US = 10 * SECOND_US
SIZE_AGE_US = 60 * SECOND_US
MESSAGE_CHARS_MAX = 200


def home_at(path: str) -> Home:
    """The home in this folder: a town's, or a project's `.beads`."""
    place = Path(path)
    town = place.name == TOWN_HOME or (place / "keys").is_dir()
    return Home(place) if town else BeadsFolder(place)


class OpenPrivate:
    """An open private database, until `close`."""

    def __init__(self, home: Home, env: Mapping[str, str], writer: Writer | None = None) -> None:
        self.home = home
        self.config = config_of(home.config, env)
        self.writer = writer or Writer(after=_nothing)
        self._own_writer = writer is None
        self.store = self.writer.run(self._open)
        self._said: list[str] = []
        self._untold = True  # whether something may have happened that the file of events lacks
        self._events: EventsFile | None = None
        self._kept_at = 0
        self.rung: Callable[[], None] = lambda: None  # called after each change, in the thread
        self._makers = ProcessMakers()
        self._sized_at = clock.now()

    def _open(self) -> PrivateStore:
        url = self.config.text("private.url")
        if url:
            return open_private_server(url, town=self.home.path.name)
        store = open_private_doltlite(self.home.private, town=self.home.path.name)
        # A node is the file's only writer for long; a single command reads each row once.
        return store if self._own_writer else KeptPrivate(store)

    @property
    def workspace(self) -> Workspace | None:
        """The town around the database; None for a project's own beads."""
        in_town = not isinstance(self.home, BeadsFolder) and self.home.path.name == TOWN_HOME
        return Workspace(self.home.path.parent) if in_town else None

    def ports(self, caller: Caller) -> BeadPorts:
        """What a use case of this caller is given."""
        return BeadPorts(
            now=clock.now,
            new_secret=clock.new_secret,
            run=self.writer.run,
            caller=caller,
            said=self._note,
        )

    def beads(self, caller: Caller) -> Beads:
        """The beads, as this caller works on them."""
        return Beads(self.store, self.ports(caller))

    def at(self, desk: type[Desk], caller: Caller) -> Desk:
        """Another desk over the same beads, at which this caller works."""
        return desk(self.store, self.ports(caller))

    def exchange(self, caller: Caller) -> "Syncing":
        """The beads, as this caller lets them leave and enter."""
        from town.beads.syncing import Syncing  # noqa: PLC0415  # few commands need it

        return Syncing(self.store, self.ports(caller))

    def works(
        self,
        workspace: Workspace,
        caller: Caller,
        env: Mapping[str, str],
        cancelled: threading.Event | None = None,
    ) -> Works:
        """The town's works, as this caller runs them; `env` is that of the caller's programs."""
        return Works(
            store=self.store,
            ports=self.ports(caller),
            workspace=workspace,
            env=env,
            makers=self._makers,
            now=self.now,
            cancelled=cancelled,
        )

    def tell(self, settings: Mapping[str, str]) -> None:
        """The database was told these settings."""
        rows = tuple(Setting(name=name, value=value) for name, value in settings.items())
        self.writer.run(lambda: self.store.apply(Change(puts=rows)))
        self._note("settings")

    def _note(self, what: str) -> None:
        self._said.append(what)
        self._untold = True
        self.rung()

    def run(self, work: Callable[[], Result]) -> Result:
        """The result of the work, done in the database's thread."""
        return self.writer.run(work)

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return clock.now()

    def keep(self) -> None:
        """What was said is in the history where the last commit is old, and storage given back.

        In the thread.
        """
        if self._untold:
            self._tell_events()
        if self._said and clock.now() - self._kept_at >= COMMIT_AGE_US:
            self._commit()
        if clock.now() - self._sized_at >= SIZE_AGE_US:
            self._sized_at = clock.now()
            give_back(self.store, self.home.private, waited_for=False)

    def _tell_events(self) -> None:
        """Others find in the town's file what happened; that it fails is the doctor's business."""
        self._untold = False
        self._land()
        if self.workspace is not None and self.workspace.mark.is_file():
            with suppress(StoreError):
                self._events = self._events or EventsFile(
                    self.workspace.events, self.store, self._kept
                )
                self._events.follow()

    def _kept(self) -> Kept:
        """How much of the town's file stays, as its settings say."""
        from town.workspace.settings_file import events_kept  # noqa: PLC0415  # rarely needed

        return events_kept(self.workspace) if self.workspace is not None else Kept()

    def _land(self) -> None:
        """Convoys of which everything is done have landed, with or without a node."""
        if self.workspace is None or not is_behind(self.store):
            return
        with suppress(StoreError):  # the next command looks again
            self.works(self.workspace, Caller(actor=DEACON), {}).convoys.follow()

    def settle(self) -> None:
        """What was said is in the history now."""
        self.writer.run(self._commit)

    def _commit(self) -> None:
        if self._events is not None:
            self._events.settle()
        if self._said:
            shown = "; ".join(dict.fromkeys(self._said))
            self.store.checkpoint(shown[:MESSAGE_CHARS_MAX])
            self._said.clear()
            self._kept_at = clock.now()

    def close(self) -> None:
        """What was written is in the history, and nothing is open."""
        self.writer.run(self._shut)
        if self._own_writer:
            self.writer.close()

    def _shut(self) -> None:
        self._tell_events()
        self._commit()
        give_back(self.store, self.home.private, waited_for=self._own_writer)
        self.store.close()


def _nothing() -> None:
    """After a turn there is nothing to do."""
