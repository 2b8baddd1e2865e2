"""What waits for a person: each with how long it waits, and the one thing to type.

Pure but for the names it looks up. Commands are words of ours and ids; a stranger's text is only
ever beside them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.fold import sent_back
from ledger.journal import Journal
from stamps.clock import SECOND_US, Drift, judge_drift
from town.market.answer import Stop
from town.market.claims import proof_of
from town.market.names import name_of
from town.market.view import Viewer
from town.market.words import instant, span

NEVER: Final = (1 << 63) - 1  # no moment: it stands last
DECIDES: Final = ("poster", "reviewer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that waits. `since` orders; `said` is a stranger's."""

    kind: str
    do: str
    what: str
    cmd: tuple[str, ...]
    since: int = NEVER
    item: str = ""
    short: str = ""
    title: str = ""
    said: str = ""

    def facts(self, now: int) -> dict[str, Any]:
        """The need as programs read it."""
        dated = 0 < self.since < NEVER
        return {
            "kind": self.kind,
            "do": self.do,
            "what": self.what,
            "cmd": list(self.cmd),
            "id": self.item or None,
            "short": self.short or None,
            "since": instant(self.since) if dated else None,
            "since_s": max(0, (now - self.since) // SECOND_US) if dated else None,
            "untrusted": {"title": self.title or None, "said": self.said or None},
        }


def item_needs(journal: Journal, line: Mapping[str, Any], viewer: Viewer) -> Iterator[Need]:
    """What one line of the board asks of this town's people."""
    about = {
        "item": str(line["id"]),
        "short": str(line["short"]),
        "title": str(line["untrusted"]["title"] or ""),
    }
    if line["you"] in DECIDES:
        yield from _decisions(journal, line, about)
    if line["you"] == "holder":
        yield from _work(journal, line, viewer, about)
    if line["you"] in (*DECIDES, "holder"):
        yield from _questions(journal, line, viewer, about)


def _decisions(
    journal: Journal, line: Mapping[str, Any], about: Mapping[str, str]
) -> Iterator[Need]:
    short = about["short"]
    waiting = line["handed_in"]
    if waiting and line["state"] == "in review":
        workers = ", ".join(dict.fromkeys(str(one["worker"]) for one in waiting))
        yield Need(
            kind="review",
            do="Review",
            what=f"{workers} handed in",
            cmd=("wl", "accept", short, "--quality", "<1-5>"),
            since=min(one["at"] for one in waiting),
            **about,
        )
    asks = line["asks"]
    if asks and line["state"] != "in review":
        names = list(dict.fromkeys(name_of(journal, ask["account"]) for ask in asks))
        one = len(names) == 1
        yield Need(
            kind="give",
            do="Give it",
            what=f"{names[0]} asked" if one else f"{len(names)} asked: {', '.join(names)}",
            cmd=("wl", "grant", short, "--to", names[0]) if one else ("wl", "bids", short),
            since=min(ask["at"] for ask in asks),
            **about,
        )


def _work(
    journal: Journal, line: Mapping[str, Any], viewer: Viewer, about: Mapping[str, str]
) -> Iterator[Need]:
    short = about["short"]
    if line["state"] == "sent back":
        story = journal.story(str(line["record"]))
        back = sent_back(story) if story is not None else None
        option, hole = proof_of(story) if story is not None else ("--evidence", "url")
        yield Need(
            kind="sent_back",
            do="Hand in again",
            what="sent back; yours again",
            cmd=("wl", "done", short, option, f"<{hole}>"),
            since=back.decided_at if back is not None else NEVER,
            said=back.reason if back is not None else "",
            **about,
        )
    left = line["left_s"]
    if left is not None and left < 0 and line["state"] != "in review":
        yield Need(
            kind="overdue",
            do="Keep it",
            what=f"overdue by {span(-left)}; still yours until its poster ends it",
            cmd=("wl", "renew", short),
            since=viewer.now + left * SECOND_US,
            **about,
        )


def _questions(
    journal: Journal, line: Mapping[str, Any], viewer: Viewer, about: Mapping[str, str]
) -> Iterator[Need]:
    asked = [one for one in line["questions"] if one["account"] != viewer.account]
    if asked:
        yield Need(
            kind="answer",
            do="Answer",
            what=f"{name_of(journal, asked[0]['account'])} has a question",
            cmd=("wl", "note", about["short"], "--tag", "answer", "<text>"),
            since=asked[0]["at"],
            **about,
        )


def stop_needs(journal: Journal, orders: Iterable[Stop]) -> Iterator[Need]:
    """Work that goes on here and is this town's no more: before everything else."""
    for order in orders:
        public = order.item
        post = journal.index.item_of(public)
        story = journal.story(post) if post is not None else None
        who = f" (agent {order.agent})" if order.agent else ""
        yield Need(
            kind="stop",
            do="See why",
            what=f"{order.words.rstrip('.')}{who}",
            cmd=("wl", "show", order.short),
            since=0,
            item=public,
            short=order.short,
            title=str(story.fields["title"]) if story is not None else "",
            said=order.reason,
        )


def town_needs(*, saved: bool, sealed: str, ahead_s: int = 0) -> Sequence[Need]:
    """What the town itself waits for."""
    found = []
    if sealed:
        found.append(
            Need(
                kind="key",
                do="Look",
                what=f"this machine's key signs no more: {sealed}",
                cmd=("wl", "device", "join"),
            )
        )
    drift = judge_drift(ahead_s * SECOND_US)
    if drift is not Drift.CLOSE:
        way = "ahead of" if ahead_s > 0 else "behind"
        rest = "; nothing can be signed" if drift is Drift.REFUSE else ""
        found.append(
            Need(
                kind="clock",
                do="Set it",
                what=f"this clock is {span(abs(ahead_s))} {way} the peers'{rest}",
                cmd=("wl", "doctor"),
            )
        )
    if not saved:
        found.append(
            Need(
                kind="backup",
                do="Save your key",
                what="not saved: if this disk dies, this name and its stamps are gone",
                cmd=("wl", "key", "backup", "<file>"),
            )
        )
    return found
