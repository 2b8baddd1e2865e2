"""The first glance: one true sentence, what needs you, yours, what you posted, what you could take.

Everything is read in one turn of the ledger's thread, with a bounded number of questions however
large the board is. It looks and changes nothing, not even what an agent was told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from ledger.journal import Journal
from ledger.store import BoardQuery, Item
from ledger.story import Home
from ledger.tables import BY_NAME
from stamps.clock import SECOND_US
from town.market.acquaintance import Acquaintances
from town.market.answer import Answer
from town.market.needs import Need, item_needs, stop_needs, town_needs
from town.market.ports import Standing
from town.market.showing import LIVE, ShowingDesk, board_query, spelled
from town.market.stops import stop_orders, working
from town.market.town import wasteland_name
from town.market.view import Viewer, line_facts
from town.market.words import instant, span

OWN_MAX: Final = 100
HELD_MAX: Final = 20
LOOKS_MAX: Final = 4  # pages of the index that one page of the board may cost
Fits = Callable[[Item], bool]
NO_COLUMNS: Final[Mapping[str, Any]] = dict.fromkeys(BY_NAME["wanted"].columns)
COUNTED: Final = ("open", "asked", "claimed", "in review", "done")


class GlanceDesk(ShowingDesk):
    """Looks at everything at once."""

    @cached_property
    def _met(self) -> Acquaintances:
        return Acquaintances()

    def glance(self, query: Mapping[str, Any]) -> Answer:
        """The board's first page. Filters as `browse`, and `asked` and `check`. Raises."""
        data = self.run(lambda: self._glance(query))
        return self.answer("wl.v1.board", data)

    def _glance(self, query: Mapping[str, Any]) -> dict[str, Any]:
        if not self.town.current:
            return {**_nothing(), "sentence": self.sentence(), "needs_you": self._town_needs()}
        journal, viewer = self.board(), self.viewer()
        me = journal.name(viewer.account) if viewer.account else ""
        posted = _own(journal, poster=me, limit=OWN_MAX) if me else ()
        held = self._held(journal, viewer, me) if me else []
        waiting = [line_of(journal, item, viewer) for item in posted if _may_wait(item, viewer)]
        page = self._page(journal, viewer, query, me)
        return {
            "wasteland": {"id": journal.wasteland, "name": wasteland_name(journal)},
            "you": me or None,
            "sentence": self.sentence(),
            "needs_you": self._needs(journal, viewer, [*waiting, *held]),
            "yours": {
                "held": [line for line in held if line["state"] != "in review"],
                "handed_in": [line for line in held if line["state"] == "in review"],
                "asked": self._waiting(journal, viewer),
            },
            "posted": _posted(journal, posted, viewer, me),
            "counts": dict(journal.store.counts()),
            **page,
        }

    # --- the list

    def _page(
        self, journal: Journal, viewer: Viewer, query: Mapping[str, Any], me: str
    ) -> dict[str, Any]:
        asked = board_query(query, me=me)
        fits: list[Fits] = []
        if query.get("asked"):
            fits.append(lambda item: _asked(item, viewer))
        if query.get("check"):
            fits.append(lambda item: bool(item.card.get("check")))
        lines, cursor = _found(journal, viewer, asked, fits)
        for line in lines:
            line["poster"] |= self._answering(journal, line, viewer)
            if line["signed"] and line["posted_by"]:
                live = line["poster"]["answers"] == "now"
                poster = str(line["posted_by"])
                line["poster"] |= self._met.known(journal, poster, viewer.now, live=live)
        return {"items": lines, "cursor": spelled(cursor)}

    def _answering(
        self, journal: Journal, line: Mapping[str, Any], viewer: Viewer
    ) -> dict[str, Any]:
        """Whether the home of an item is there to answer now, and when it was heard."""
        home = line["home"]
        if home is None:
            return {"answers": None, "heard_s": None}
        if (viewer.account, viewer.device) == tuple(home):
            return {"answers": "here", "heard_s": 0}
        reach = self.ports.peers.reach(journal.wasteland, Home(*home))
        direct = reach.live and reach.last_heard_s is not None
        return {"answers": "now" if direct else "later", "heard_s": reach.last_heard_s}

    # --- yours

    def _held(self, journal: Journal, viewer: Viewer, me: str) -> list[dict[str, Any]]:
        """Held work, this town's share of races too, the most pressing first."""
        lines = [
            line_of(journal, item, viewer) for item in _own(journal, claimer=me, limit=HELD_MAX)
        ]
        found = {line["id"]: line for line in lines if line["you"] == "holder"}
        for post, note in working(self.town).items():
            if len(found) >= HELD_MAX or note.get("wasteland") != journal.wasteland:
                continue
            line = self._line(journal, viewer, post)
            if line is not None and line["you"] == "holder":
                found.setdefault(line["id"], line)
        notes = working(self.town)
        for line in found.values():
            line["agent"] = str((notes.get(str(line["record"])) or {}).get("agent", ""))
        return sorted(found.values(), key=lambda line: str(line["until"]))

    def _line(self, journal: Journal, viewer: Viewer, post: str) -> dict[str, Any] | None:
        subject = journal.store.subject(post)
        rows = [row for row in subject.rows if row.table == "wanted"] if subject else []
        if subject is None or not rows:
            return None
        row = journal.store.row("wanted", rows[0].key)
        return line_of(journal, Item(row=row, card=subject.card), viewer) if row else None

    def _waiting(self, journal: Journal, viewer: Viewer) -> list[dict[str, Any]]:
        """Requests of this town's that nobody answered, with whom they wait for."""
        found = []
        for post, note in list(working(self.town).items())[:HELD_MAX]:
            if note.get("wasteland") != journal.wasteland or note.get("state") != "asked":
                continue
            line = self._line(journal, viewer, post)
            if line is not None and line["you"] == "asked":
                line["poster"] |= self._answering(journal, line, viewer)
                line["agent"] = str(note.get("agent", ""))
                found.append(line)
        return found

    # --- needs you

    def _needs(
        self, journal: Journal, viewer: Viewer, lines: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        held = {line["record"] for line in lines if line["you"] == "holder"}
        agents = {
            str(note.get("agent", ""))
            for post, note in working(self.town).items()
            if note.get("state") == "yours" and post not in held
        }
        orders = [
            order
            for agent in sorted(agents)
            for order in stop_orders(self.town, agent=agent, now=viewer.now)
        ]
        found: list[Need] = [
            *stop_needs(journal, orders),
            *(need for line in lines for need in item_needs(journal, line, viewer)),
        ]
        found.sort(key=lambda need: need.since)
        facts = [need.facts(viewer.now) for need in found]
        return [*facts, *self._town_needs()]

    def _town_needs(self) -> list[dict[str, Any]]:
        now = self.now()
        saved = not self.town.account or not self.town.keys.load().rotation
        ahead = self.ports.peers.ahead_s() or 0
        found = town_needs(saved=saved, sealed=self.town.sealed, ahead_s=ahead)
        return [need.facts(now) for need in found]

    # --- one sentence

    def sentence(self) -> dict[str, Any]:
        """How far this town hears and is heard: true, short, and with its tone."""
        wasteland = self.town.current
        if not self.town.account or not wasteland:
            return _said("alone", "This town is in no wasteland yet: nothing is sent anywhere.")
        return heard_words(self.ports.peers.standing(wasteland))


def heard_words(standing: Standing) -> dict[str, Any]:
    """The sentence of a standing: good, late where a person should look, alone without peers."""
    if not standing.peers:
        return _said("alone", "No other town is known here: what you wrote is only here.")
    changes = "change is" if standing.unsent == 1 else "changes are"
    only = f"{standing.unsent} {changes} only on this machine." if standing.unsent else ""
    towns = "town" if standing.peers == 1 else "towns"
    if standing.heard_s is None:
        return _said("late", f"None of {standing.peers} {towns} was heard yet. {only}".rstrip())
    if not standing.live:
        return _said("late", f"Nobody heard for {span(standing.heard_s)}. {only}".rstrip())
    heard = f"Heard {standing.live} of {standing.peers} {towns} within a minute."
    if only:
        return _said("late", f"{only} {heard}")
    machines = "machine" if standing.copies == 1 else "machines"
    whole = f" Everything you wrote is on at least {standing.copies} other {machines}."
    return _said("good", heard + (whole if standing.copies else ""))


def _said(tone: str, text: str) -> dict[str, Any]:
    return {"tone": tone, "text": text}


def _nothing() -> dict[str, Any]:
    return {
        "wasteland": None,
        "you": None,
        "yours": {"held": [], "handed_in": [], "asked": []},
        "posted": _posted(None, (), None, ""),
        "counts": {},
        "items": [],
        "cursor": None,
    }


def _own(journal: Journal, **filters: Any) -> Sequence[Item]:
    return journal.store.find(BoardQuery(status=LIVE, **filters)).items


def _asked(item: Item, viewer: Viewer) -> bool:
    """Whether an open item has a request that may still be granted."""
    return item.row["status"] == "open" and any(
        ask[3] >= viewer.now for ask in item.card.get("asks", ())
    )


def _may_wait(item: Item, viewer: Viewer) -> bool:
    """Whether an item of this town's could wait for its people."""
    card = item.card
    return bool(card.get("handed_in") or card.get("questions")) or _asked(item, viewer)


def _posted(
    journal: Journal | None, live: Sequence[Item], viewer: Viewer | None, me: str
) -> dict[str, Any]:
    """Five counts, and the oldest thing that still waits for somebody."""
    tally = journal.store.tally(me) if journal is not None and me else {}
    asked = [item for item in live if viewer is not None and _asked(item, viewer)]
    counts = {
        "open": tally.get("open", 0) - len(asked),
        "asked": len(asked),
        "claimed": tally.get("claimed", 0),
        "in review": tally.get("in_review", 0),
        "done": tally.get("completed", 0),
    }
    waiting = [
        item
        for item in live
        if item.row["status"] == "open" and item.row["created_at"] and item not in asked
    ]
    oldest = min(waiting, key=lambda item: str(item.row["created_at"]), default=None)
    shown = journal is not None and viewer is not None and oldest is not None
    return {
        "counts": {name: counts[name] for name in COUNTED},
        "oldest_open": line_of(journal, oldest, viewer) if shown else None,  # type: ignore[arg-type]
    }


def line_of(journal: Journal, item: Item, viewer: Viewer) -> dict[str, Any]:
    """A row of `wl browse`, and what the board shows of it beside that."""
    line = {**NO_COLUMNS, **line_facts(journal, item, viewer)}
    card = item.card
    mine = [one for one in card.get("held", ()) if one[0] == viewer.account and viewer.account]
    grant = (mine or list(card.get("held", ())) or [None])[0]
    asks = [ask for ask in card.get("asks", ()) if ask[3] >= viewer.now]
    until = grant[3] if grant is not None else None
    return line | {
        "record": card.get("item"),
        "home": card.get("home"),
        "assign": card.get("assign"),
        "until": instant(until) if until is not None else None,
        "left_s": (until - viewer.now) // SECOND_US if until is not None else None,
        "last_sign": instant(grant[4]) if grant is not None and len(grant) > 4 else None,  # noqa: PLR2004
        "asks": [{"account": ask[0], "at": ask[2]} for ask in asks],
        "handed_in": [{"worker": one[1], "at": one[2]} for one in card.get("handed_in", ())],
        "questions": [{"account": one[0], "at": one[1]} for one in card.get("questions", ())],
    }


def _found(
    journal: Journal, viewer: Viewer, asked: BoardQuery, fits: Sequence[Fits]
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of lines; what the index cannot tell is looked at, a few pages of it at most."""
    lines: list[dict[str, Any]] = []
    query, cursor = asked, asked.cursor
    for _ in range(LOOKS_MAX if fits else 1):
        page = journal.store.find(query)
        fitting = (item for item in page.items if all(fit(item) for fit in fits))
        lines += [line_of(journal, item, viewer) for item in fitting]
        cursor = page.cursor
        if cursor is None or len(lines) >= asked.limit:
            break
        query = replace(query, cursor=cursor)
    return lines, cursor
