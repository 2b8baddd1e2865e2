"""A board as a person would meet it: three real nodes on loopback, three days of work between them.

Every state of an item, questions, a race, a stop order, rows that nobody signed, text that bites,
and a town that fell silent. What it took is said by the markets themselves, at the hour it says.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from tests.house.tree import ROOT
from tests.transport.nodes import Node, joined, node
from town.node import clock

GO_ROWS = ROOT / "tests" / "data" / "go-wl" / "wild-west-file" / "dumps" / "hq" / "main"
HOUR = 3_600_000_000
LINKS = "[x](javascript:alert(1)) ![y](https://evil.invalid)"
GRADES = {"quality": 5, "reliability": 4}
BITES = (
    '<script>alert("owned")</script><img src=x onerror=alert(1)> & "quotes"',
    "\u05ea\u05d9\u05e7\u05d5\u05df \u05de\u05e8\u05d5\u05e5 \u2014 \u0625\u0635\u0644\u0627\u062d",
    "Emoji \U0001f469\u200d\U0001f4bb \U0001f3d7\ufe0f and combining \u00e9\u0302\u0303",
    "L" + "o" * 90 + "ng " + "unbroken" * 8,
)
WORK: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
    (
        "Bisect the flaky merge test",
        "bug",
        0,
        {"check": "make test", "repo": "https://git.invalid/x"},
    ),
    ("Cache the schema between calls", "feature", 1, {"check": "make bench", "project": "ledger"}),
    ("Write the guide for carriers", "docs", 2, {"tags": ["docs", "carriers"]}),
    ("Draw the map of peers", "design", 3, {"project": "board"}),
    ("Say the age of each peer", "feature", 2, {"check": "pytest -k peers", "project": "board"}),
    ("Rename the old flag", "rfc", 4, {}),
)


def there(facts: dict[str, Any]) -> bool:
    """The item is there, whatever it says."""
    return bool(facts)


class Hour:
    """A clock of all three that stands so many hours before now."""

    def __init__(self, hours_ago: float) -> None:
        self.hours_ago = hours_ago

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return clock.now() - int(self.hours_ago * HOUR)


class Towns:
    """Rust, whose board is looked at; ash, who works; cinder, who falls silent."""

    def __init__(self, rust: Node, ash: Node, cinder: Node, hour: Hour) -> None:
        self.rust, self.ash, self.cinder = rust, ash, cinder
        self.hour = hour
        self.items: dict[str, str] = {}

    def at(self, hours_ago: float) -> None:
        """It is so many hours before now."""
        self.hour.hours_ago = hours_ago

    async def post(self, who: Node, name: str, title: str, **fields: Any) -> str:
        """An item, by a short name of ours."""
        answer = await who.use(lambda m: m.post({"title": title, **fields}))
        self.items[name] = str(answer.data["id"])
        return self.items[name]

    async def claim(self, who: Node, *names: str) -> None:
        """Asked for, once the item is there, and given."""
        for name in names:
            item = self.items[name]
            await self.seen(who, name, there)
            assert (await who.use(lambda m, i=item: m.claim(i))).exit == 0

    async def seen(self, who: Node, name: str, holds: Callable[[dict[str, Any]], bool]) -> None:
        """A town sees an item in some way, by itself."""

        def look() -> bool:
            market = who.town.market
            ids = market.run(lambda: list(market.board().store.ids(self.items[name], 2)))
            return bool(ids) and holds(market.told(self.items[name]).data["item"])

        await who.settles(look)

    async def done(self, who: Node, name: str, summary: str) -> None:
        """Handed in, and seen by whoever decides."""
        item = self.items[name]
        proof = ["https://git.invalid/x/pull/7"]
        await who.use(lambda m: m.done(item, proof, summary=summary))


@contextlib.asynccontextmanager
async def towns(folder: Path) -> AsyncIterator[Towns]:
    """Three days of work, and a town that fell silent at their end."""
    async with contextlib.AsyncExitStack() as stay, contextlib.AsyncExitStack() as leaves:
        hour = Hour(54)
        rust = await stay.enter_async_context(node(folder, "rust", now=hour.now))
        ash = await stay.enter_async_context(node(folder, "ash-flats", now=hour.now))
        cinder = await leaves.enter_async_context(node(folder, "cinder", now=hour.now))
        three = Towns(rust, ash, cinder, hour)
        await joined(rust, ash, cinder)
        await rust.use(lambda m: m.import_rows(GO_ROWS))
        await _first_day(three)
        await _second_day(three)
        await _this_morning(three)
        await leaves.aclose()
        await _now(three)
        yield three


async def _first_day(three: Towns) -> None:
    rust, ash, cinder = three.rust, three.ash, three.cinder
    three.at(53)
    await three.post(rust, "done", "Teach the parser about tabs", type="feature", priority=2)
    await three.post(rust, "withdrawn", "Port it to a phone", type="feature", priority=4)
    await three.post(rust, "waits", "Explain the two clocks", type="docs", priority=3)
    for number, (title, kind, priority, more) in enumerate(WORK):
        await three.post(ash, f"w{number}", title, type=kind, priority=priority, **more)
    await three.claim(ash, "done")
    await three.done(ash, "done", "tabs are eight wide, with tests")
    await three.seen(rust, "done", lambda facts: facts["state"] == "in review")
    await rust.use(
        lambda m: m.accept(
            three.items["done"], {"dims": GRADES, "skills": ["python"], "message": "clean work"}
        )
    )
    await rust.use(lambda m: m.withdraw(three.items["withdrawn"], "nobody has a phone"))
    lease = {"policy": {"lease_s": 300}}
    await three.post(cinder, "overdue", "Trim the log files", type="bug", priority=2, **lease)
    chosen = {"policy": {"assign": "choose"}}
    await three.post(cinder, "asked", "Choose a colour for the map", type="design", **chosen)


async def _second_day(three: Towns) -> None:
    rust, ash, cinder = three.rust, three.ash, three.cinder
    three.at(20)
    await three.post(rust, "review", "Fix the token refresh race", type="bug", priority=1,
                     check="make test", description="It **loses** the token; see `auth.py`.\n\n"
                     "1. Lock\n2. Refresh\n\n> Was hard to reproduce.")  # fmt: skip
    await three.post(rust, "back", "Retry the upload", type="bug", priority=2)
    race = {"policy": {"assign": "race", "max": 2}}
    await three.post(rust, "race", "Make the start faster", type="feature", priority=1, **race)
    await three.post(ash, "ours-back", "Sort the tags", type="feature", priority=2)
    await three.post(ash, "ours-in", "Shorten the ids", type="feature", priority=3)
    await three.post(ash, "stopped", "Rewrite it in another language", type="rfc", priority=4)
    await three.claim(ash, "review", "back", "race")
    await three.claim(cinder, "race")
    await three.claim(rust, "ours-back", "ours-in", "stopped")
    await three.done(ash, "back", "it retries three times")
    await three.seen(rust, "back", lambda facts: facts["state"] == "in review")
    await rust.use(lambda m: m.reject(three.items["back"], "still fails on a slow disk"))
    await three.done(rust, "ours-back", "sorted by use")
    await three.seen(ash, "ours-back", lambda facts: facts["state"] == "in review")
    await ash.use(lambda m: m.reject(three.items["ours-back"], "the tests fail on 3.12"))
    await three.seen(rust, "ours-back", lambda facts: facts["state"] == "sent back")


async def _this_morning(three: Towns) -> None:
    rust, ash, cinder = three.rust, three.ash, three.cinder
    three.at(3)
    for number, title in enumerate(BITES):
        await three.post(ash, f"bites{number}", title, type="docs", priority=number,
                         tags=("t" * 64,), description=f"{title} {LINKS}")  # fmt: skip
    chosen = {"policy": {"assign": "choose"}}
    await three.post(
        rust, "give", "Add an export of one item", type="feature", priority=2, **chosen
    )
    await three.post(rust, "claimed", "Bound the queue of letters", type="bug", priority=0)
    await three.claim(ash, "claimed")
    await three.claim(rust, "overdue")
    for who in (ash, cinder):
        await three.seen(who, "give", there)
        await who.use(lambda m: m.claim(three.items["give"], wait_s=0.0))
    await three.done(ash, "review", "race closed, test added")
    await three.done(rust, "ours-in", "four hex digits are enough")
    await three.seen(ash, "waits", there)
    await ash.use(lambda m: m.note(three.items["waits"], "Which two clocks?", tag="question"))
    await ash.use(lambda m: m.withdraw(three.items["stopped"], "we keep this one"))
    await rust.use(lambda m: m.claim(three.items["asked"], wait_s=0.0))
    await three.seen(rust, "give", lambda facts: facts["asked_n"] == 2)
    await three.seen(rust, "review", lambda facts: facts["state"] == "in review")
    await three.seen(rust, "stopped", lambda facts: facts["state"] == "withdrawn")
    await three.seen(
        rust,
        "waits",
        lambda facts: any(n["tag"] == "question" for n in facts["untrusted"]["notes"]),
    )
    await three.seen(ash, "ours-in", lambda facts: facts["state"] == "in review")


async def _now(three: Towns) -> None:
    three.at(1)
    await three.claim(three.rust, "w1")
    three.at(0)
