"""Use cases of whoever posted work: bids, grant, accept, reject, close.

Each is a decision of the item's home, or an instruction to it where this town may instruct.
"""

from collections.abc import Mapping
from typing import Any

from ledger import actions_items as say
from ledger.actions_errors import StateError
from ledger.journal import Journal
from ledger.story import Attempt, Grant, Story
from stamps.errors import BadRecordError
from stamps.record import public_id
from town.market.answer import Answer, Next
from town.market.claims import step
from town.market.deciders import known_of, row_claim, unsigned_asker, waiting_line
from town.market.errors import AmbiguousError, FieldError, NotFoundError
from town.market.find import Found, find_ask, find_attempt, live_asks, undecided
from town.market.limits import limit_words, needed_reason
from town.market.names import (
    account_called,
    agent_word,
    holder_words,
    name_of,
    worker_words,
)
from town.market.posting import PostingDesk
from town.market.view import decides
from town.market.words import ago, instant, normal_text, until


class JudgingDesk(PostingDesk):
    """Decides about what this town posted."""

    def bids(self, item: str) -> Answer:
        """Who asked for the item, oldest first, with what is known of them."""
        found = self.run(lambda: self.found(item))

        def look() -> tuple[list[dict[str, Any]], tuple[str, ...]]:
            story, journal = found.signed, found.journal
            rows = [self._bid(journal, ask) for ask in live_asks(story, self.now())]
            neighbour = unsigned_asker(journal, story)
            rows += [_unsigned_bid(*neighbour)] if neighbour is not None else []
            short = self.short(found)
            waiting = waiting_line(journal, story, self.viewer()) if rows else ""
            each = tuple(f"{short}  {row['by']} asked {row['ago']} ({row['known']})"
                         for row in rows)  # fmt: skip
            return rows, (waiting,) if waiting else each or (f"{short}  nobody asks for it now",)

        rows, words = self.run(look)
        short = self.run(lambda: self.short(found))
        mine = self.run(lambda: decides(found.signed, self.viewer()))
        next_ = tuple(step("grant", "grant", short, "--to", str(row["name"]))
                      for row in rows[:1] if mine and row["signed"])  # fmt: skip
        return self.answer("wl.v1.bids", {"item": found.id, "rows": rows}, words, next_=next_)

    def _bid(self, journal: Journal, ask: Any) -> dict[str, Any]:
        name = name_of(journal, ask.account)
        return {
            "by": f"{name}/{agent_word(ask.by)}" if ask.by else name,
            "name": name,
            "account": ask.account,
            "signed": True,
            "at": instant(ask.at),
            "ago": ago(ask.at, self.now()),
            "until": instant(ask.until),
            "known": known_of(journal, ask.account),
        }

    def grant(self, item: str, to: str = "") -> Answer:
        """The item is given to one who asked, or to an unsigned neighbour by name."""

        def work() -> Found:
            found = self.found(item)
            story, now = found.signed, self.now()
            if self._given(found, to):
                return found
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
        return self.item_answer(found, words, next_=_take_in(short, latest))

    def _given(self, found: Found, to: str) -> bool:
        """Whether the one named, or somebody where nobody is named, has it from us already."""
        grants = found.signed.open_grants
        if not grants or not decides(found.signed, self.viewer()):
            return False
        holders = {holder_words(found.journal, grant).partition("/")[0] for grant in grants}
        return to.partition("/")[0] in holders

    def _whom(self, found: Found, to: str, now: int) -> tuple[Any, str]:
        """The request to grant, or the name of a neighbour whose row asks (records 5.2)."""
        claim = row_claim(found.journal, found.signed)
        claimer = claim[0] if claim is not None else ""
        if claimer and to == claimer:
            return None, claimer
        ask = find_ask(found.journal, found.signed, to, now)
        if ask is None and claimer and not to:
            return None, claimer
        if ask is None:
            raise NotFoundError("request", to or found.id)
        return ask, ""

    def takeback(self, item: str, reason: str, holder: str = "") -> Answer:
        """The item is its holder's no more, and the holder is told why."""
        said = needed_reason(reason, "taking an item back")

        def work() -> tuple[Found, str]:
            found = self.found(item)
            story = found.signed
            say.check_decision(story, self.author, "claim.end")
            held = self._whose(found, holder)
            if held is None:
                return found, ""
            try:
                entry = say.end(
                    found.journal, self.author, story, held,
                    cause="taken_back", now=self.now(), reason=said,
                )  # fmt: skip
            except BadRecordError as error:
                raise limit_words(error, {"reason": said}) from error
            self.say(found.journal, entry)
            return found, holder_words(found.journal, held)

        found, who = self.run(work)
        if not who:
            short = self.run(lambda: self.short(found))
            return self.item_answer(found, (f"back    nobody holds {short} (nothing changed).",))
        return self.decided(found, "taken back", "take back", f" from {who}.")

    def _whose(self, found: Found, said: str) -> Grant | None:
        """The open grant of the one named, or the only one. Raises AmbiguousError."""
        grants = found.signed.open_grants
        if said:
            named = [g for g in grants if g.holder is None and g.neighbour == said]
            if named:
                return named[0]
            account = account_called(found.journal, said.partition("/")[0])
            return next((g for g in grants if g.holder == account), None)
        if len(grants) > 1:
            names = tuple(f"--from {holder_words(found.journal, grant)}" for grant in grants)
            raise AmbiguousError("holder", "without --from", names)
        return grants[0] if grants else None

    def accept(self, item: str, stamp: Mapping[str, Any], attempt: int = 0) -> Answer:
        """The hand-in is accepted with a stamp; this completes the item."""
        said = _stamp(stamp)

        def work() -> tuple[Found, bool]:
            found = self.found(item)
            story = found.signed
            if self.repeated(found, "work.accept", lambda body: _same_stamp(body, said)):
                return found, False
            say.check_decision(story, self.author, "work.accept")
            chosen = self._chosen(found, attempt)
            try:
                entry = say.accept(
                    found.journal, self.author, story, chosen, stamp=said, now=self.now()
                )
            except BadRecordError as error:
                raise limit_words(error, said) from error
            self.say(found.journal, entry)
            return found, True

        found, fresh = self.run(work)
        if not fresh:
            return self.unchanged(found, "accepted")
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
        done = story.accepted
        worker = (
            worker_words(found.journal, done) if done else name_of(found.journal, given.subject)
        )
        weight = " It has no weight." if given.void else ""
        stamp = public_id("s", given.id)[:8]
        return f"accepted  {self.short(found)} from {worker}: {dims}. Stamp {stamp}.{weight}"

    def reject(self, item: str, reason: str, attempt: int = 0) -> Answer:
        """What was handed in is sent back with a reason; the time of its author starts anew.

        All of it that waits, unless one attempt is named: of two, the other would still stand as
        handed in, and its author wait for a word on it.
        """
        said = needed_reason(reason, "sending work back")

        def work() -> tuple[Found, list[Attempt]]:
            found = self.found(item)
            story = found.signed
            if not self._unjudged(story, attempt) and self.repeated(
                found, "work.reject", lambda body: body.get("reason") == said
            ):
                return found, []
            say.check_decision(story, self.author, "work.reject")
            newest = self._chosen(found, attempt)
            chosen = [newest] if attempt else _beside(story, newest)
            for one in chosen:
                self._send_back(self.again(found), one, said)
            return found, chosen

        found, back = self.run(work)
        if not back:
            return self.unchanged(found, "sent back")
        kept = "the attempt is kept" if len(back) == 1 else f"all {len(back)} attempts are kept"
        worker = self.run(lambda: worker_words(found.journal, back[-1]))
        return self.decided(found, "sent back", "send back", f" to {worker}; {kept}.")

    def _unjudged(self, story: Story, attempt: int) -> bool:
        """Whether something waits for a decision: the attempt of this number, or any."""
        return any(attempt in (0, one.n) for one in undecided(story))

    def _send_back(self, found: Found, attempt: Attempt, reason: str) -> None:
        try:
            entry = say.reject(
                found.journal, self.author, found.signed, attempt, reason=reason, now=self.now()
            )
        except BadRecordError as error:
            raise limit_words(error, {"reason": reason}) from error
        self.say(found.journal, entry)

    def close(self, item: str, reason: str = "") -> Answer:
        """The item is finished without a stamp."""
        said = normal_text(reason)

        def work() -> tuple[Found, bool]:
            found = self.found(item)
            story = found.signed
            if self.repeated(
                found, "work.close", lambda body: not said or body.get("reason", "") == said
            ):
                return found, False
            say.check_decision(story, self.author, "work.close")
            waiting = [a for a in story.attempts if not a.decision]
            chosen = find_attempt(story, 0) if waiting else None
            try:
                entry = say.close(
                    found.journal, self.author, story,
                    now=self.now(), attempt=chosen, reason=said,
                )  # fmt: skip
            except BadRecordError as error:
                raise limit_words(error, {"reason": said}) from error
            self.say(found.journal, entry)
            return found, True

        found, fresh = self.run(work)
        if not fresh:
            return self.unchanged(found, "closed")
        return self.decided(found, "closed", "close", ", without a stamp.")


