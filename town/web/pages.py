"""What each page of the board shows: answers of the market, each under a template.

A page and its JSON twin are one answer. It asks the market and decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from town.market.answer import Answer
from town.market.market import Market
from town.web.filters import SORTS, Filters

LATE_S = 60
SILENT_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A template and the answer that it shows; `extra` is for people alone."""

    template: str
    answer: Answer
    extra: Mapping[str, Any] = field(default_factory=dict)


def board(market: Market, query: Mapping[str, str]) -> Page:
    """The first page."""
    filters = Filters.of(query)
    answer = market.glance(filters.query())
    cursor = answer.data["cursor"]
    counts = {
        name: {"n": count, "href": _posted_link(name)}
        for name, count in answer.data["posted"]["counts"].items()
    }
    extra = {
        "filters": filters,
        "sorts": SORTS,
        "list_title": _list_title(filters),
        "posted_counts": counts,
        "older": filters.link(cursor=cursor) if cursor else "",
        "newest": filters.link() if filters.cursor else "",
    }
    return Page(template="board.html", answer=answer, extra=extra)


def _posted_link(name: str) -> str:
    mine = Filters(said={"poster": "me"})
    changes = {
        "asked": {"asked": "1"},
        "claimed": {"status": "claimed"},
        "in review": {"status": "in_review"},
        "done": {"status": "completed"},
    }
    return mine.link(**changes.get(name, {}))


def _list_title(filters: Filters) -> str:
    if filters.status == "open" and not filters["poster"]:
        return "Open work you could take"
    return "What you posted" if filters["poster"] == "me" else "Items"


def item(market: Market, item_id: str) -> Page:
    """One item with its whole story, or what came of it without its chain."""
    answer = market.told(item_id)
    partial = answer.data["item"].get("partial")
    return Page(template="partial.html" if partial else "item.html", answer=answer)


def peers(market: Market) -> Page:
    """Who this node talks to: direction, count, age."""
    answer = market.peer_list()
    marks = [_peer_mark(row) for row in answer.data["rows"]]
    sentence = market.run(market.sentence)
    return Page(template="peers.html", answer=answer, extra={"marks": marks, "sentence": sentence})


def _peer_mark(row: Mapping[str, Any]) -> tuple[str, str]:
    """How a peer's line is drawn, and the word for it: unknown is a state of its own."""
    heard = row["heard_s"]
    if heard is None:
        return ("unknown", "not heard yet")
    if row["error"] or heard > SILENT_S:
        return ("silent", "silent")
    return ("late", "late") if heard > LATE_S else ("live", "live")


def rig(market: Market, handle: str) -> Page:
    """A town's work and stamps."""
    return Page(template="rig.html", answer=market.profile(handle))
