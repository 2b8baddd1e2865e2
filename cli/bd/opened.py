"""The beads that a call works on, as its caller: who that is, and where it stands."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from cli.bd.interchange import sync_after
from cli.caller import caller_of, warn_of
from cli.tree import call_of
from town.beads.desk import Beads

__all__ = ["beads_of", "caller_of"]


@contextmanager
def beads_of(ctx: typer.Context) -> Iterator[Beads]:
    """The beads of this call, open until the block ends."""
    call = call_of(ctx)
    with call.private(call) as private:
        caller = caller_of(call)
        warn_of(call)
        yield private.beads(caller)
        sync_after(call, private, caller)
