"""A session is seen through its beginning, with the database open for moments only.

Who waits for a program must not keep everybody else from the town meanwhile.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from cli.gt.opened import works_of
from town.node.lifecycle import LockedError

if TYPE_CHECKING:
    from town.sessions.desk import SessionDesk

TRIES: Final = 20
WAIT_S: Final = 0.5
Result = TypeVar("Result")


def settled(ctx: typer.Context, identifier: str) -> int:
    """0, once the session was told, or ended before. Raises SessionError, LockedError."""
    desk, first = _opened(ctx, lambda desk: (desk, desk.first(identifier)))
    if first is None or not desk.waited(first):
        return 0
    if _opened(ctx, lambda desk: desk.marked(first)):
        desk.tell(first)
    return 0


def _opened(ctx: typer.Context, work: "Callable[[SessionDesk], Result]") -> Result:
    """What the work finds in the town; waits while somebody else has the town."""
    for _ in range(TRIES):
        try:
            with works_of(ctx) as works:
                return work(works.agents)
        except LockedError:
            time.sleep(WAIT_S)
    with works_of(ctx) as works:
        return work(works.agents)
