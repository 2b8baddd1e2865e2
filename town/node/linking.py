"""The link between a town and its market, with every port plugged in, and as a service of the node.

A sign of work is what somebody did: a file or a commit of the worktree, a turn of the session. That
the node runs, makes worktrees and begins sessions is none.
"""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from ledger.workspace.work import ACTIVE, Assignment, MergeRequest, Session
from town.link.board import Board
from town.link.desk import Links
from town.node.log import Logger
from town.node.watching import newest_sign

if TYPE_CHECKING:
    from town.market.market import Market
    from town.node.works import Works

LOG = Logger("town")


def links_of(market: "Market", works: "Works") -> Links:
    """The link, as the caller of these works keeps it."""
    return Links(works.store, works.ports, Board(market), signs=Signs(works).of)


class Signs:
    """Looks for signs of work on beads."""

    def __init__(self, works: "Works") -> None:
        self.works = works

    def of(self, bead: str) -> int:
        """When somebody last worked on the bead, in microseconds; 0 for never. Not in a turn."""
        store, root = self.works.store, self.works.workspace.root

        def rows() -> tuple[list[Assignment], int]:
            work = list(store.find(Assignment, bead=bead, state=ACTIVE))
            turns = [
                session.active_at
                for one in work
                for session in store.find(Session, agent=one.agent)
                if session.assignment == one.id and session.active_at > session.started_at
            ]
            handed = [one.submitted_at for one in store.find(MergeRequest, bead=bead)]
            return work, max((*turns, *handed), default=0)

        work, newest = cast("tuple[list[Assignment], int]", self.works.ports.run(rows))
        for one in work:
            at = max(newest_sign(root, one), committed_at(root, one))
            newest = max(newest, at if at > one.furnished_at else 0)
        return newest


def committed_at(root: Path, work: Assignment) -> int:
    """When something was last committed in the work's worktree; microseconds, 0 for never."""
    if not work.worktree:
        return 0
    try:
        told = (root / work.worktree / ".git").read_text("utf-8").removeprefix("gitdir:").strip()
        return (Path(told) / "logs" / "HEAD").stat().st_mtime_ns // 1_000
    except (OSError, UnicodeDecodeError):
        return 0


class Linking:
    """The service: every round items and beads are in step; a trouble is told once."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self._failed: dict[str, str] = {}

    def cycle(self) -> None:
        """What could be done is done."""
        told = self.links.cycle()
        for item, error in told.failed:
            if self._failed.get(item) != str(error):
                LOG.warning("link", item=item, code=error.code, why=str(error))
        self._failed = {item: str(error) for item, error in told.failed}
