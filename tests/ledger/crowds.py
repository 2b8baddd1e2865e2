"""Random histories of what the executable model leaves out (records 7.8), told by people.

Identity chains and their forks, links and parents, stamps as rows and their revokes, unsigned
neighbours and `on_behalf`, notes, labels, decisions that name anything at all; beside them moves,
instructions, revokes with and without heads, admissions and suspensions. Every record is well
formed and signed; hardly any of them is well meant.
"""

import random
from collections.abc import Callable
from typing import Any

from stamps.identity import DeviceKey
from stamps.record import Entry
from tests.ledger.people import HOUR, POST, SECOND, STAMP, TIP, Board, Person, key_named

DECISIONS = (
    "claim.grant", "claim.grant", "claim.grant", "claim.end", "work.accept", "work.accept",
    "work.reject", "work.close", "wanted.update", "wanted.withdraw", "home.move",
    "decision.confirm", "x.later",
)  # fmt: skip
SEVERAL = ("ann", "bob", "cat", "dan", "eve")


class Crowd:
    """Five people with two devices each on one board, and one step of mischief at a time."""

    def __init__(self, seed: int, *, join: str = "open") -> None:
        self.chance = random.Random(seed)
        self.board = Board(policy={"join": join})
        parent: dict[str, Any] = {}
        self.people: list[Person] = []
        for name in SEVERAL:
            person = self.board.person(name, **parent)
            self.people.append(person)
            if self.chance.random() < 0.4:
                parent = {"parent": person.account}
        self.keys = {p.account: [p.key, p.device("two")] for p in self.people}
        for person in self.people[: 5 if join == "open" else 3]:
            self.board.admit(person)
        self.items: list[Entry] = []
        self.stamps: list[Entry] = []
        self._post()

    def played(self, steps: int = 60) -> list[Entry]:
        """Everything that was said after so many steps, in the order in which it was said."""
        for _ in range(steps):
            step = self.chance.choice(STEPS)
            step(self)
        return list(self.board.said)

    # --- who says it, where in the chain, and when

    def _one(self) -> Person:
        return self.chance.choice(self.people)

    def _how(self, person: Person, scope: str = "") -> dict[str, Any]:
        key: DeviceKey = self.chance.choice(self.keys[person.account])
        how: dict[str, Any] = {"key": key}
        if self.chance.random() < 0.06:
            how["after"] = self._branch(person, key, scope)
        if self.chance.random() < 0.15 and "after" not in how:
            how["at"] = self._earlier(person, key, scope)
        return how

    def _chain(self, person: Person, key: DeviceKey, scope: str) -> list[Entry]:
        where = scope or self.board.wasteland
        return [
            e
            for e in self.board.said
            if (e.record.scope, e.record.author, e.record.device)
            == (where, person.account, key.device)
        ]

    def _branch(self, person: Person, key: DeviceKey, scope: str) -> Any:
        there = self._chain(person, key, scope)
        return self.chance.choice([None, *there[:-1]]) if there else TIP

    def _earlier(self, person: Person, key: DeviceKey, scope: str) -> int:
        there = self._chain(person, key, scope)
        last = there[-1].record.at if there else 0
        return max(last + 1, self.board.now - self.chance.randrange(1, 90) * HOUR)

    # --- steps

    def _post(self) -> None:
        person, home = self._one(), self._one()
        policy: dict[str, Any] = {"assign": self.chance.choice(["first", "race"])}
        if self.chance.random() < 0.5:
            device = self.chance.choice(self.keys[home.account]).device
            policy["home"] = {"account": home.account, "device": device}
        body = POST | {"under": self.board.journal.policy_id(), "policy": policy}
        self.items.append(person.say("wanted.post", body=body, **self._how(person)))

    def _bid(self) -> None:
        item, person = self.chance.choice(self.items), self._one()
        story = self.board.journal.story(item.record.id)
        seen = story.pointer if story is not None else item.record.id
        body = {"seen": seen, "until": self.board.now + 100 * HOUR}
        person.say("claim.bid", about=item.record.id, body=body, **self._how(person))

    def _request(self) -> None:
        item, person = self.chance.choice(self.items), self._one()
        grants = self._about(item, "claim.grant", "decision.confirm")
        grant = self.chance.choice(grants).record.id if grants else "ab" * 32
        kind, body = self.chance.choice(
            [
                ("claim.renew", {"grant": grant}),
                ("claim.release", {"grant": grant}),
                ("work.submit", {"summary": "done", "evidence": [], "grant": grant}),
                ("work.submit", {"summary": "done", "evidence": []}),
                ("work.submit", {"summary": "his", "evidence": [], "on_behalf": "zed"}),
            ]
        )
        person.say(kind, about=item.record.id, body=body, **self._how(person))

    def _about(self, item: Entry, *kinds: str) -> list[Entry]:
        said = self.board.said
        return [e for e in said if e.record.about == item.record.id and e.record.kind in kinds]

    def _named(self, item: Entry, *kinds: str) -> str:
        """A fitting record, now and then any record at all, or one that nobody has."""
        fitting = self._about(item, *kinds)
        if not fitting or self.chance.random() < 0.08:
            anything = [e.record.id for e in self.board.said]
            return str(self.chance.choice([*anything, "cd" * 32]))
        return str(self.chance.choice(fitting).record.id)

    def _decide(self) -> None:
        item = self.chance.choice(self.items)
        story = self.board.journal.story(item.record.id)
        home = story.home if story is not None else None
        person = next((p for p in self.people if home and p.account == home.account), self._one())
        how = self._how(person)
        if home and "after" not in how and self.chance.random() < 0.85:
            fitting = [k for k in self.keys[person.account] if k.device == home.device]
            how = {"key": fitting[0]} if fitting else how
        self.board.now += self.chance.choice([0, 0, 30]) * HOUR
        kind = self.chance.choice(DECISIONS)
        pointer = story.pointer if story is not None else item.record.id
        body = {"decides": pointer, **self._body(kind, item, len(story.grants) if story else 0)}
        person.say(kind, about=item.record.id, body=body, **how)

    def _body(self, kind: str, item: Entry, grants: int) -> dict[str, Any]:
        if kind == "claim.grant":
            to = {"bid": self._named(item, "claim.bid")}
            if self.chance.random() < 0.25:
                to = {"for": self.chance.choice(["zed", "ann", "bob"])}
            return {"term": grants + 1, "lease_s": 86_400, **to}
        if kind == "claim.end":
            grant = self._named(item, "claim.grant", "decision.confirm")
            return {"grant": grant, "cause": "lapsed"}
        if kind == "home.move":
            to = self._one()
            key = self.chance.choice(self.keys[to.account])
            return {"to": {"account": to.account, "device": key.device}}
        if kind == "decision.confirm":
            return {"of": self._named(item, *DECISIONS[:-2])}
        return self._work(kind, item)

    def _work(self, kind: str, item: Entry) -> dict[str, Any]:
        if kind == "wanted.update":
            return {"set": {"title": f"title {self.chance.randrange(9)}"}}
        if kind in ("wanted.withdraw", "x.later") or self.chance.random() < 0.05:
            return {"reason": "so", "submission": self._named(item, "work.submit"), "stamp": STAMP}
        return {
            "submission": self._named(item, "work.submit"),
            "reason": "so",
            "stamp": STAMP | {"dims": {"quality": self.chance.randrange(1, 6)}},
        }

    def _give(self) -> None:
        person, subject = self._one(), self._one()
        body = {
            "subject": subject.account,
            "context": {"type": "endorsement"},
            "stamp": STAMP,
        }
        about = self.chance.choice(["", subject.account])
        how = self._how(person)
        self.stamps.append(person.say("stamp.give", about=about, body=body, **how))

    def _take_back(self) -> None:
        accepted = [e for i in self.items for e in self._about(i, "work.accept")]
        given = accepted if accepted and self.chance.random() < 0.5 else self.stamps
        if given:
            person, stamp = self._one(), self.chance.choice(given)
            if self.chance.random() < 0.8:
                person = next(p for p in self.people if p.account == stamp.record.account)
            body = {"reason": "in error"}
            person.say("stamp.revoke", about=stamp.record.id, body=body, **self._how(person))

    def _identity(self) -> None:
        person, other = self._one(), self._one()
        kind, body = self.chance.choice(
            [
                ("rig.update", {"name": f"{person.handle} {self.chance.randrange(99)}"}),
                ("rig.link", {"other": other.account, "relation": "same_owner"}),
                ("rig.link", {"other": other.account, "relation": "member"}),
                ("rig.link", {"other": other.account, "relation": "employer"}),
            ]
        )
        person.say(kind, scope="identity", body=body, **self._how(person, "identity"))

    def _say(self) -> None:
        item, person = self.chance.choice(self.items), self._one()
        about = self.chance.choice([item.record.id, person.account, "row:wanted/w-old"])
        kind, body = self.chance.choice(
            [
                ("note.add", {"tag": "note", "text": "well"}),
                ("label.set", {"label": "spam", "reason": "no"}),
                ("x.own", {"anything": [1, None, {"a": "b"}]}),
            ]
        )
        person.say(kind, about=about, body=body, **self._how(person))

    def _join(self) -> None:
        person = self._one()
        body = {"handle": person.handle}
        person.say("rig.join", about=self.board.wasteland, body=body, **self._how(person))

    def _admit(self) -> None:
        person = self._one()
        handle = self.chance.choice([*SEVERAL, "zed", "zoe"])
        suspend = {"suspend": True} if self.chance.random() < 0.3 else {}
        self.board.admit(person, handle=handle, **suspend)

    def _revoke(self) -> None:
        person = self._one()
        key, other = self.chance.sample(self.keys[person.account], 2)
        heads = []
        for scope in (self.board.wasteland, "identity"):
            there = self._chain(person, key, scope)
            if there and self.chance.random() < 0.8:
                heads.append(self.chance.choice(there[-4:]))
        successor = other.device if self.chance.random() < 0.5 else ""
        person.revoke(key, *heads, successor=successor)
        self.keys[person.account].append(key_named(f"{person.handle}/{self.board.now}"))
        fresh = self.keys[person.account][-1].device
        person.log("device.add", {"device": fresh, "may": ["*"]})

    def _retire(self) -> None:
        person = self._one()
        if self.chance.random() < 0.3:
            person.say("device.retire", body={}, **self._how(person))

    def _pass(self) -> None:
        self.board.now += self.chance.randrange(1, 40) * HOUR + SECOND


STEPS: tuple[Callable[[Crowd], None], ...] = (
    Crowd._post, Crowd._bid, Crowd._bid, Crowd._bid, Crowd._request, Crowd._request,
    Crowd._request, Crowd._decide, Crowd._decide, Crowd._decide, Crowd._decide, Crowd._decide,
    Crowd._give, Crowd._give, Crowd._take_back, Crowd._identity, Crowd._identity,
    Crowd._identity, Crowd._say, Crowd._join, Crowd._admit, Crowd._revoke, Crowd._retire,
    Crowd._pass,
)  # fmt: skip
