"""Pages of the board: one filter, any three, every order, deep pages, at the store and in the node.

Filters are drawn as people would: words of every rarity, tags, projects that had their time,
values that never meet. The answer of `wl browse` is made from what the store finds, so it is
measured too.
"""

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from town.node.boot import calm_collector, load_engine

load_engine()
calm_collector()

from bench.items import RARE_TAGS, rare  # noqa: E402  # the engine comes first
from bench.items import opened as open_items  # noqa: E402
from bench.people import TAGS, WORDS  # noqa: E402
from bench.result import Watch, percentile, row  # noqa: E402
from ledger.journal import Journal  # noqa: E402
from ledger.memory_board import placed  # noqa: E402
from ledger.store import BoardQuery, Store  # noqa: E402
from town.market.view import Viewer, line_facts  # noqa: E402

TURNS: Final = 200
AT_BEST_OF: Final = 5
ONE_MS: Final = 4.0
THREE_MS: Final = 10.0
DEEP_TIMES: Final = 6.0
DEEP_PAGES: Final = 60
DIMENSIONS: Final = ("project", "type", "status", "poster", "priority", "tag", "text", "effort")


def drawn(chance: random.Random, name: str) -> dict[str, Any]:
    """A filter of this name."""
    values: dict[str, Callable[[], Any]] = {
        "project": lambda: chance.choice([f"project-{chance.randrange(1, 40)}",
                                          f"season-{chance.randrange(50)}"]),
        "type": lambda: chance.choice(["bug", "feature", "docs", "none"]),
        "status": lambda: (chance.choice(["open", "claimed", "in_review", "completed"]),),
        "poster": lambda: f"town-{int(2_000 ** chance.random())}",
        "priority": lambda: chance.randrange(5),
        "tag": lambda: chance.choice([*TAGS, f"tag-{int(RARE_TAGS ** chance.random())}"]),
        "text": lambda: chance.choice([chance.choice(WORDS), rare(chance), chance.choice(WORDS)[:2],
                                       f"{chance.choice(WORDS)} {rare(chance)}", "nothing"]),
        "effort": lambda: chance.choice(["small", "medium", "large"]),
    }  # fmt: skip
    return {name: values[name]()}


def queries(chance: random.Random, filters: int, sorts: Sequence[Any]) -> Iterator[BoardQuery]:
    """So many filters, each time others."""
    for _ in range(TURNS):
        said: dict[str, Any] = {}
        for name in chance.sample(DIMENSIONS, filters):
            said |= drawn(chance, name)
        yield BoardQuery(sort=chance.choice(sorts), **said)


def measured(find: Callable[[BoardQuery], Any], asked: Sequence[BoardQuery]) -> tuple[Watch, int]:
    """Each query at its best of a few turns, so that what others do here counts less.

    How many stopped early is counted too.
    """
    watch, stopped = Watch(), 0
    for query in asked:
        one = Watch()
        for _ in range(AT_BEST_OF):
            with one:
                page = find(query)
        watch.wall.append(min(one.wall))
        watch.own.append(min(one.own))
        stopped += page.partial
    return watch, stopped


def deep(store: Store) -> list[BoardQuery]:
    """Pages behind random pages of the whole board."""
    found, query = [], BoardQuery(limit=500)
    for _ in range(DEEP_PAGES):
        page = store.find(query)
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
        found.append(replace(query, limit=50))
    jumps = [replace(BoardQuery(), cursor=placed(rank, p)) for rank in range(5) for p in range(5)]
    return [*found, *jumps]


def browsed(store: Store) -> Callable[[BoardQuery], Any]:
    """What `wl browse` makes of a page, a line of facts for each item."""
    journal = Journal.open(store, wasteland="")
    viewer = Viewer(account="0" * 64, device="", agent="", now=1_800_000_000_000_000)

    def find(query: BoardQuery) -> Any:
        page = store.find(query)
        _ = [line_facts(journal, item, viewer) for item in page.items], store.counts()
        return page

    return find


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    count = parser.parse_args().items
    store = open_items(count)
    chance = random.Random(2)
    first = [BoardQuery()] * TURNS
    page, _ = measured(store.find, first)
    title = f"board of {count:,} items, 50 a page, in the ledger"
    row(f"{title}: first page", "", page.said())
    plans: list[tuple[str, int, Sequence[Any], float]] = [
        ("one filter", 1, ("priority",), ONE_MS),
        ("one filter, other orders", 1, ("newest", "oldest", "updated"), ONE_MS),
        ("three filters", 3, ("priority",), THREE_MS),
        ("three filters, other orders", 3, ("newest", "oldest", "updated"), THREE_MS),
    ]
    for name, filters, sorts, most in plans:
        watch, stopped = measured(store.find, list(queries(chance, filters, sorts)))
        met = percentile(watch.own, 0.95) <= most
        said = f"{watch.said()}; {stopped} of {TURNS} stopped at the cap"
        row(f"{title}: {name}", f"p95 ≤ {most:.0f} ms", said, met=met)
    behind, _ = measured(store.find, deep(store))
    ratio = percentile(behind.own, 0.5) / percentile(page.own, 0.5)
    row(f"{title}: deep page", f"≤ {DEEP_TIMES:.0f}x the first", f"{behind.said()}: {ratio:.1f}x",
        met=ratio <= DEEP_TIMES)  # fmt: skip
    find = browsed(store)
    for name, filters, most in (("one filter", 1, ONE_MS), ("three filters", 3, THREE_MS)):
        watch, _ = measured(find, list(queries(chance, filters, ("priority", "newest"))))
        met = percentile(watch.own, 0.95) <= most
        row(f"`browse`, {count:,} items, whole answer: {name}", f"p95 ≤ {most:.0f} ms",
            watch.said(), met=met)  # fmt: skip
    store.close()


if __name__ == "__main__":
    main()
