"""What each page of the board shows: answers of the market, arranged for a first glance.

One true sentence, then what needs you, yours, what you posted, what you could take. It asks the
market and decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markdown_it import MarkdownIt
from nh3 import clean

from town.market.errors import WastelandUnknownError
from town.market.market import Market
from town.market.words import span

STATUSES = ("open", "claimed", "in_review", "completed", "withdrawn", "all")
LINES = 50
STALE_S = 60
TAGS_SHOWN = {"p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "br", "hr"}
MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False})


@dataclass(frozen=True, slots=True)
class Page:
    """A template, and what it shows; `data` is what the page's JSON twin says."""

    template: str
    data: Mapping[str, Any]
    extra: Mapping[str, Any]


def board(market: Market, query: Mapping[str, str]) -> Page:
    """The first page."""
    filters = {name: query.get(name, "") for name in ("q", "type", "project", "tag", "cursor")}
    filters["status"] = query.get("status") or "open"
    try:
        listed = market.browse(_query(filters)).data
        mine = market.me().data if market.town.account else {"held": [], "posted": []}
    except WastelandUnknownError:
        listed, mine = {"items": [], "cursor": None, "counts": {}}, {"held": [], "posted": []}
    posted = mine["posted"]
    data = {
        "sentence": sentence(market),
        "needs": [_need(line) for line in posted if _waits(line)],
        "held": mine["held"],
        "counts": _counts(posted),
        "lines": listed["items"],
        "cursor": listed["cursor"],
    }
    title = "Open work you could take" if filters["status"] == "open" else "Items"
    more = _link({**filters, "cursor": listed["cursor"]}) if listed["cursor"] else ""
    extra = {"filters": filters, "statuses": STATUSES, "list_title": title, "more": more}
    return Page("board.html", data, extra)


def _query(filters: Mapping[str, str]) -> dict[str, Any]:
    given = {
        "text": filters["q"],
        "type": filters["type"],
        "project": filters["project"],
        "tag": filters["tag"],
        "cursor": filters["cursor"],
    }
    query: dict[str, Any] = {name: value for name, value in given.items() if value}
    return {**query, "status": (filters["status"],), "limit": LINES}


def _link(filters: Mapping[str, str]) -> str:
    return "/?" + urlencode({name: value for name, value in filters.items() if value})


def _waits(line: Mapping[str, Any]) -> bool:
    return line["you"] == "reviewer" or str(line["state"]).startswith("asked")


def _need(line: Mapping[str, Any]) -> dict[str, Any]:
    """One thing that waits for the person, and what to type."""
    review = line["you"] == "reviewer"
    what = "handed in: accept or send back" if review else f"{line['asked_n']} asked"
    verb = "show" if review else "bids"
    return {**line, "what": what, "type_this": f"wl {verb} {line['short']}"}


def _counts(posted: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    names = ("open", "asked", "claimed", "in review", "sent back")
    counted = dict.fromkeys(names, 0)
    for line in posted:
        state = "asked" if str(line["state"]).startswith("asked") else str(line["state"])
        counted[state] = counted.get(state, 0) + 1
    status = {"in review": "in_review", "sent back": "claimed", "asked": "open"}
    return [
        (name, count, _link({"status": status.get(name, name)})) for name, count in counted.items()
    ]


def sentence(market: Market) -> dict[str, Any]:
    """How far this town hears and is heard, in one sentence that is true."""
    wasteland = market.town.current
    if not market.town.account or not wasteland:
        return {"good": True, "text": "This town is in no wasteland yet: nothing is sent anywhere."}
    standing = market.ports.peers.standing(wasteland)
    changes = "change is" if standing.unsent == 1 else "changes are"
    age = span(standing.heard_s or 0)
    cases = (
        (not standing.peers, True, "No other town is known here: what you wrote is only here."),
        (standing.unsent, False, f"{standing.unsent} {changes} only on this machine."),
        (standing.heard_s is None, False, f"None of {standing.peers} towns was heard yet."),
        ((standing.heard_s or 0) > STALE_S, False, f"Nobody heard for {age}."),
    )
    heard = f"Heard {standing.heard} of {standing.peers} towns, {age} ago."
    fine = (True, f"{heard} Everything you wrote is on another machine.")
    good, text = next(((good, text) for holds, good, text in cases if holds), fine)
    return {"good": good, "text": text}


def item(market: Market, item_id: str) -> Page:
    """One item with its whole story."""
    facts = market.show(item_id).data
    story = market.log(item_id).data["rows"] if facts["signed"] else []
    html = rendered(str(facts["untrusted"].get("description") or ""))
    return Page("item.html", {"item": facts, "story": story}, {"description_html": html})


def peers(market: Market) -> Page:
    """Who this node talks to: direction, count, age."""
    return Page("peers.html", {"rows": market.peer_list().data["rows"]}, {})


def rig(market: Market, handle: str) -> Page:
    """A town's work and stamps."""
    return Page("rig.html", {"who": market.profile(handle).data}, {})


def rendered(text: str) -> str:
    """A stranger's Markdown as harmless HTML: no link, no picture, no script, nothing unknown."""
    return clean(MARKDOWN.render(text), tags=TAGS_SHOWN, attributes={}, link_rel=None)
