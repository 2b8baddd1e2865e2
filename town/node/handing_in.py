"""Handing work in at a town: a remote that gives no answer is kept as what hinders the work.

So a session that ends over it counts as no attempt, and a person is told where it lasts.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from town.beads.ports import Caller
from town.hooks.handing import HandedIn, HandIn, RemoteAwayError
from town.node.watching import limits_of
from town.watch.hindered import Hindered, away
from town.workspace.files import read_json

if TYPE_CHECKING:
    from town.node.works import Works


WATCH: Final = "deacon"


def hand_in(works: "Works", said: HandIn) -> HandedIn:
    """The work is handed in. Raises HookError, GitError."""
    try:
        return works.hooks.done(said)
    except RemoteAwayError as error:
        limits = limits_of(read_json(works.workspace.settings))
        ports = replace(works.ports, caller=Caller(actor=WATCH))  # whoever hands in tells nobody
        Hindered(works.store, ports, works.hooks).hinder(error.work.id, away(error), limits)
        raise
