"""One item told from its first record to its last, in plain words, each with who signed it.

It looks and changes nothing: unlike `wl show`, a page that refreshes itself settles no stop order.
Every signature is checked again while it is told.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ledger.journal import Journal
from ledger.story import Status, Story
from stamps.record import Envelope, Record, verify
from town.market.answer import Answer, Next
from town.market.claims import Claims
from town.market.find import Found, live_asks, undecided
from town.market.glance import NO_COLUMNS, GlanceDesk
from town.market.names import holder_words, name_of
from town.market.partial import known_in_part, loose_about
from town.market.view import held_by
from town.market.words import instant

RECORDS_MAX: Final = 200
Words = Callable[[Journal, Story, Mapping[str, Any]], str]


class TellingDesk(GlanceDesk):
    """Tells an item's story."""

    def told(self, item: str) -> Answer:
        """The item, its records in the order of time, how it stands for this town. Raises."""
        partial = self.run(lambda: known_in_part(self.board(), item))
        if partial is not None:
            told = {"item": self.run(partial.facts), "holders": [], "records": [], "earlier": 0}
            return self.answer("wl.v1.story", {**told, "untrusted": {"words": []}})
        found = self.run(lambda: self.found(item))
        data, next_ = self.run(lambda: self._told(found))
        return self.answer("wl.v1.story", data, next_=next_)

    def _told(self, found: Found) -> tuple[dict[str, Any], tuple[Next, ...]]:
        facts = {**NO_COLUMNS, **self.facts(found), "id": found.id}
        if found.story is None:
            told = {"item": facts, "holders": [], "records": [], "earlier": 0}
            return {**told, "untrusted": {"words": []}}, ()
        journal, story = found.journal, found.story
        held = sorted((story.post, *journal.state.about(story.post.id)), key=lambda r: (r.at, r.id))
        shown = held[:1] + held[1:][-(RECORDS_MAX - 1) :]
        marks = _Marks(journal, story)
        data = {
            "item": facts,
            "holders": [holder_words(journal, grant) for grant in story.open_grants],
            "records": [marks.told(record) for record in shown],
            "earlier": len(held) - len(shown),
            "loose": len(loose_about(journal, story.post.id)),
        }
        words, next_ = self._standing_now(found)
        return {**data, "untrusted": {"words": list(words)}}, next_

    def _standing_now(self, found: Found) -> tuple[tuple[str, ...], tuple[Next, ...]]:
        """How the item stands for this town and what may be typed; nothing is remembered."""
        story, viewer = found.signed, self.viewer()
        if not viewer.account:
            return (), ()
        if viewer.account in (story.post.account, story.home.account):
            decider = self._to_decide(found)
            if decider is not None:
                return decider
        standing = Claims(found.journal, viewer).standing(story, self.reach(found))
        if standing.state == "open":
            return (), (Next(do="claim", cmd=("wl", "claim", self.short(found))),)
        return standing.words, standing.next

    def _to_decide(self, found: Found) -> tuple[tuple[str, ...], tuple[Next, ...]] | None:
        """What whoever posted it, or decides about it, may say now; None when it is over."""
        story, viewer, short = found.signed, self.viewer(), self.short(found)
        if undecided(story) and story.accepted is None:
            return (f"handed in  {short}: you decide.",), (
                Next(do="accept", cmd=("wl", "accept", short, "--quality", "<1-5>")),
                Next(do="send back", cmd=("wl", "reject", short, "--reason", "<text>")),
            )
        asks = [ask for ask in live_asks(story, viewer.now) if ask.account != viewer.account]
        if asks and not story.open_grants:
            names = dict.fromkeys(name_of(found.journal, ask.account) for ask in asks)
            give = [
                Next(do=f"give it to {name}", cmd=("wl", "grant", short, "--to", name))
                for name in names
            ]
            return (f"asked   {short} by {', '.join(names)}: you decide.",), tuple(give)
        if story.status not in (Status.OPEN, Status.CLAIMED) or held_by(story, viewer.account):
            return None
        back = Next(do="take it back", cmd=("wl", "takeback", short, "--reason", "<text>"))
        off = Next(do="take it off", cmd=("wl", "withdraw", short, "--reason", "<text>"))
        say = Next(do="say something", cmd=("wl", "note", short, "<text>"))
        return (), (say, back, off) if story.open_grants else (say, off)


