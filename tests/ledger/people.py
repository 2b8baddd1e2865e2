"""People who sign records by hand, for stories that a random history would not tell."""

from typing import Any, Final

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.store import Store
from stamps.identity import DeviceKey
from stamps.record import ChainKey, Entry, Envelope, heads_key, sign

START = 1_700_000_000_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND
POST: dict[str, Any] = {
    "title": "Fix the token refresh race",
    "description": "It fails once in a hundred runs.",
    "project": "gate",
    "type": "bug",
    "priority": 1,
    "effort": "small",
    "tags": ["go", "auth"],
    "policy": {},
}


STAMP: dict[str, Any] = {
    "dims": {"quality": 5, "reliability": 4},
    "skills": ["go"],
    "message": "clean fix",
}
TIP: Final = object()  # behind whatever the chain ends in


def key_named(name: str) -> DeviceKey:
    """The key of this name, the same in every run."""
    return DeviceKey.from_seed(name.encode().ljust(32, b"."))


def asked_about(held: Any) -> list[str]:
    """The subjects that `held.about` is asked for from now on."""
    asked: list[str] = []
    about = held.about

    def counted(subject: str) -> Any:
        asked.append(subject)
        return about(subject)

    held.about = counted
    return asked


class Board:
    """One ledger, a clock that only goes forward, and a registrar who admits by name."""

    def __init__(self, store: Store | None = None, *, policy: dict[str, Any] | None = None) -> None:
        self.now = START
        self.said: list[Entry] = []
        self.codes: list[str] = []
        founder = self.person("hop")
        genesis = founder.say(
            "wasteland.create",
            scope="new:" + "0" * 32,
            body={
                "name": "hop",
                "title": "Board",
                "maintainers": [],
                "policy": policy or {},
                "schema": "1.2",
            },
        )
        self.genesis = genesis
        self.wasteland = genesis.record.id
        self.journal = Journal.open(store or MemoryStore(), wasteland=self.wasteland)
        self.registrar = founder
        for entry in self.said:
            self.offer(entry)

    def offer(self, entry: Entry) -> str:
        """The code of the one door."""
        later = self.now + HOUR
        envelope = Envelope(entry.record, entry.signature)
        [outcome] = self.journal.record([envelope], now=later)
        self.codes.append(outcome.code)
        return str(outcome.code)

    def person(self, handle: str, **genesis: Any) -> "Person":
        """Somebody new, with one device."""
        return Person(self, handle, **genesis)

    def admit(self, person: "Person", **body: Any) -> Entry:
        """The registrar gives a person the name it wishes."""
        whole = {
            "decides": self.journal.registrar_pointer(),
            "account": person.account,
            "handle": person.handle,
            **body,
        }
        return self.registrar.say("rig.admit", about=person.account, body=whole)

    def policy(self, **values: Any) -> Entry:
        """The registrar sets rules for posts that name them."""
        body = {"decides": self.journal.registrar_pointer(), "set": values}
        return self.registrar.say("wasteland.policy", about=self.wasteland, body=body)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, by key."""
        return list(self.journal.store.rows(table))

    def status(self, item: Entry) -> str:
        """The shown status of an item."""
        story = self.journal.story(item.record.id)
        assert story is not None
        return str(story.status)

    def voids(self, item: Entry) -> list[str]:
        """Why decisions about an item change nothing, in the order of time."""
        story = self.journal.story(item.record.id)
        assert story is not None
        return [void.reason for void in story.void]


class Person:
    """An account with one device; what it says is offered to the board at once."""

    def __init__(self, board: Board, handle: str, **genesis: Any) -> None:
        self.board = board
        self.handle = handle
        self.key = key_named(handle)
        self.paper = DeviceKey.from_seed(handle.encode().ljust(32, b"!"))
        self.heads: dict[ChainKey, Entry] = {}
        self.account = ""
        body = {
            "handle": handle,
            "type": "agent",
            "rotation": [self.paper.device],
            "device": self.key.device,
            **genesis,
        }
        self.log_tip = self.say("rig.register", scope="account", author="", body=body)
        self.account = self.log_tip.record.id

    def say(
        self,
        kind: str,
        *,
        body: dict[str, Any],
        about: str = "",
        scope: str | None = None,
        author: str | None = None,
        key: DeviceKey | None = None,
        at: int | None = None,
        after: Any = TIP,
        offer: bool = True,
    ) -> Entry:
        """The next record of this person's chain, or one behind another of it; offered."""
        self.board.now += SECOND
        where = scope if scope is not None else self.board.wasteland
        whose = author if author is not None else self.account
        signer = key or self.key
        chain = ChainKey(where, whose, signer.device)
        before: Entry | None = self.heads.get(chain) if after is TIP else after
        entry = sign(
            key=signer,
            scope=where,
            author=whose,
            seq=before.record.seq + 1 if before is not None else 0,
            prev=before.record.id if before is not None else "",
            at=at if at is not None else self.board.now,
            kind=kind,
            about=about,
            body=body,
        )
        if after is TIP:
            self.heads[chain] = entry
        self._said(entry, offer=offer)
        return entry

    def _said(self, entry: Entry, *, offer: bool) -> None:
        self.board.said.append(entry)
        if offer and hasattr(self.board, "journal"):
            self.board.offer(entry)

    # --- the account log

    def log(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        key: DeviceKey | None = None,
        after: Entry | None = None,
        offer: bool = True,
    ) -> Entry:
        """The next record of the account log, by the paper key unless said otherwise."""
        self.board.now += SECOND
        before = after or self.log_tip
        entry = sign(
            key=key or self.paper,
            scope="account",
            author=self.account,
            seq=before.record.seq + 1,
            prev=before.record.id,
            at=self.board.now,
            kind=kind,
            body=body,
        )
        if after is None:
            self.log_tip = entry
        self._said(entry, offer=offer)
        return entry

    def device(self, name: str, *may: str) -> DeviceKey:
        """One more device; of a person it may everything unless said otherwise."""
        key = key_named(f"{self.handle}/{name}")
        self.log("device.add", {"device": key.device, "may": list(may or ("*",))})
        return key

    def revoke(self, key: DeviceKey, *heads: Entry, successor: str = "", **how: Any) -> Entry:
        """The paper key ends a device; the heads are the last good record of each chain."""
        named = {
            heads_key(head.record.scope, key.device): [head.record.seq, head.record.id]
            for head in heads
        }
        body: dict[str, Any] = {"device": key.device, "heads": named}
        if successor:
            body["successor"] = successor
        return self.log("device.revoke", body, **how)

    # --- work

    def post(self, **policy: Any) -> Entry:
        """An item on the board."""
        body = POST | {"under": self.board.journal.policy_id(), "policy": policy}
        return self.say("wanted.post", body=body)

    def post_at(self, home: "Person", *, key: DeviceKey | None = None) -> Entry:
        """An item that another person's device decides about."""
        device = (key or home.key).device
        return self.post(home={"account": home.account, "device": device})

    def bid(self, item: Entry, **how: Any) -> Entry:
        """A wish to do it, on the terms as they stand."""
        body = {"seen": self._pointer(item)}
        return self.say("claim.bid", about=item.record.id, body=body, **how)

    def decide(self, kind: str, item: Entry, **body: Any) -> Entry:
        """The next decision about an item."""
        whole = {"decides": self._pointer(item), **body}
        return self.say(kind, about=item.record.id, body=whole)

    def grant(self, item: Entry, bid: Entry, *, term: int = 1) -> Entry:
        """A yes to a bid."""
        return self.decide("claim.grant", item, bid=bid.record.id, term=term, lease_s=86_400)

    def submit(self, item: Entry, *, how: dict[str, Any] | None = None, **body: Any) -> Entry:
        """Work handed in."""
        evidence = [{"kind": "url", "value": "https://example.org/pull/7"}]
        whole = {"summary": "done", "evidence": evidence, **body}
        return self.say("work.submit", about=item.record.id, body=whole, **(how or {}))

    def accept(self, item: Entry, work: Entry, **stamp: Any) -> Entry:
        """A yes to what was handed in."""
        said = STAMP | stamp
        return self.decide("work.accept", item, submission=work.record.id, stamp=said)

    def _pointer(self, item: Entry) -> str:
        story = self.board.journal.story(item.record.id)
        assert story is not None
        return story.pointer
