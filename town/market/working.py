"""Use cases of whoever takes work: claim, unclaim, renew, wait.

A claim is a request; exit 0 is the only permission to start (users 7). It waits for the home's
answer while the home is there to give one, and never longer than it was told.
"""

from collections.abc import Callable, Mapping

from ledger import actions_items as say
from ledger.story import Story
from town.market.answer import NOT_SETTLED, Answer, problem
from town.market.claims import Standing, step
from town.market.find import Found
from town.market.handing_in import HandingDesk, check_agent
from town.market.names import name_of
from town.market.stops import forget_working, remember_working
from town.market.view import asked_by, held_by
from town.market.words import normal_text

EXCHANGE_AGAIN_S = 1.0


class WorkingDesk(HandingDesk):
    """Takes work, keeps it, gives it back."""

    # --- claim and its end

    def claim(self, item: str, wait_s: float | None = None) -> Answer:
        """The item was asked for; exit 0 only when it is this agent's now (users 7)."""
        wait_s = self.ports.claim_wait_s if wait_s is None else wait_s
        check_agent(self.ports.agent)
        found = self.run(lambda: self.found(item))
        before = self.run(lambda: self._ask(found))
        if before.state == "yours":
            return self.standing_answer(found, self.run(lambda: self._already(found)))
        self.deliver(found.journal)
        if wait_s > 0 and self.run(lambda: self._worth_waiting(found)):
            self.ports.say(f"asking  {self.run(lambda: self._home_name(found))} …")
            self._settled(found, wait_s)
        return self.standing_answer(found)

    def _already(self, found: Found) -> tuple[str, ...]:
        again = self.again(found)
        return self.claims(again).already(again.signed)

    def _home_name(self, found: Found) -> str:
        return name_of(found.journal, found.signed.home.account)

    def _ask(self, found: Found) -> Standing:
        """The town has a live request, unless the item is its own already or out of reach.

        How it stood before.
        """
        found = self.again(found)  # another agent may have asked since it was looked up
        story = found.signed
        author = self.author
        standing = self.standing(found)
        if standing.state not in ("open", "lapsed", "ended"):
            return standing
        entry = say.bid(found.journal, author, story, now=self.now(), by=self.ports.agent)
        self.say(found.journal, entry)
        item = str(story.post.id)
        remember_working(
            self.town, found.journal.wasteland, item, agent=self.ports.agent, state="asked"
        )
        return standing

    def _worth_waiting(self, found: Found) -> bool:
        again = self.again(found)
        standing = self.standing(again)
        chosen_by_hand = again.signed.rules.assign == "choose"
        return standing.state == "asked" and not chosen_by_hand and self.reach(again).live

    def _settled(self, found: Found, wait_s: float) -> bool:
        return self._until(found, lambda: self.standing(self.again(found)).settled, wait_s)

    def _until(self, found: Found, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Whether it came to hold in time. Without a node the peers are asked every second."""
        if self.ports.resident:
            return self.ports.wait(lambda: self.run(holds), timeout_s)
        left = timeout_s
        while not self.run(holds):
            if left <= 0:
                return False
            self.ports.wait(lambda: self.run(holds), min(EXCHANGE_AGAIN_S, left))
            left -= EXCHANGE_AGAIN_S
            self.deliver(found.journal)
        return True

    def unclaim(self, item: str, reason: str = "") -> Answer:
        """The item is given back, or the request for it taken back; a second time changes nothing.

        Raises ActionError for what another agent of this town holds.
        """

        def work() -> tuple[Found, str]:
            found = self.found(item)
            story = found.signed
            _ = self.author
            self._not_anothers(found)
            held = held_by(story, self.town.account)
            ask = asked_by(story, self.viewer()) if held is None else None
            if held is None and ask is None:
                self.about_to("nothing", {})
                forget_working(self.town, str(story.post.id))
                return found, "is not yours and was not asked for (nothing changed)."
            said = normal_text(reason)
            entry = say.release(
                found.journal, self.author, story, now=self.now(), ask=ask, reason=said
            )
            self.say(found.journal, entry)
            forget_working(self.town, str(story.post.id))
            return found, "is given back." if held is not None else "is no longer asked for."

        found, told = self.run(work)
        self.deliver(found.journal)
        short = self.run(lambda: self.short(found))
        if self.run(lambda: self._ends_later(found)):
            told = "is given back; it is open again once this node has heard a peer."
        return self.item_answer(found, (f"back    {short} {told}",))

    def _ends_later(self, found: Found) -> bool:
        """Whether this node decides about the end, and listens first (records 5.7)."""
        again, viewer = self.again(found).signed, self.viewer()
        home = (viewer.account, viewer.device) == again.home
        return home and held_by(again, self.town.account) is not None

    def renew(self, item: str, sign: str = "") -> Answer:
        """The holder's sign of work is said; the lease runs from it."""

        def work() -> Found:
            found = self.found(item)
            self._not_anothers(found)
            said = normal_text(sign)
            entry = say.renew(found.journal, self.author, found.signed, now=self.now(), sign=said)
            self.say(found.journal, entry)
            return found

        found = self.run(work)
        self.deliver(found.journal)
        return self.standing_answer(found)

    # --- waiting

    def wait(self, item: str, until: str = "settled", timeout_s: float = 600.0) -> Answer:
        """What was waited for came, or the time is over (exit 9)."""
        found = self.run(lambda: self.found(item))
        waits: Mapping[str, Callable[[], bool]] = {
            "settled": lambda: self.standing(self.again(found)).settled,
            "decided": lambda: self._decided(self.again(found).signed),
            "reply": self._reply_of(found),
        }
        came = self._until(found, waits[until], timeout_s)
        if until == "reply":
            return self._reply_answer(found, came=came)
        answer = self.standing_answer(found)
        if came or answer.exit:
            return answer
        return self._still_waiting(found, answer.words)

    def _decided(self, story: Story) -> bool:
        """Whether this town's latest hand-in was judged, or cannot be any more."""
        mine = [a for a in story.attempts if a.doer == self.town.account]
        over = story.status in ("completed", "withdrawn")
        return over or not mine or bool(mine[-1].decision)

    def _reply_of(self, found: Found) -> Callable[[], bool]:
        def others(story: Story) -> int:
            return sum(1 for note in story.notes if note.account != self.town.account)

        mine = [n for n in found.signed.notes if n.account == self.town.account]
        since = mine[-1].at if mine else 0
        seen = sum(
            1
            for note in found.signed.notes
            if note.account != self.town.account and note.at <= since
        )
        return lambda: others(self.again(found).signed) > seen

    def _reply_answer(self, found: Found, *, came: bool) -> Answer:
        if not came:
            return self._still_waiting(found, ())
        again = self.run(lambda: self.again(found))
        last = [n for n in again.signed.notes if n.account != self.town.account][-1]
        who = name_of(found.journal, last.account)
        return self.item_answer(found, (f'reply   {who}: "{last.text}"',))

    def _still_waiting(self, found: Found, words: tuple[str, ...]) -> Answer:
        short = self.run(lambda: self.short(found))
        why = f"{short}: nothing was decided yet"
        return self.item_answer(
            found,
            (*words, f"wait    {why}."),
            next_=(step("wait", "wait", short),),
            exit_=NOT_SETTLED,
            error=problem("claim.waiting", why, retry_after_s=60),
        )
