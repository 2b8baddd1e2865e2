"""The beads that a call works on, as its caller: who that is, and where it stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import typer

from cli.bd.interchange import sync_after
from cli.caller import caller_of, warn_of
from cli.tree import call_of
from town.beads.acting import Acting
from town.beads.desk import Beads
from town.beads.ports import Caller
from town.rigs.errors import NoRigError

if TYPE_CHECKING:
    from town.node.private import OpenPrivate

__all__ = ["at_desk", "beads_of", "caller_of"]
Desk = TypeVar("Desk", bound=Acting)


@contextmanager
def beads_of(ctx: typer.Context, *, rig: str = "") -> Iterator[Beads]:
    """The beads of this call, open until the block ends; new ones are that rig's.

    Raises NoRigError.
    """
    call = call_of(ctx)
    with call.private(call) as private:
        caller = caller_of(call)
        warn_of(call)
        if rig:
            caller = _in_rig(private, caller, rig)
        yield private.beads(caller)
        sync_after(call, private, caller)


@contextmanager
def at_desk(ctx: typer.Context, desk: type[Desk]) -> Iterator[Desk]:
    """Another desk over the beads of this call, open until the block ends."""
    call = call_of(ctx)
    with call.private(call) as private:
        caller = caller_of(call)
        warn_of(call)
        yield private.at(desk, caller)
        sync_after(call, private, caller)


def _in_rig(private: "OpenPrivate", caller: Caller, said: str) -> Caller:
    beads = private.beads(caller)
    found = beads.look(lambda: beads.rig_called(said))
    if found is None:
        raise NoRigError(said, beads.look(beads.rigs))
    return replace(caller, rig=found.name, prefix="")
