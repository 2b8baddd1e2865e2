"""Folders that are being made: taken first, given back when something fails, cleared when it died.

A folder is removed only where it bears the token of the row, so nothing is ever removed that
somebody else made. Whoever makes one is known by its process.
"""

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.private.store import Change, ChangedError, Dropped, PrivateStore
from ledger.workspace.rows import ADDING, CREW, Agent, Making, Rig, Taken
from ledger.workspace.work import Session
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.leases.ports import Makers
from town.workspace.layout import Workspace

MARKS: Final = (".making", ".git/making")
ASIDE: Final = ".making-"
_TOKEN: Final = "[0-9a-f]" * 32
LYING: Final = (f"{ASIDE}{_TOKEN}", f"*/crew/{ASIDE}{_TOKEN}")  # beside the places of folders
CLEAR_TRIES: Final = 3
RIG: Final = "rig"
MOVE: Final = "move"  # the folder is on its way to `path`, and its rows still name `name`


def aside(path: Path, token: str) -> Path:
    """Where a folder lies while it is made or removed, beside its own place."""
    return path.with_name(f"{ASIDE}{token}")


def clear_folder(path: Path, token: str) -> None:
    """Nothing of that work is at the path or beside it; what is not of that work stays."""
    beside = aside(path, token)
    if any(_says(path / mark, token) for mark in MARKS):
        path.rename(beside)  # a program that still writes there does not hold it up
    else:
        with contextlib.suppress(OSError):
            path.rmdir()  # empty: it was begun, or it is nobody's
    if beside.is_symlink():
        beside.unlink()  # what it led to is not ours to remove
    for _ in range(CLEAR_TRIES):
        shutil.rmtree(beside, ignore_errors=True)
        if not beside.exists():
            return


def _says(mark: Path, token: str) -> bool:
    try:
        return mark.read_text("utf-8") == token
    except (OSError, UnicodeDecodeError):
        return False


class Unfinished(Acting):
    """The folders that are being made in a town's workspace."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, workspace: Workspace, makers: Makers
    ) -> None:
        super().__init__(store, ports)
        self.workspace = workspace
        self.makers = makers

    def begun(self, path: Path, *, kind: str, name: str) -> Making:
        """The row of a work that begins now; it is still to be written."""
        token = self.ports.new_secret().hex()
        return Making(
            path=str(path.relative_to(self.workspace.root)),
            kind=kind,
            name=name,
            token=token,
            maker=self.makers.begin(token),
            begun_at=self.ports.now(),
        )

    def whole(self) -> list[Rig]:
        """The rigs that are there, and not only begun. Only within a turn."""
        return [rig for rig in self.store.find(Rig) if rig.state != ADDING]

    def in_hand(self, agent: Agent) -> str:
        """What an agent has in hand, in words; empty for nothing. Only within a turn."""
        if agent.hook_bead or agent.assignment:
            return f"works on {agent.hook_bead or agent.assignment}"
        sessions = self.store.find(Session, agent=agent.id, ended_at=0)
        return f"has a session that runs, {sessions[0].name or sessions[0].id}" if sessions else ""

    def lives(self, making: Making) -> bool:
        """Whether somebody is at that work."""
        return self.makers.lives(making.maker, making.token, begun_at=making.begun_at)

    @contextmanager
    def or_nothing(self, making: Making) -> Iterator[None]:
        """If the block fails, neither the folder nor the name is taken."""
        try:
            yield
        except BaseException:
            self.clear(making)
            raise
        finally:
            self.makers.end(making.token)

    def dead(self) -> list[Making]:
        """Works whose makers died in the midst."""

        def work() -> list[Making]:
            return [one for one in self.store.find(Making) if not self.lives(one)]

        return self.look(work)

    def clear_dead(self) -> list[Making]:
        """What dead makers left is gone; what they had begun."""
        found = self.dead()
        for making in found:
            self.clear(making)
        self._clear_strays()
        return found

    def _clear_strays(self) -> None:
        """No folder lies about that a removal could not empty, because somebody wrote in it."""
        root = self.workspace.root
        lying = [path for where in LYING for path in root.glob(where)]
        if lying:  # read after the folders: one that is at work has its row longer than its folder
            known = self.look(lambda: {making.token for making in self.store.find(Making)})
            for path in lying:
                if path.name.removeprefix(ASIDE) not in known:
                    shutil.rmtree(path, ignore_errors=True)

    def clear(self, making: Making) -> None:
        """Neither the folder nor the rows of that work are there; what was moved is back."""
        if making.kind == MOVE:
            if not self._moved_back(making):
                return
        else:
            clear_folder(self.workspace.root / making.path, making.token)

        def work() -> tuple[None, Change]:
            if self.store.get(Making, making.path) != making:
                return None, Change()
            drops = [Dropped(kind=Making, key=making.key), *self._named(making)]
            told = self.event(f"{making.kind}.cleared", making.name, path=making.path)
            return None, Change(drops=tuple(drops), events=(told,), seen=(self.seen(making),))

        with contextlib.suppress(ChangedError):  # somebody else cleared it
            self.act("clear what was left", work)

    def _moved_back(self, making: Making) -> bool:
        """Whether the folder lies where its rows say, and nothing in the place it was to have."""
        old, new = self.workspace.root / making.name, self.workspace.root / making.path
        if new.exists() and not old.exists() and not old.is_symlink():
            new.rename(old)
        return not new.exists()

    def _named(self, making: Making) -> Iterator[Dropped]:
        """The rows that were only there for the sake of that work."""
        if making.kind == RIG:
            rig = self.store.get(Rig, making.name)
            if rig is not None and rig.state == ADDING:
                yield Dropped(kind=Rig, key=rig.key)
                for taken in self.store.find(Taken, rig=rig.name):
                    yield Dropped(kind=Taken, key=taken.key)
        elif making.kind == CREW:
            agent = self.store.get(Agent, making.name)
            if agent is not None and agent.state == ADDING:
                yield Dropped(kind=Agent, key=agent.key)
