"""Handing work in at a town: a remote that gives no answer is kept as what hinders the work.

So a session that ends over it counts as no attempt, and a person is told where it lasts.
"""

from typing import TYPE_CHECKING

from town.hooks.handing import HandedIn, HandIn, RemoteAwayError
from town.node.watching import limits_of
from town.watch.hindered import away
from town.workspace.files import read_json

if TYPE_CHECKING:
    from town.node.works import Works


def hand_in(works: "Works", said: HandIn) -> HandedIn:
    """The work is handed in. Raises HookError, GitError."""
    try:
        return works.hooks.done(said)
    except RemoteAwayError as error:
        limits = limits_of(read_json(works.workspace.settings))
        works.watch.hinder(error.work.id, away(error), limits)
        raise
