"""The town's own adapter of a board: each change is a signed record, each row what the fold says.

What others derive by writing rows, such as the leaderboard, is derived here already.
"""

from collections.abc import Sequence
from typing import Any, Final

from town.extensions.points import RowFacts
from town.market.errors import NotFoundError
from town.market.market import Market
from town.market.names import account_called

SHORT: Final = ("id", "title", "status", "claimed_by")
LEADERS_MAX: Final = 10_000


class MarketStore:
    """The board of a town, one account's view of it."""

    def __init__(self, market: Market, *, board: str = "") -> None:
        self.market = market
        self.board = board

    def ensure_db(self) -> None:
        """The board is there; one is founded where the town is on none."""
        if not self.database_exists():
            self.market.create(self.board or "commons")

    def database_exists(self) -> bool:
        """Whether the town is on a board."""
        return bool(self.market.town.ledgers)

    def _rows(self, table: str) -> list[dict[str, Any]]:
        market = self.market

        def work() -> list[dict[str, Any]]:
            return [dict(row) for row in market.board(self.board).store.rows(table)]

        return market.run(work)

    def _in_rows(self, handle: str) -> str:
        """What rows call the account of a handle: no two accounts are called alike in them."""

        def work() -> str:
            journal = self.market.board(self.board)
            try:
                return journal.name(account_called(journal, handle))
            except NotFoundError:
                return handle

        return self.market.run(work)

    def insert_wanted(self, item: RowFacts) -> str:
        """The id of what is wanted from now on."""
        return str(self.market.post(dict(item)).data["id"])

    def claim_wanted(self, identifier: str, handle: str) -> None:
        """The item is this town's. Raises NotFoundError for another's handle, ClaimError."""
        self._check(handle)
        self.market.claim(identifier)

    def _check(self, handle: str) -> None:
        mine = str(self.market.profile().data["handle"])
        if handle != mine:
            raise NotFoundError("key of a town", handle)  # each signs for itself

    def submit_completion(
        self, completion: str, identifier: str, handle: str, evidence: str
    ) -> str:
        """The id that the hand-in has by its record; a proposed one is not used."""
        del completion
        self._check(handle)
        self.market.done(identifier, (evidence,))
        mine = [row for row in self._rows("completions") if row["wanted_id"] == identifier]
        return str(mine[-1]["id"]) if mine else ""

    def query_wanted(self, identifier: str) -> RowFacts | None:
        """The item's row: id, title, status, claimed_by; None for none."""
        found = self.query_wanted_full(identifier)
        return {name: found[name] for name in SHORT} if found is not None else None

    def query_wanted_full(self, identifier: str) -> RowFacts | None:
        """The item's row with every column."""
        return next((row for row in self._rows("wanted") if row["id"] == identifier), None)

    def insert_stamp(self, stamp: RowFacts) -> str:
        """The id of a stamp for `subject` with `valence`."""
        context = {"type": str(stamp.get("context_type") or "endorsement")}
        if stamp.get("context_id"):
            context["id"] = str(stamp["context_id"])
        given = {"message": stamp.get("message"), "dims": dict(stamp["valence"])}
        said = {name: value for name, value in given.items() if value}
        return str(self.market.stamp_give(str(stamp["subject"]), said, context).data["id"])

    def query_last_stamp_for_subject(self, subject: str) -> RowFacts | None:
        """The newest stamp that a handle was given."""
        return next(iter(self.query_stamps_for_subject(subject)), None)

    def query_stamps_for_subject(self, subject: str) -> Sequence[RowFacts]:
        """The stamps that a handle was given, the newest first."""
        name = self._in_rows(subject)
        mine = [row for row in self._rows("stamps") if row["subject"] == name]
        return sorted(mine, key=lambda row: (str(row["created_at"]), row["id"]), reverse=True)

    def query_badges(self, handle: str) -> Sequence[RowFacts]:
        """The badges of a handle."""
        name = self._in_rows(handle)
        return [row for row in self._rows("badges") if row["rig_handle"] == name]

    def query_all_subjects(self) -> Sequence[str]:
        """Every handle with a stamp, in order."""
        return sorted({str(row["subject"]) for row in self._rows("stamps")})

    def upsert_leaderboard(self, row: RowFacts) -> RowFacts:
        """The row of a handle as the fold has it; nobody writes one by hand."""
        rows = self.market.leaderboard(LEADERS_MAX).data["rows"]
        name = self._in_rows(str(row["handle"]))
        found = next((one for one in rows if one["handle"] == name), {"completed": 0, "stamps": 0})
        return {**found, "handle": row["handle"]}
