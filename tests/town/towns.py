"""A real town in a folder: a workspace, a project with a remote, a desk for any caller."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ledger.workspace.invariants import broken
from town.beads.ports import Caller
from town.node.home import Home
from town.node.private import OpenPrivate
from town.node.works import Works
from town.rigs.source import NewRig
from town.workspace.files import write_json
from town.workspace.layout import Workspace


def git(at: Path, *argv: str) -> str:
    """What git printed there."""
    done = subprocess.run(
        ["git", *argv], cwd=at, env=environment(at), capture_output=True, text=True, check=True
    )
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    """The environment of a person of these tests; nothing of this machine's own git is read."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org",
    }  # fmt: skip


def repository(folder: Path, *, branch: str = "main") -> Path:
    """A bare repository with one commit."""
    work = folder / "seed"
    work.mkdir(parents=True)
    git(work, "init", "-q", "-b", branch)
    (work / "README").write_text("hello\n", "utf-8")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "first")
    bare = folder / "origin.git"
    git(folder, "clone", "-q", "--bare", str(work), str(bare))
    return bare


class TestTown:
    """A town with the project `api`, whose beads begin with `ap-`."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin = repository(folder)
        self.workspace = Workspace(folder / "gt")
        self.env: Mapping[str, str] = environment(folder)
        for place in self.workspace.folders:
            place.mkdir(parents=True, exist_ok=True)
        person = {"name": "Ann", "email": "ann@example.org", "source": "test"}
        write_json(self.workspace.overseer, person)
        write_json(self.workspace.mark, {"type": "town", "version": 2, "name": "gt"})
        home = Home(self.workspace.home)
        home.furnish()
        self.private = OpenPrivate(home, {})
        self.private.tell({"issue_prefix": "hq"})

    def works(self, actor: str = "overseer") -> Works:
        """The desks of this caller."""
        caller = Caller(actor=actor, owner="ann@example.org")
        return self.private.works(self.workspace, caller, self.env)

    def add_rig(self, name: str = "api", prefix: str = "ap") -> None:
        """The project is part of the town."""
        self.works().rigs.add(NewRig(name=name, url=str(self.origin), prefix=prefix))

    def check_sound(self) -> None:
        """Raises where something that must hold among the town's rows does not."""
        found = self.private.run(lambda: broken(self.private.store))
        if found:
            raise AssertionError(f"the town is not sound: {found}")

    def bead(self, title: str = "Fix it", *, prefix: str = "ap", **fields: object) -> str:
        """The id of a new bead."""
        from town.beads.desk import Draft  # noqa: PLC0415

        beads = self.private.beads(Caller(actor="overseer"))
        return beads.create(Draft(title=title, prefix=prefix, fields=fields)).id


@contextmanager
def town_in(folder: Path) -> Iterator[TestTown]:
    """A town with a project, open until the block ends, and sound then whatever was done in it."""
    town = TestTown(folder)
    try:
        town.add_rig()
        yield town
        town.check_sound()
    finally:
        town.private.close()
