"""Small histories, all of them: every part of a set in every order, beside the model."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Any

import pytest

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from ledger.tables import DERIVED
from stamps.record import Entry, Envelope
from tests.ledger.test_against_model import NOW, rows_of
from tests.ledger.translate import Translation, translated
from tests.oracle.model import FIX, Node, R, hk

TIP = object()
ORDERED_MAX = 4  # parts up to this size in every order, larger ones in a few
PASSES_MAX = 20


@dataclass
class Scene:
    """Records of the model: what everybody has, and the few whose parts and orders are tried."""

    base: list[R] = field(default_factory=list)
    few: list[R] = field(default_factory=list)
    heads: dict[tuple[str, str, str], R] = field(default_factory=dict)
    now: int = 1000
    wasteland: str = ""
    joined: dict[str, R] = field(default_factory=dict)
    logs: dict[str, R] = field(default_factory=dict)  # handle to the last log record
    ids: dict[str, str] = field(default_factory=dict)

    def account(self, handle: str, devices: list[str], keys: list[str]) -> None:
        """An account whose devices its first rotation key added."""
        body = {"handle": handle, "rotation": tuple(keys), "device": devices[0]}
        genesis = R("account", "", devices[0], 0, "", self.now, "rig.register", "", body)
        self.ids[handle], self.logs[handle] = genesis.id, genesis
        self.base.append(genesis)
        for device in devices[1:]:
            added = {"device": device, "may": ("*",)}
            self.base.append(self.log(handle, keys[0], "device.add", added))

    def log(self, handle: str, key: str, kind: str, body: dict[str, Any]) -> R:
        """The next record of an account log."""
        before = self.logs[handle]
        account = self.ids[handle]
        self.now += 1
        made = R("account", account, key, before.seq + 1, before.id, self.now, kind, "", body)
        self.logs[handle] = made
        return made

    def revoke(self, handle: str, device: str, head: R | None, successor: str = "") -> R:
        """The paper key ends a device; it names the last good record, or none."""
        heads = {hk(self.wasteland, device): (head.seq, head.id)} if head is not None else {}
        body: dict[str, Any] = {"device": device, "heads": heads}
        if successor:
            body["successor"] = successor
        return self.log(handle, f"k{handle[0]}0", "device.revoke", body)

    def say(  # noqa: PLR0917  # as the model writes them
        self,
        handle: str,
        device: str,
        kind: str,
        about: str,
        body: dict[str, Any],
        after: Any = TIP,
    ) -> R:
        """The next record of a chain, or a rival behind an earlier one."""
        chain = (self.wasteland, self.ids[handle], device)
        before = self.heads.get(chain) if after is TIP else after
        self.now += 10
        seq, prev = (before.seq + 1, before.id) if before is not None else (0, "")
        made = R(self.wasteland, chain[1], device, seq, prev, self.now, kind, about, body)
        if after is TIP:
            self.heads[chain] = made
        return made


def founded() -> Scene:
    """Five accounts that joined one wasteland."""
    scene = Scene()
    for handle in ("reg", "al", "bo", "ma", "ho"):
        mark = handle[0].upper() if handle != "reg" else "G"
        keys = ["kr0"] if handle == "reg" else [f"k{handle[0]}0"]
        scene.account(handle, [f"{mark}1", f"{mark}2"], keys)
    genesis = R("new:1", scene.ids["reg"], "G1", 0, "", 1000, "wasteland.create", "",
                {"join": "open"})  # fmt: skip
    scene.wasteland = genesis.id
    scene.base.append(genesis)
    for handle, device in (("al", "A1"), ("bo", "B1"), ("ma", "M1"), ("ho", "H1")):
        scene.joined[device] = scene.say(handle, device, "rig.join", genesis.id, {"handle": handle})
        scene.base.append(scene.joined[device])
    return scene


def _grant(scene: Scene, item: R, bid: R, decides: str, **how: Any) -> R:
    body = {"bid": bid.id, "term": 1, "lease_s": how.pop("lease", 100), "decides": decides}
    return scene.say("al", "A1", "claim.grant", item.id, body, **how)


def _bid(scene: Scene, item: R, handle: str = "bo", device: str = "B1") -> R:
    body = {"seen": item.id, "until": 9999}
    return scene.say(handle, device, "claim.bid", item.id, body)


def _post(scene: Scene, device: str = "A1", **more: Any) -> R:
    body = {"title": "t", "assign": "first", "max": 2, "lease_s": 100, **more}
    return scene.say("al", device, "wanted.post", "", body)


def successor() -> Scene:
    """A revoked bidder and home, a successor that decides, and a fork of the old home."""
    scene = founded()
    item = _post(scene, "A2", home=(scene.ids["al"], "A1"))
    bid = _bid(scene, item)
    grant = _grant(scene, item, bid, item.id)
    scene.few = [
        item, bid, grant,
        scene.revoke("bo", "B1", scene.joined["B1"]),
        scene.revoke("al", "A1", grant, "A2"),
        scene.say("al", "A2", "wanted.withdraw", item.id, {"decides": grant.id}),
        _grant(scene, item, bid, item.id, after=scene.joined["A1"], lease=101),
    ]  # fmt: skip
    return scene


def stale_successor() -> Scene:
    """A successor that decided before it had heard the old home's grant."""
    scene = founded()
    item = _post(scene, "A2", home=(scene.ids["al"], "A1"))
    bid = _bid(scene, item)
    grant = _grant(scene, item, bid, item.id)
    scene.few = [
        item, bid, grant,
        scene.revoke("al", "A1", grant, "A2"),
        scene.say("al", "A2", "wanted.withdraw", item.id, {"decides": item.id}),
        scene.say("al", "A2", "wanted.update", item.id, {"decides": grant.id, "set": 1}),
    ]  # fmt: skip
    return scene


