"""Use cases of whoever looks at one item or speaks about it: what all of them stand on.

It finds the item, knows who looks, and refreshes what this town believes to hold.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ledger.actions_errors import ActionError
from ledger.journal import Journal
from ledger.story import Story
from stamps.record import ChainKey
from town.market.answer import Answer, Next
from town.market.claims import Claims, Standing
from town.market.desk import Desk
from town.market.find import Found, find_item
from town.market.ports import Reach
from town.market.refusals import explain
from town.market.stops import forget_working, remember_working, working
from town.market.view import Viewer, held_by, item_facts
from town.market.words import short_id

Result = TypeVar("Result")


class ItemDesk(Desk):
    """What all use cases about items have in common."""

    def run(self, work: Callable[[], Result]) -> Result:
        """The result of work in the ledger's thread; a refusal is said in the words of users 7."""
        try:
            return self.ports.run(work)
        except ActionError as error:
            self.ports.run(partial(explain, error, self.town, now=self.now()))
            raise

    def viewer(self) -> Viewer:
        """Who looks, and when. A town without an account looks as nobody."""
        device = self.town.device
        return Viewer(
            account=self.town.account,
            device=str(device.device) if device is not None else "",
            agent=self.ports.agent,
            now=self.now(),
        )

    def found(self, said: str) -> Found:
        """The item of the current wasteland that was meant. Raises."""
        return find_item(self.board(), said)

    def again(self, found: Found) -> Found:
        """The item as it stands now."""
        return find_item(found.journal, found.id)

    def short(self, found: Found) -> str:
        """The id that people type."""
        return short_id(found.journal, found.id)

    def facts(self, found: Found) -> dict[str, Any]:
        """The item's data, with who else holds its post."""
        facts = item_facts(found, self.viewer())
        if found.story is not None:
            post = found.story.post
            chain = ChainKey(post.scope, post.author, str(post.device))
            names = self.ports.peers.seen_by(found.journal.wasteland, chain, post.seq)
            facts["seen_by"] = list(names)
        return facts

    def reach(self, found: Found) -> Reach:
        """Whether the item's home is there to answer."""
        viewer = self.viewer()
        home = found.signed.home
        if (viewer.account, viewer.device) == home:
            return Reach(live=True, last_heard_s=0)
        return self.ports.peers.reach(found.journal.wasteland, home)

    def standing(self, found: Found) -> Standing:
        """How the item's claim stands for this town; what the town believes follows it."""
        claims = Claims(found.journal, self.viewer())
        standing = claims.standing(found.signed, self.reach(found))
        self._believe(found.journal, found.signed)
        return standing

    def _believe(self, journal: Journal, story: Story) -> None:
        """The local note says what this answer told the agent."""
        if self.rehearsing or not self.town.account:
            return
        item = str(story.post.id)
        if held_by(story, self.town.account) is not None:
            note = working(self.town).get(item)
            agent = self._holding_agent(story)
            if note is None or note.get("state") != "yours" or note.get("agent") != agent:
                remember_working(self.town, journal.wasteland, item, agent=agent, state="yours")
        else:
            forget_working(self.town, item)

    def _holding_agent(self, story: Story) -> str:
        grant = held_by(story, self.town.account)
        ask = next((a for a in story.asks if grant is not None and a.id == grant.bid), None)
        return ask.by if ask is not None else ""

    def item_answer(
        self,
        found: Found,
        words: tuple[str, ...] = (),
        *,
        next_: tuple[Next, ...] = (),
        exit_: int = 0,
        error: dict[str, Any] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> Answer:
        """The answer about one item as it stands now."""
        data = self.run(lambda: self.facts(self.again(found)))
        whole = {**data, **(extra or {})}
        return self.answer("wl.v1.item", whole, words, next_=next_, exit_=exit_, error=error)

    def standing_answer(self, found: Found) -> Answer:
        """The answer that says how the claim stands."""
        standing = self.run(lambda: self.standing(self.again(found)))
        extra = {"claim": standing.state}
        return self.item_answer(
            found,
            standing.words,
            next_=standing.next,
            exit_=standing.exit,
            error=standing.error,
            extra=extra,
        )

    def deliver(self, journal: Journal) -> None:
        """What was said is with the peers, where no node runs that would carry it."""
        if not self.ports.resident and self.ports.peers.standing(journal.wasteland).peers:
            self.ports.peers.sync(journal.wasteland, timeout_s=self.ports.exchange_s)