class _Marks:
    """What each record of a story came to."""

    def __init__(self, journal: Journal, story: Story) -> None:
        self.journal = journal
        self.story = story
        self.effective = {decision.id for decision in story.decisions}
        self.effective |= {d.instruction for d in story.decisions if d.instruction}
        self.reasons = {void.id: void.reason for void in story.void}

    def told(self, record: Record) -> dict[str, Any]:
        """One record: what it does in words, who signed it, whether it holds and counts."""
        entry = self.journal.held.entry(record.id)
        holds = entry is not None and verify(Envelope(entry.record, entry.signature)) is not None
        why_not = self.reasons.get(record.id)
        counts = why_not is None
        return {
            "at": instant(record.at),
            "kind": record.kind,
            "does": _does(self.journal, self.story, record),
            "by": name_of(self.journal, record.account),
            "id": str(record.id),
            "device": record.device,
            "seq": record.seq,
            "verified": holds,
            "counts": counts,
            "why_not": why_not,
            "in_force": record.id in self.effective or record.id == self.story.post.id,
            "untrusted": {"said": _said(record.body)},
        }


def _said(body: Mapping[str, Any]) -> str | None:
    """The words a stranger put into a record, whatever they are called there."""
    for name in ("reason", "text", "summary", "sign"):
        if isinstance(body.get(name), str) and body[name]:
            return str(body[name])
    stamp = body.get("stamp")
    return str(stamp["message"]) if isinstance(stamp, Mapping) and stamp.get("message") else None


def _grant_words(journal: Journal, story: Story, body: Mapping[str, Any]) -> str:
    bid = body.get("bid")
    if bid is None:
        return f"gave it to {body.get('for', 'somebody')} (unsigned)"
    grant = next((g for g in story.grants if g.bid == bid), None)
    if grant is not None:
        return f"gave it to {holder_words(journal, grant)}"
    ask = next((a for a in story.asks if a.id == bid), None)
    return f"gave it to {name_of(journal, ask.account)}" if ask is not None else "gave it away"


def _end_words(journal: Journal, story: Story, body: Mapping[str, Any]) -> str:
    grant = next((g for g in story.grants if g.id == body.get("grant")), None)
    whose = holder_words(journal, grant) if grant is not None else "its holder"
    return {
        "lapsed": f"put it back on the board: no sign of work by {whose}",
        "released": f"put it back on the board: {whose} gave it back",
        "taken_back": f"took it back from {whose}",
    }.get(str(body.get("cause")), "ended the claim")


def _attempt_number(story: Story, body: Mapping[str, Any]) -> str:
    numbers = {attempt.id: attempt.n for attempt in story.attempts}
    number = numbers.get(str(body.get("submission")))
    return f" hand-in {number}" if number is not None else ""


def _accept_words(journal: Journal, story: Story, body: Mapping[str, Any]) -> str:
    del journal
    stamp = body.get("stamp")
    dims = stamp.get("dims", {}) if isinstance(stamp, Mapping) else {}
    grades = ", ".join(f"{name} {grade}" for name, grade in dims.items())
    return f"accepted{_attempt_number(story, body)} with a stamp: {grades}"


def _note_words(journal: Journal, story: Story, body: Mapping[str, Any]) -> str:
    del journal, story
    return {
        "question": "asked a question",
        "answer": "answered",
        "progress": "reported progress",
        "dispute": "disputes",
        "ruling": "ruled",
        "check": "checked",
    }.get(str(body.get("tag")), "noted")


PLAIN: Final[Mapping[str, str]] = {
    "wanted.post": "posted it",
    "wanted.update": "changed the terms",
    "wanted.withdraw": "withdrew it",
    "claim.renew": "showed a sign of work",
    "work.close": "closed it without a stamp",
    "decision.confirm": "confirmed an instruction",
    "home.move": "moved the say to another node",
    "stamp.revoke": "took a stamp back",
    "label.set": "put a warning on it",
}
SPOKEN: Final[Mapping[str, Words]] = {
    "claim.bid": lambda _j, _s, body: (
        f"asked for it (agent {body['by']})" if body.get("by") else "asked for it"
    ),
    "claim.grant": _grant_words,
    "claim.release": lambda _j, _s, body: (
        "gave it back" if body.get("grant") else "no longer asks for it"
    ),
    "claim.end": _end_words,
    "work.submit": lambda _j, _s, body: (
        f"handed in the work of {body['on_behalf']}" if body.get("on_behalf") else "handed in"
    ),
    "work.accept": _accept_words,
    "work.reject": lambda _j, story, body: f"sent back{_attempt_number(story, body)}",
    "note.add": _note_words,
}


def _does(journal: Journal, story: Story, record: Record) -> str:
    """What a record says, in the words of the board; an unknown kind by its name."""
    spoken = SPOKEN.get(record.kind)
    if spoken is not None:
        words = spoken(journal, story, record.body)
    else:
        words = PLAIN.get(record.kind, f"said {record.kind}")
    home = (record.account, record.device) == story.home
    if "decides" in record.body and not home and record.kind != "decision.confirm":
        return f"told {name_of(journal, story.home.account)}: {words}"
    return words
