"""Use cases of whoever looks at one item or speaks about it: what all of them stand on.

It finds the item, knows who looks, and refreshes what this town believes to hold.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from ledger.actions_errors import ActionError
from ledger.journal import Journal
from ledger.story import Home, Story
from stamps.record import ChainKey
from town.market.answer import Answer, Next
from town.market.claims import Claims, Standing
from town.market.deciders import poster_facts
from town.market.desk import Desk
from town.market.find import Found, find_item
from town.market.ports import Reach
from town.market.refusals import explain
from town.market.stops import forget_working, remember_working, working
from town.market.view import Viewer, asked_by, held_by, item_facts
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
        found = find_item(self.board(), said)
        if found.story is None or self.rehearsing:
            return found
        self.ports.attend(found.journal, found.story.post.id)
        return self.again(found)

    def again(self, found: Found) -> Found:
        """The item as it stands now."""
        return find_item(found.journal, found.id)

    def short(self, found: Found) -> str:
        """The id that people type."""
        return short_id(found.journal, found.id)

    def facts(self, found: Found) -> dict[str, Any]:
        """The item's data, with who else holds its post and what is known of its poster."""
        facts = item_facts(found, self.viewer())
        if found.story is not None:
            journal, post = found.journal, found.story.post
            chain = ChainKey(post.scope, post.author, str(post.device))
            names = self.ports.peers.seen_by(journal.wasteland, chain, post.seq)
            facts["seen_by"] = list(names)
            known = poster_facts(journal, post.account)
            facts["poster"] |= {**known, "seen_s": self._poster_seen_s(found)}
        return facts

    def _poster_seen_s(self, found: Found) -> int | None:
        post = found.signed.post
        if post.account == self.town.account:
            return 0
        home = Home(post.account, str(post.device))
        return self.ports.peers.reach(found.journal.wasteland, home).last_heard_s

    def reach(self, found: Found) -> Reach:
        """Whether the item's home is there to answer, and who holds this town's request."""
        viewer = self.viewer()
        home = found.signed.home
        if (viewer.account, viewer.device) == home:
            return Reach(live=True, last_heard_s=0)
        wasteland = found.journal.wasteland
        return replace(
            self.ports.peers.reach(wasteland, home),
            held_by=self._request_held_by(found, viewer),
            silent_s=self.ports.peers.standing(wasteland).heard_s,
            resident=self.ports.resident,
        )

    def _request_held_by(self, found: Found, viewer: Viewer) -> tuple[str, ...]:
        ask = asked_by(found.signed, viewer)
        record = found.journal.state.record(ask.id) if ask is not None else None
        if record is None:
            return ()
        chain = ChainKey(record.scope, record.author, str(record.device))
        return tuple(self.ports.peers.seen_by(found.journal.wasteland, chain, record.seq))

    def claims(self, found: Found) -> Claims:
        """What can be said about the item's claim to this agent."""
        viewer = self.viewer()
        note = working(self.town).get(str(found.signed.post.id)) or {}
        told = note.get("state") == "yours" and note.get("agent", "") == viewer.agent
        return Claims(found.journal, viewer, told_yours=told)

    def standing(self, found: Found) -> Standing:
        """How the item's claim stands for this town."""
        return self.claims(found).standing(found.signed, self.reach(found))

    def believe(self, journal: Journal, story: Story) -> None:
        """The local note says what this answer tells the agent."""
        if self.rehearsing or not self.town.account:
            return
        item = str(story.post.id)
        ask = asked_by(story, self.viewer())
        if held_by(story, self.town.account) is not None:
            agent, state = self.holding_agent(story) or "", "yours"
        elif ask is not None:
            agent, state = ask.by, "asked"
        else:
            forget_working(self.town, item)
            return
        remember_working(self.town, journal.wasteland, item, agent=agent, state=state)

    def holding_agent(self, story: Story) -> str | None:
        """The agent of this town that holds the item, empty for the operator, None for nobody."""
        grant = held_by(story, self.town.account)
        if grant is None:
            return None
        ask = next((a for a in story.asks if a.id == grant.bid), None)
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

    def standing_answer(self, found: Found, words: tuple[str, ...] = ()) -> Answer:
        """The answer that says how the claim stands; `words` in the place of its own lines."""

        def look() -> Standing:
            again = self.again(found)
            standing = self.standing(again)
            self.believe(again.journal, again.signed)
            return standing

        standing = self.run(look)
        extra = {"claim": standing.state}
        return self.item_answer(
            found,
            words or standing.words,
            next_=standing.next,
            exit_=standing.exit,
            error=standing.error,
            extra=extra,
        )

    def deliver(self, journal: Journal) -> None:
        """What was said is with the peers, where no node runs that would carry it."""
        if self.ports.resident or not self.ports.peers.standing(journal.wasteland).peers:
            return
        reports = self.ports.peers.sync(journal.wasteland, timeout_s=self.ports.exchange_s)
        missed = ", ".join(report.name for report in reports if not report.reached)
        rest = "it goes out with the next wl sync, or by itself while wl up"
        self.undelivered = (f"not reached: {missed}; {rest}",) if missed else ()
