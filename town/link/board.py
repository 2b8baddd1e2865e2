"""The market's side of the link: which items the town holds, and what the town says about them.

Everything here is for use within a turn of the ledger's thread.
"""

from collections.abc import Iterator, Sequence

from ledger.journal import Journal
from ledger.store import BoardQuery
from ledger.story import Grant, Story
from ledger.workspace.link import ACCEPTED, HELD, LOST, Claim, HandIn
from stamps.clock import SECOND_US
from stamps.record import public_id
from town.market.errors import NotFoundError
from town.market.find import item_of
from town.market.market import Market
from town.market.names import name_of
from town.market.stops import last_grant_of, lost_words, working
from town.market.view import held_by
from town.market.words import short_id

WORKING = ("claimed", "in_review")
PAGE = 50
FIELDS = (
    *("title", "description", "type", "priority", "tags", "repo", "base", "check", "done_when"),
    *("deliver", "due", "reward"),
)


class _MarketOf(Market):
    """The market at the board of one wasteland, whichever commands speak of."""

    def __init__(self, market: Market, journal: Journal) -> None:
        super().__init__(market.town, market.ports)
        self._journal = journal

    def board(self, name: str = "") -> Journal:
        """The ledger of this wasteland."""
        del name
        return self._journal

    def deliver(self, journal: Journal) -> None:
        """Nothing: peers are not waited for within a turn; `Board.deliver` comes after it."""


class Board:
    """The boards of every wasteland that the town is in."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._found: dict[str, tuple[int, tuple[str, ...]]] = {}

    def held(self) -> list[tuple[str, str]]:
        """(wasteland, item) of everything that was claimed in this town and is its own now."""
        town = self.market.town
        if not town.account:
            return []
        return [
            (wasteland, item)
            for wasteland in town.members()
            for item in self._held_in(wasteland, town.ledgers[wasteland])
        ]

    def _held_in(self, wasteland: str, journal: Journal) -> tuple[str, ...]:
        """The same of one board; a board that has not changed is not looked through again."""
        version, found = self._found.get(wasteland, (-1, ()))
        if version != journal.version:
            version, found = journal.version, tuple(self._listed(journal))
            self._found[wasteland] = (version, found)
        return found

    def _listed(self, journal: Journal) -> Iterator[str]:
        name, cursor = journal.name(self.market.town.account), None
        while True:
            query = BoardQuery(
                claimer=name, status=WORKING, sort="newest", limit=PAGE, cursor=cursor
            )
            page = journal.store.find(query)
            for line in page.items:
                item = str(line.row["id"])
                story = item_of(journal, item).story
                if story is not None and self._asked_here(story):
                    yield item
            cursor = page.cursor
            if cursor is None:
                return

    def _asked_here(self, story: Story) -> bool:
        """Whether the claim is this town's: an account may have other machines."""
        town = self.market.town
        grant = held_by(story, town.account)
        if grant is None:
            return False
        if str(story.post.id) in working(town):
            return True
        ask = next((one for one in story.asks if one.id == grant.bid), None)
        return ask is None or town.device is None or ask.device == str(town.device.device)

    def claim(self, wasteland: str, item: str) -> Claim | None:
        """How the item stands now; None where its board is not here."""
        journal = self.market.town.ledgers.get(wasteland)
        if journal is None:
            return None
        try:
            story = item_of(journal, item).story
        except NotFoundError:
            return None
        return self._claim(journal, story) if story is not None else None

    def _claim(self, journal: Journal, story: Story) -> Claim:
        mine = self.market.town.account
        held, item = held_by(story, mine), public_id("w", story.post.id)
        stands, why, reason = (HELD, "", "") if held is not None else self._over(journal, story)
        if held is not None and _given_back(journal, story, held):
            stands, why = LOST, f"{short_id(journal, item)} was given back."
        return Claim(
            item=item,
            wasteland=journal.wasteland,
            stands=stands,
            poster=name_of(journal, story.post.account),
            fields={name: story.fields.get(name) for name in FIELDS},
            why=why,
            reason=reason,
            lease_us=held.lease_s * SECOND_US if held is not None else 0,
            last_sign=_last_sign(story, held, mine),
            handed_in=_handed_in(story, mine),
        )

    def _over(self, journal: Journal, story: Story) -> tuple[str, str, str]:
        """How a claim ended: the state, why in our words, and the decider's words."""
        mine, accepted = self.market.town.account, story.accepted
        if accepted is not None and accepted.doer == mine:
            return ACCEPTED, "accepted", accepted.reason
        public = public_id("w", story.post.id)
        said = lost_words(
            story,
            mine,
            home=name_of(journal, story.home.account),
            short=short_id(journal, public),
            now=self.market.now(),
        )
        before = last_grant_of(story, mine)
        return LOST, said.why, said.reason or (before.reason if before is not None else "")

    def renew(self, claim: Claim, sign: str) -> None:
        """The item's home is told that work on it goes on. Raises ActionError."""
        self._of(claim).renew(claim.item, sign=sign)

    def hand_in(self, claim: Claim, evidence: Sequence[str], summary: str) -> None:
        """The work is handed in. Raises ActionError."""
        self._of(claim).done(claim.item, evidence=evidence, summary=summary)

    def deliver(self, wasteland: str) -> None:
        """What was said is with the peers, where no node runs that would carry it. In no turn."""
        journal = self.market.town.ledgers.get(wasteland)
        if journal is not None:
            self.market.deliver(journal)

    def _of(self, claim: Claim) -> Market:
        return _MarketOf(self.market, self.market.town.ledgers[claim.wasteland])


def _given_back(journal: Journal, story: Story, held: Grant) -> bool:
    """Whether the town said that it wants the item no more; its home may not have heard yet."""
    return any(
        record.kind == "claim.release"
        and record.account == held.holder
        and record.body.get("grant") == held.id
        for record in journal.state.about(story.post.id)
    )


def _last_sign(story: Story, held: Grant | None, mine: str) -> int:
    """From when on the lease of a held item runs: its grant, a renewal, work that was sent back."""
    back = [a.decided_at for a in story.attempts if a.doer == mine and a.decision == "rejected"]
    return max(held.last_sign, *back, 0) if held is not None else 0


def _handed_in(story: Story, mine: str) -> tuple[HandIn, ...]:
    return tuple(
        HandIn(decision=a.decision, reason=a.reason) for a in story.attempts if a.doer == mine
    )
