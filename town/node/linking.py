"""The link between a town and its market, with every port plugged in, and as a service of the node.

A sign of work is what somebody did: a file or a commit of the worktree, a turn of the session. That
the node runs, makes worktrees and begins sessions is none.
"""

from collections.abc import Sequence
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

        def rows() -> tuple[list[tuple[Assignment, int]], int]:
            work = [
                (one, [row for row in store.find(Session, agent=one.agent) if _is_of(row, one)])
                for one in store.find(Assignment, bead=bead, state=ACTIVE)
            ]
            turns = [row.active_at for _, mine in work for row in mine if _has_turned(row)]
            handed = [one.submitted_at for one in store.find(MergeRequest, bead=bead)]
            return [(one, _begun_at(one, mine)) for one, mine in work], max(
                (*turns, *handed), default=0
            )

        work, newest = cast("tuple[list[tuple[Assignment, int]], int]", self.works.ports.run(rows))
        for one, begun in work:
            signed = newest_sign(root, one, now=self.works.now())
            at = max(signed, committed_at(root, one))
            newest = max(newest, at if at > begun else 0)
        return newest


def _is_of(row: Session, work: Assignment) -> bool:
    return row.assignment == work.id


def _has_turned(row: Session) -> bool:
    return row.active_at > row.started_at


def _begun_at(work: Assignment, sessions: Sequence[Session]) -> int:
    """Until when the node itself wrote into the worktree: its files, and those of its sessions."""
    begun = [max(row.started_at, row.ready_at) for row in sessions]
    return max(work.furnished_at, *begun, 0)


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
