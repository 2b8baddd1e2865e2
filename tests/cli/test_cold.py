"""Every line of `wl` that changes something comes to the same with a node and without one.

One town is open all the time, as in a node; of the other each line opens and closes it, so that
nothing lies in memory between two of them.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.towns import ColdTown, TypedTown

# {a}, {b}, … are items that `post:` lines made.
LINES = (
    "post:a one --type bug",
    "post:b two --assign choose",
    "post:c three --lease 300s",
    "post:d four --assign race:2",
    "update {a} --priority 0",
    "update {a} --priority 0",
    "claim {a}",
    "claim {a}",
    "renew {a}",
    "note {a} halfway",
    "unclaim {a}",
    "unclaim {a}",
    "claim {a}",
    "takeback {a} --reason late",
    "claim {a}",
    "grant {a} --to ash",
    "unclaim {a}",
    "claim {b}",
    "unclaim {b}",
    "claim {b}",
    "grant {b}",
    "unclaim {b}",
    "claim {c}",
    "done {c} --evidence https://example.org/1",
    "reject {c} --reason more",
    "done {c} --evidence https://example.org/2 --summary all",
    "accept {c} --quality 4",
    "accept {c} --quality 4",
    "done {d} --evidence text:early --speculative",
    "claim {d}",
    "unclaim {d}",
    "close {d} --reason enough",
    "unclaim {d}",
    "withdraw {a} --reason over",
    "claim {a}",
    "policy lease_s=3600",
    "admit nobody",
    "create hop/other",
    "post:e elsewhere",
    "claim {e}",
    "unclaim {e}",
    "leave hop/other --yes",
)

# The same between two towns, whose records go to and fro by bundle after each line.
BETWEEN = (
    "rust post:a one",
    "rust post:b two --assign choose",
    "rust post:c three",
    "rust post:d four",
    "ash claim {a}",
    "ash note {a} --ask how?",
    "rust note {a} --tag answer so",
    "ash done {a} --evidence https://example.org/1",
    "rust reject {a} --reason more",
    "ash renew {a}",
    "ash done {a} --evidence https://example.org/2",
    "rust accept {a} --quality 4",
    "rust accept {a} --quality 4",
    "ash claim {b}",
    "rust grant {b} --to ash",
    "rust takeback {b} --reason slow",
    "ash claim {c}",
    "rust claim {c}",
    "ash unclaim {c}",
    "rust claim {c}",
    "ash done {d} --speculative --evidence text:early",
    "rust close {d} --reason enough",
    "rust withdraw {b}",
    "rust stamp:give ash --quality 5",
)


def told(said: dict[str, Any]) -> tuple[Any, ...]:
    """What a line came to, without ids and times."""
    error = said["error"] or {}
    steps = [step["cmd"][1] for step in said["next"] or () if isinstance(step, dict)]
    return said["exit"], error.get("code"), (said["data"] or {}).get("claim"), steps


def stands(town: TypedTown, item: str) -> Any:
    """How an item stands, and what each of its records came to."""
    shown = town.json("show", item)
    data = shown["data"]
    facts = {name: data[name] for name in ("status", "you", "may_start", "asked_n")}
    facts["claimed_by"] = str(data["claimed_by"]).partition("~")[0]  # an account's start follows
    rows = town.json("log", item)["data"]["rows"]
    return facts, [(row["kind"], row["effect"]) for row in rows]


def played(town: TypedTown) -> list[tuple[str, Any]]:
    """What each line came to, and how the item it is about stood then."""
    town.type("init", "--handle", "ash")
    town.type("create", "hop/commons")
    items: dict[str, str] = {}
    found: list[tuple[str, Any]] = []
    for line in LINES:
        verb, *rest = line.split()
        verb, _, name = verb.partition(":")
        said = town.json(verb, *(word.format(**items) for word in rest))
        if name:
            items[name] = said["data"]["id"]
        about = name or (rest[0].strip("{}") if rest[0].startswith("{") else "")
        found.append((line, (told(said), stands(town, items[about]) if about else None)))
    return found


def traded(rust: TypedTown, ash: TypedTown) -> list[tuple[str, Any]]:
    """What each line came to, and how its item stood then for either town."""
    towns = {"rust": rust, "ash": ash}
    for name, town in towns.items():
        town.type("init", "--handle", name)
    rust.type("create", "hop/commons")
    ash.learns(rust)
    items: dict[str, str] = {}
    found: list[tuple[str, Any]] = []
    for line in BETWEEN:
        who, verb, *rest = line.split()
        verb, _, name = verb.partition(":")
        words = [verb, *([name] if verb == "stamp" else ()), *(w.format(**items) for w in rest)]
        said = towns[who].json(*words)
        if verb == "post":
            items[name] = said["data"]["id"]
        other = ash if who == "rust" else rust
        other.learns(towns[who])
        towns[who].learns(other)
        item = items[rest[0].strip("{}")] if rest[0].startswith("{") else ""
        found.append((line, (told(said), [stands(t, item) for t in towns.values() if item])))
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_two_towns_say_to_each_other_comes_to_the_same_without_nodes(tmp_path: Path):
    """Asked, granted, sent back, stamped, taken back, raced for: either way the same records."""
    nodes = [TypedTown(tmp_path / "node", name, resident=True) for name in ("rust", "ash")]
    try:
        with_nodes = traded(*nodes)
    finally:
        for one in nodes:
            one.close()
    without = traded(*(ColdTown(tmp_path / "cold", name) for name in ("rust", "ash")))
    for one, other in zip(with_nodes, without, strict=True):
        assert one == other
    kinds = {kind for _, (_, views) in without for _, rows in views for kind, _ in rows}
    assert {"work.accept", "work.reject", "work.close", "claim.end", "wanted.withdraw"} <= kinds


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_a_line_without_a_node_comes_to_what_it_comes_to_with_one(tmp_path: Path):
    """Exit, error, next steps, the item's state and every record of it, after each line."""
    open_town = TypedTown(tmp_path / "node", "ash", resident=True)
    try:
        with_a_node = played(open_town)
    finally:
        open_town.close()
    without = played(ColdTown(tmp_path / "cold", "ash"))
    for one, other in zip(with_a_node, without, strict=True):
        assert one == other


def test_whoever_looks_without_a_node_sees_a_claim_ended_that_ran_out(tmp_path: Path):
    """An agent's time is over and no node was there to end it: the next agent gets the item."""
    town = ColdTown(tmp_path, "ash")
    town.behind_s = 3_600
    town.type("init", "--handle", "ash")
    item = town.json("post", "one", "--lease", "300s")["data"]["id"]
    toast, crumb = {"WL_AGENT": "toast"}, {"WL_AGENT": "crumb"}
    assert town.json("claim", item, env=toast)["exit"] == 0
    assert town.json("claim", item, env=crumb)["error"]["code"] == "claim.own_town"
    town.behind_s = 0
    assert town.json("claim", item, env=crumb)["data"]["claim"] == "yours"
    ended = [row["kind"] for row in town.json("log", item)["data"]["rows"]]
    assert ended == [
        *("wanted.post", "claim.bid", "claim.grant"),
        *("claim.end", "claim.bid", "claim.grant"),
    ]
