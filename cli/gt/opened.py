"""The town that a call works in, as its caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.caller import caller_of, warn_of
from cli.context import Call, NoPlaceError
from cli.tree import call_of
from town.node.place import TOWN_HOME
from town.workspace.layout import Workspace

if TYPE_CHECKING:
    from town.node.private import OpenPrivate
    from town.node.works import Works


@contextmanager
def works_of(ctx: typer.Context) -> "Iterator[Works]":
    """The town's works of this call, open until the block ends. Raises NoPlaceError."""
    call = call_of(ctx)
    with call.private(call) as private:
        warn_of(call)
        yield _works(private, ctx)


def _works(private: "OpenPrivate", ctx: typer.Context) -> "Works":
    call = call_of(ctx)
    if private.workspace is None:
        raise NoPlaceError(call.cwd, call.program)
    return private.works(private.workspace, caller_of(call), call.env, call.cancelled)


def workspace_of(call: Call) -> Workspace:
    """The workspace that this call stands in; nothing is opened. Raises NoPlaceError."""
    home = Path(call.home)
    if not call.home or home.name != TOWN_HOME:
        raise NoPlaceError(call.cwd, call.program)
    return Workspace(home.parent)