def _beside(story: Story, newest: Attempt) -> list[Attempt]:
    """What its author handed in and nobody has judged yet, the oldest first."""
    theirs = newest.worker, newest.on_behalf
    return [one for one in undecided(story) if (one.worker, one.on_behalf) == theirs]


def _take_in(short: str, grant: Grant) -> tuple[Next, ...]:
    """A neighbour signs nothing: whoever gave it the item hands in for it."""
    if grant.neighbour is None:
        return ()
    done = ("done", short, "--for", grant.neighbour, "--evidence", "<url>")
    return (step("hand in for it", *done, needs=("url",)),)


def _unsigned_bid(name: str, source: str) -> dict[str, Any]:
    """A row of somebody who signs nothing, as a request."""
    return {
        "by": name,
        "name": name,
        "account": None,
        "signed": False,
        "at": None,
        "ago": f"on {source}",
        "until": None,
        "known": "without a signature",
    }


def _same_stamp(body: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Whether an accept gave this stamp."""
    given = body.get("stamp", {})
    return all(given.get(name) == value for name, value in said.items())


def _stamp(stamp: Mapping[str, Any]) -> dict[str, Any]:
    """The stamp with normal text. Raises FieldError for a grade outside 1 to 5."""
    said = dict(stamp)
    for name, grade in dict(said.get("dims", {})).items():
        if not isinstance(grade, int) or not 1 <= grade <= 5:  # noqa: PLR2004  # records 6
            raise FieldError(name, "range", 5, f"{name} is a grade from 1 to 5")
    if "message" in said:
        said["message"] = normal_text(str(said["message"]))
    return said
