"""Histories of the executable model as signed records, and back.

The model speaks of records without keys, bytes or units. Here each of its records becomes a
signed one, and a copy of the model's record takes that one's id, so that both sides judge the
same set with the same ties. One unit of the model's time is three seconds.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stamps.identity import DeviceKey
from stamps.kinds import ITEM_DECISION_KINDS
from stamps.record import Entry, heads_key, sign
from tests.oracle.model import R, hk

BASE_US = 1_700_000_000_000_000
UNIT_US = 3_000_000
UNIT_S = 3
STAMP = {"dims": {"quality": 3}}


def key_of(name: str) -> DeviceKey:
    """The key that a device or rotation key of the model signs with, the same in every run."""
    return DeviceKey.from_seed(hashlib.sha256(b"oracle " + name.encode()).digest())


@dataclass
class Translation:
    """The model's records with our ids, and our records, in the order they were made."""

    wasteland: str = ""
    model: list[R] = field(default_factory=list)
    ours: dict[str, Entry] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)


def translated(records: list[R], wasteland: str) -> Translation:
    """Every record of a history, signed; references follow."""
    made = Translation()
    for record in records:
        entry = _signed(made, record)
        made.ids[record.id] = entry.record.id
        if record.id == wasteland:
            made.wasteland = entry.record.id
            made.scopes[wasteland] = entry.record.id
        made.ours[entry.record.id] = entry
        made.model.append(_copied(made, record, entry))
    return made


def _scope(made: Translation, scope: str) -> str:
    if scope.startswith("new:"):
        return "new:" + hashlib.sha256(scope.encode()).hexdigest()[:32]
    return made.scopes.get(scope, scope)


def _reference(made: Translation, value: str) -> str:
    return made.ids.get(value, value)


def _signed(made: Translation, record: R) -> Entry:
    register = record.kind == "rig.register"
    return sign(
        key=key_of(record.device),
        scope=_scope(made, record.scope),
        author="" if register else _reference(made, record.author),
        seq=record.seq,
        prev=_reference(made, record.prev),
        at=BASE_US + record.at * UNIT_US + (record.seq if record.scope == "account" else 0),
        kind=record.kind,
        about=_about(made, record),
        body=_body(made, record),
    )


def _about(made: Translation, record: R) -> str:
    if record.kind in ("rig.register", "device.add", "device.revoke", "key.rotate"):
        return ""
    if record.kind in ("device.retire", "wasteland.create", "wanted.post"):
        return ""
    return _reference(made, record.about)


def _home(made: Translation, pair: tuple[str, str]) -> dict[str, str]:
    return {"account": _reference(made, pair[0]), "device": key_of(pair[1]).device}


def _body(made: Translation, record: R) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, value in record.body.items():
        body.update(_field(made, record, name, value))
    body.update(_FILL.get(record.kind, {}))
    if record.kind == "wanted.post":
        body["title"] = record.body["title"]
    if record.kind == "work.close" and "submission" in body:
        body["reason"] = "enough"
    if record.kind == "claim.end" and body["cause"] == "taken_back":
        body["reason"] = "no progress"
    return body


_FILL: dict[str, dict[str, Any]] = {
    "rig.register": {"type": "human"},
    "work.submit": {"summary": "done", "evidence": []},
    "wanted.post": {
        "description": "",
        "project": "",
        "type": "",
        "priority": 2,
        "effort": "medium",
        "tags": [],
    },
    "work.accept": {"stamp": STAMP},
    "work.reject": {"reason": "not yet"},
}
_IDS = {
    "under",
    "decides",
    "bid",
    "seen",
    "grant",
    "renew",
    "release",
    "submission",
    "of",
    "account",
}


def _field(made: Translation, record: R, name: str, value: Any) -> dict[str, Any]:
    if record.kind in _WHOLE:
        return _WHOLE[record.kind](made, record)
    if name in _IDS:
        return {name: _reference(made, value)}
    say = _SAID.get(name)
    return {name: say(made, record, value)} if say is not None else {name: value}


_SAID: dict[str, Callable[[Translation, R, Any], Any]] = {
    "to": lambda made, _, pair: _home(made, pair),
    "device": lambda _, __, name: key_of(name).device,
    "successor": lambda _, __, name: key_of(name).device,
    "rotation": lambda _, __, names: [key_of(name).device for name in names],
    "may": lambda _, __, kinds: list(kinds),
    "heads": lambda made, record, _: _heads(made, record),
    "lease_s": lambda _, __, units: units * UNIT_S,
    "until": lambda _, __, units: BASE_US + units * UNIT_US,
    "set": lambda _, __, value: {"title": f"title {value}"},
}


def _heads(made: Translation, record: R) -> dict[str, Any]:
    device = record.body["device"]
    found = {}
    for scope in (*made.scopes, "identity"):
        head = record.body["heads"].get(hk(scope, device))
        if head is not None:
            named = heads_key(_scope(made, scope), key_of(device).device)
            found[named] = [head[0], _reference(made, head[1])]
    return found


def _post(made: Translation, record: R) -> dict[str, Any]:
    body = record.body
    policy: dict[str, Any] = {"assign": body["assign"]}
    if body["assign"] == "race":
        policy["max"] = body["max"]
    if "lease_s" in body:
        policy["lease_s"] = body["lease_s"] * UNIT_S
    if "home" in body:
        policy["home"] = _home(made, body["home"])
    return {"policy": policy, "under": _reference(made, body.get("under", ""))}


def _policy(made: Translation, record: R) -> dict[str, Any]:
    """A policy as a whole; its `decides` stays where the model has it."""
    values = {
        "maintainers": [_reference(made, m) for m in record.body["maintainers"]],
        "lease_s": record.body["lease_s"] * UNIT_S,
        "may_instruct": sorted(ITEM_DECISION_KINDS - {"decision.confirm"}),
    }
    return {"set": values, "decides": _reference(made, record.body["decides"])}


def _genesis(made: Translation, record: R) -> dict[str, Any]:
    del made
    return {
        "name": "oracle",
        "title": "The oracle's board",
        "maintainers": [],
        "policy": {"join": record.body["join"]},
        "schema": "1.2",
    }


_WHOLE = {
    "wanted.post": _post,
    "wasteland.policy": _policy,
    "wasteland.create": _genesis,
}


def _copied(made: Translation, record: R, entry: Entry) -> R:
    """The model's record again, under our id and with our references."""
    copy = R.__new__(R)
    copy.scope = _scope(made, record.scope)
    copy.device, copy.seq, copy.at, copy.kind = (
        record.device,
        record.seq,
        record.at,
        record.kind,
    )
    copy.prev = _reference(made, record.prev)
    copy.about = _about(made, record)
    copy.id = entry.record.id
    copy.author = copy.id if record.kind == "rig.register" else _reference(made, record.author)
    copy.body = {name: _model_field(made, record, name) for name in record.body}
    return copy


def _model_field(made: Translation, record: R, name: str) -> Any:
    value = record.body[name]
    if name in _IDS:
        return _reference(made, value)
    if name in ("to", "home"):
        return (_reference(made, value[0]), value[1])
    if name == "maintainers":
        return tuple(_reference(made, each) for each in value)
    if name == "heads":
        device = record.body["device"]
        return {
            hk(_scope(made, scope), device): (
                value[hk(scope, device)][0],
                _reference(made, value[hk(scope, device)][1]),
            )
            for scope in (*made.scopes, "identity")
            if hk(scope, device) in value
        }
    return value