def void_naming() -> Scene:
    """A confirm of what its author had no right to say, and a revoke of that author."""
    scene = founded()
    item = _post(scene)
    told = scene.say("ma", "M1", "wanted.update", item.id, {"set": 1, "decides": item.id})
    confirm = {"of": told.id, "decides": item.id}
    scene.few = [
        item, told,
        scene.say("al", "A1", "decision.confirm", item.id, confirm),
        scene.say("al", "A1", "wanted.withdraw", item.id, {"decides": item.id}),
        scene.revoke("ma", "M1", None),
    ]  # fmt: skip
    return scene


def registrar() -> Scene:
    """The registrar's device is revoked while it admits people and an item is decided."""
    scene = founded()
    item = _post(scene)
    admit = {"account": scene.ids["al"], "handle": "al", "decides": scene.wasteland}
    first = scene.say("reg", "G1", "rig.admit", scene.ids["al"], admit)
    other = {"account": scene.ids["bo"], "handle": "al", "decides": first.id}
    scene.few = [
        item, first,
        scene.say("reg", "G1", "rig.admit", scene.ids["bo"], other),
        scene.say("al", "A1", "wanted.withdraw", item.id, {"decides": item.id}),
        scene.revoke("reg", "G1", first),
    ]  # fmt: skip
    return scene


def moves() -> Scene:
    """A home that moves and comes back, an instruction in flight, a grant by the one before."""
    scene = founded()
    item = _post(scene)
    bid = _bid(scene, item)
    there = {"to": (scene.ids["ho"], "H1"), "decides": item.id}
    moved = scene.say("al", "A1", "home.move", item.id, there)
    told = _grant(scene, item, bid, moved.id)
    confirm = {"of": told.id, "decides": moved.id}
    confirmed = scene.say("ho", "H1", "decision.confirm", item.id, confirm)
    back = {"to": (scene.ids["al"], "A1"), "decides": confirmed.id}
    scene.few = [
        item, bid, moved, told, confirmed,
        scene.say("ho", "H1", "home.move", item.id, back),
        scene.say("ho", "H1", "claim.bid", item.id, {"seen": item.id, "until": 9999},
                  after=scene.joined["H1"]),
    ]  # fmt: skip
    return scene


def race() -> Scene:
    """Two racers, a third too many, a rejection and an end."""
    scene = founded()
    item = _post(scene, assign="race")
    bids = [_bid(scene, item), _bid(scene, item, "ma", "M1")]
    first = _grant(scene, item, bids[0], item.id)
    second = {"bid": bids[1].id, "term": 2, "lease_s": 100, "decides": first.id}
    work = scene.say("bo", "B1", "work.submit", item.id, {"grant": first.id})
    granted = scene.say("al", "A1", "claim.grant", item.id, second)
    reject = {"submission": work.id, "decides": granted.id}
    scene.few = [
        item, *bids, first, granted, work,
        scene.say("al", "A1", "work.reject", item.id, reject),
    ]  # fmt: skip
    return scene


SCENES: list[Callable[[], Scene]] = [
    successor, stale_successor, void_naming, registrar, moves, race,
]  # fmt: skip


def parts_in_order(few: list[str]) -> Iterator[tuple[str, ...]]:
    """Every part of a set: small ones in every order, the others forwards, backwards, turned."""
    for size in range(len(few) + 1):
        for part in combinations(few, size):
            if size <= ORDERED_MAX:
                yield from permutations(part)
            else:
                yield from (part, part[::-1], part[2:] + part[:2], part[1::2] + part[::2])


def heard(made: Translation, order: Iterable[str]) -> Journal:
    """A ledger that was offered these, again until it took nothing more."""
    journal = Journal.open(MemoryStore(), wasteland=made.wasteland)
    todo: list[Entry] = [made.ours[one] for one in order]
    for _ in range(PASSES_MAX):
        envelopes = [Envelope(entry.record, entry.signature) for entry in todo]
        outcomes = journal.record(envelopes, now=NOW)
        if not any(outcome.entry for outcome in outcomes):
            break
        todo = [e for e, o in zip(todo, outcomes, strict=True) if not o.entry and o.code != "held"]
    return journal


def shown(journal: Journal) -> tuple[bytes, str]:
    """The root, and every derived row."""
    root = JournalReplica(journal).frontier().root
    return root, repr([list(journal.store.rows(table.name)) for table in DERIVED])


@pytest.mark.slow
@pytest.mark.uncounted
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_part_of_a_small_set_ends_in_one_board_in_every_order(scene):
    """And that board is the model's: statuses, holders, effective decisions, the set itself."""
    made_up = scene()
    made = translated([*made_up.base, *made_up.few], made_up.wasteland)
    base = [made.ids[record.id] for record in made_up.base]
    few = [made.ids[record.id] for record in made_up.few]
    by_id = {record.id: record for record in made.model}
    expected: dict[frozenset[str], tuple[bytes, str]] = {}
    tried = 0
    for part in parts_in_order(few):
        journal = heard(made, [*base, *part])
        tried += 1
        known = expected.setdefault(frozenset(part), shown(journal))
        assert shown(journal) == known, part
        if tuple(one for one in few if one in part) == part:
            node = Node(made.wasteland, dict(FIX))
            node.feed([by_id[one] for one in (*base, *part)])
            theirs, ours = rows_of(node, journal)
            assert ours == theirs, part
            assert {e.record.id for e in journal.store.entries()} == set(node.held)
    assert len(expected) == 2 ** len(few)
    assert tried > 5 * len(expected)
