"""Recorded exchanges, sets built from them, and a whole session between two sides."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from federation.negentropy import Initiator, RangeIndex, Responder, item_key

RECORDED = Path(__file__).parents[2] / "data" / "negentropy"
SAME_ID_TWICE = "crafted-same-id-two-timestamps"  # outside the intended use, says its README


class Outcome(NamedTuple):
    """All messages of a session, and what the initiator learned."""

    messages: list[bytes]
    have: set[bytes]
    need: set[bytes]


def exchange(initiator: Initiator, responder: Responder, *, shift: int = 0) -> Outcome:
    """The outcome of a session that runs to its end."""
    outcome = Outcome([], set(), set())
    asked: bytes | None = initiator.initiate(shift=shift)
    while asked is not None:
        answer = responder.received(asked)
        outcome.messages.extend((asked, answer))
        asked, have, need = initiator.received(answer)
        outcome.have.update(have)
        outcome.need.update(need)
    return outcome


def case_names() -> list[str]:
    """The names of all recorded exchanges but the one that no implementation has to match."""
    return sorted({path.stem for path in (RECORDED / "cases").glob("*.json")} - {SAME_ID_TWICE})


def load(name: str) -> Any:
    """One file of the recordings."""
    return json.loads((RECORDED / f"{name}.json").read_text())


def listed_keys(items: list[list[str]]) -> list[bytes]:
    """The keys of items written as decimal timestamp and hex id."""
    return [item_key(int(timestamp), bytes.fromhex(identifier)) for timestamp, identifier in items]


def side_keys(case: dict[str, Any], side: str) -> list[bytes]:
    """The keys one side of a recorded exchange holds, checked against the recorded digest."""
    listed = case.get(f"{side}_items")
    keys = _recipe_keys(case["recipe"], side) if listed is None else listed_keys(listed)
    keys.sort()
    assert sha256(b"".join(keys)).hexdigest() == case[f"{side}_digest"]
    return keys


def ids_digest(ids: set[bytes]) -> str:
    """The digest by which the recordings name a set of ids."""
    return sha256(b"".join(sorted(ids))).hexdigest()


def numbered_keys(seed: str, count: int, *, step: int = 1) -> list[bytes]:
    """Keys of hashed ids, one every `step` of time."""
    return [
        item_key(number * step, sha256(f"{seed}:{number}".encode()).digest())
        for number in range(count)
    ]


def indexed_ids(index: RangeIndex) -> set[bytes]:
    """All ids of an index."""
    return set(index.ids(range(index.size())))


def _recipe_keys(recipe: dict[str, Any], side: str) -> list[bytes]:
    other = "only_server" if side == "client" else "only_client"
    lacking = _numbers(recipe[other])
    seed = recipe["seed"]
    return [
        item_key(_timestamp(recipe, number), sha256(f"{seed}:{number}".encode()).digest())
        for number in range(recipe["n"])
        if number not in lacking
    ]


def _numbers(listed: Any) -> set[int]:
    if isinstance(listed, dict):
        return set(range(listed["from"], listed["to"], listed.get("step", 1)))
    return set(listed)


def _timestamp(recipe: dict[str, Any], number: int) -> int:
    rule = recipe["timestamp"]
    if rule["rule"] == "hash":
        digest = sha256(f"{recipe['seed']}:t:{number}".encode()).digest()
        return rule["base"] + int.from_bytes(digest[:4], "big") % rule["modulus"]
    offsets = {
        "equal": 0,
        "step": number * rule.get("step", 0),
        "groups": number // rule.get("size", 1),
    }
    return rule["base"] + offsets[rule["rule"]]
