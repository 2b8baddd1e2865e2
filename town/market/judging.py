"""Use cases of whoever posted work: bids, grant, accept, reject, close.

Each is a decision of the item's home, or an instruction to it where this town may instruct.
"""

from collections.abc import Mapping
from typing import Any

from ledger import actions_items as say
from ledger.actions_errors import StateError
from ledger.journal import Journal
from ledger.story import Story
from stamps.errors import BadRecordError
from stamps.record import public_id
from town.market.answer import Answer
from town.market.claims import step
from town.market.errors import FieldError, NotFoundError
from town.market.find import Found, find_ask, find_attempt, live_asks
from town.market.limits import limit_words
from town.market.names import holder_words, name_of
from town.market.posting import PostingDesk
from town.market.words import ago, instant, normal_text, until


class JudgingDesk(PostingDesk):
    """Decides about what this town posted."""

    def bids(self, item: str) -> Answer:
        """Who asked for the item, oldest first, with what is known of them."""
        found = self.run(lambda: self.found(item))

        def rows() -> list[dict[str, Any]]:
            asks = live_asks(found.signed, self.now())
            return [self._bid(found.journal, ask) for ask in asks]

        listed = self.run(rows)
        short = self.run(lambda: self.short(found))
        words = tuple(
            f"{short}  {row['by']} asked {row['ago']} ({row['known']})" for row in listed
        ) or (f"{short}  nobody asks for it now",)
        next_ = tuple(step("grant", "grant", short, "--to", str(row["name"])) for row in listed[:1])
        return self.answer("wl.v1.bids", {"item": found.id, "rows": listed}, words, next_=next_)

    def _bid(self, journal: Journal, ask: Any) -> dict[str, Any]:
        name = name_of(journal, ask.account)
        stamps = len(journal.index.waiting(f"named:{ask.account}"))
        return {
            "by": f"{name}/{ask.by}" if ask.by else name,
            "name": name,
            "account": ask.account,
            "at": instant(ask.at),
            "ago": ago(ask.at, self.now()),
            "until": instant(ask.until),
            "known": f"{stamps} stamps" if stamps else "new",
        }

    def grant(self, item: str, to: str = "") -> Answer:
        """The item is given to one who asked, or to an unsigned neighbour by name."""

        def work() -> Found:
            found = self.found(item)
            story, now = found.signed, self.now()
            ask, neighbour = self._whom(found, to, now)
            entry = say.grant(
                found.journal, self.author, story, now=now, ask=ask, neighbour=neighbour
            )
            self.say(found.journal, entry)
            return found

        found = self.run(work)
        self.deliver(found.journal)
        again = self.run(lambda: self.again(found))
        grants = again.signed.open_grants
        if not grants:
            return self.decided(found, "given", "give")
        latest = grants[-1]
        who = self.run(lambda: holder_words(found.journal, latest))
        short = self.run(lambda: self.short(found))
        words = (f"given   {short} to {who} until {until(latest.until, self.now())}",)
        return self.item_answer(found, words)

    def _whom(self, found: Found, to: str, now: int) -> tuple[Any, str]:
        """The request to grant, or the name of a neighbour whose row asks (records 5.2)."""
        row = next(iter(found.journal.store.observed("wanted", found.id)), None)
        claimer = str(row.row.values.get("claimed_by") or "") if row is not None else ""
        if claimer and to == claimer:
            return None, claimer
        ask = find_ask(found.journal, found.signed, to, now)
        if ask is None and claimer and not to:
            return None, claimer
        if ask is None:
            raise NotFoundError("request", to or found.id)
        return ask, ""

    def accept(self, item: str, stamp: Mapping[str, Any], attempt: int = 0) -> Answer:
        """The hand-in is accepted with a stamp; this completes the item."""
        said = _stamp(stamp)

        def work() -> Found:
            found = self.found(item)
            story = found.signed
            say.check_decision(story, self.author, "work.accept")
            chosen = self._chosen(found, attempt)
            try:
                entry = say.accept(
                    found.journal, self.author, story, chosen, stamp=said, now=self.now()
                )
            except BadRecordError as error:
                raise limit_words(error, said) from error
            self.say(found.journal, entry)
            return found

        found = self.run(work)
        self.deliver(found.journal)
        story = self.run(lambda: self.again(found)).signed
        if story.accepted is None or not story.stamps:
            return self.decided(found, "accepted", "accept")
        return self.item_answer(found, (self.run(lambda: self._accepted(found, story)),))

    def _chosen(self, found: Found, attempt: int) -> Any:
        try:
            return find_attempt(found.signed, attempt)
        except NotFoundError as error:
            if attempt:
                raise
            raise StateError(
                "nothing_handed_in", "nothing waits for a decision", item=str(found.post)
            ) from error

    def _accepted(self, found: Found, story: Story) -> str:
        given = story.stamps[0]
        dims = ", ".join(f"{name} {grade}" for name, grade in given.stamp["dims"].items())
        worker = name_of(found.journal, given.subject)
        weight = " It has no weight." if given.void else ""
        stamp = public_id("s", given.id)[:8]
        return f"accepted  {self.short(found)} from {worker}: {dims}. Stamp {stamp}.{weight}"

    def reject(self, item: str, reason: str, attempt: int = 0) -> Answer:
        """The hand-in is sent back with a reason; the time of its author starts anew."""
        said = normal_text(reason)

        def work() -> tuple[Found, str]:
            found = self.found(item)
            story = found.signed
            say.check_decision(story, self.author, "work.reject")
            chosen = self._chosen(found, attempt)
            try:
                entry = say.reject(
                    found.journal, self.author, story, chosen, reason=said, now=self.now()
                )
            except BadRecordError as error:
                raise limit_words(error, {"reason": said}) from error
            self.say(found.journal, entry)
            return found, name_of(found.journal, chosen.worker)

        found, worker = self.run(work)
        return self.decided(found, "sent back", "send back", f" to {worker}; the attempt is kept.")

    def close(self, item: str, reason: str = "") -> Answer:
        """The item is finished without a stamp."""
        said = normal_text(reason)

        def work() -> Found:
            found = self.found(item)
            story = found.signed
            say.check_decision(story, self.author, "work.close")
            waiting = [a for a in story.attempts if not a.decision]
            entry = say.close(
                found.journal,
                self.author,
                story,
                now=self.now(),
                attempt=find_attempt(story, 0) if waiting else None,
                reason=said,
            )
            self.say(found.journal, entry)
            return found

        found = self.run(work)
        return self.decided(found, "closed", "close", ", without a stamp.")


def _stamp(stamp: Mapping[str, Any]) -> dict[str, Any]:
    """The stamp with normal text. Raises FieldError for a grade outside 1 to 5."""
    said = dict(stamp)
    for name, grade in dict(said.get("dims", {})).items():
        if not isinstance(grade, int) or not 1 <= grade <= 5:  # noqa: PLR2004  # records 6
            raise FieldError(name, "range", 5, f"{name} is a grade from 1 to 5")
    if "message" in said:
        said["message"] = normal_text(str(said["message"]))
    return said
