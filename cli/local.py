"""The town opened in this process, for a command that no node runs.

The ledger has one writer: the town's lock is taken first, and a command that cannot have it
says who does. Nothing of the town is imported before the command is known.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.context import Call, NoBeadsError, NoPlaceError
from town.node.boot import load_engine

if TYPE_CHECKING:
    from town.node.compose import OpenTown
    from town.node.home import Home
    from town.node.private import OpenPrivate

SERVER = "private.url"


@contextmanager
def open_here(call: Call) -> "Iterator[OpenTown]":
    """The town of this call's home, open until the block ends, its lock held meanwhile."""
    load_engine()  # before anything that imports SQLite
    from town.node.compose import open_town  # noqa: PLC0415
    from town.node.home import Home  # noqa: PLC0415
    from town.node.lifecycle import town_lock  # noqa: PLC0415

    home = Home(Path(call.home))
    with town_lock(home, doing=" ".join(call.argv[:1])):
        town = open_town(home, env=call.env, cancelled=call.cancelled)
        try:
            with town.caller(call.env, call.say, call.show):
                yield town
        finally:
            town.close()


@contextmanager
def open_private_here(call: Call) -> "Iterator[OpenPrivate]":
    """The private database that this call means, open until the block ends.

    Raises NoPlaceError, and NoBeadsError for a project whose beads are still to be made: one that
    was just cloned has the file of them, and no database.
    """
    if not call.home:
        raise NoPlaceError(call.cwd, call.program)
    load_engine()  # before anything that imports SQLite
    from town.node.private import home_at  # noqa: PLC0415

    home = home_at(call.home)
    if not _is_made(home, call.env):
        raise NoBeadsError(home.path)
    with make_private_here(call) as private:
        yield private


def _is_made(home: "Home", env: Mapping[str, str]) -> bool:
    """Whether a project's beads have a database; a town makes its own."""
    from town.node.configured import config_of  # noqa: PLC0415
    from town.node.home import BeadsFolder  # noqa: PLC0415

    if not isinstance(home, BeadsFolder):
        return True
    try:
        return home.private.stat().st_size > 0 or bool(config_of(home.config, env).text(SERVER))
    except FileNotFoundError:
        return bool(config_of(home.config, env).text(SERVER))
    except OSError:
        return True  # whoever opens it finds out why not


@contextmanager
def make_private_here(call: Call) -> "Iterator[OpenPrivate]":
    """The same, made where it is not there."""
    load_engine()  # before anything that imports SQLite
    from town.node.lifecycle import town_lock  # noqa: PLC0415
    from town.node.private import OpenPrivate, home_at  # noqa: PLC0415

    home = home_at(call.home)
    with town_lock(home, doing=f"{call.program} {' '.join(call.argv[:1])}"):
        private = OpenPrivate(home, call.env)
        try:
            yield private
        finally:
            private.close()
