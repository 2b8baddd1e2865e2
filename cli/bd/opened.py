"""The beads that a call works on, as its caller: who that is, and where it stands."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from cli.bd.interchange import sync_after
from cli.context import Call
from cli.tree import call_of
from town.beads.desk import Beads
from town.beads.ports import Caller


def caller_of(call: Call) -> Caller:
    """Who typed the command: as the session's environment says, else the user."""
    env = call.env
    actor = env.get("BD_ACTOR") or env.get("GT_ROLE") or env.get("GIT_AUTHOR_NAME")
    session = env.get("GT_SESSION_ID") or env.get("CLAUDE_SESSION_ID", "")
    return Caller(
        actor=actor or env.get("USER") or getpass.getuser(),
        owner=env.get("GIT_AUTHOR_EMAIL", ""),
        session=session,
    )


@contextmanager
def beads_of(ctx: typer.Context) -> Iterator[Beads]:
    """The beads of this call, open until the block ends."""
    call = call_of(ctx)
    with call.private(call) as private:
        caller = caller_of(call)
        yield private.beads(caller)
        sync_after(call, private, caller)
