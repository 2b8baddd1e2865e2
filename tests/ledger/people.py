"""People who sign records by hand, for stories that a random history would not tell."""

from typing import Any

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.store import Store
from stamps.identity import DeviceKey
from stamps.record import ChainKey, Entry, Envelope, sign

START = 1_700_000_000_000_000
SECOND = 1_000_000
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


class Board:
    """One ledger, a clock that only goes forward, and a registrar who admits by name."""

    def __init__(self, store: Store | None = None) -> None:
        self.now = START
        founder = self.person("hop")
        genesis = founder.say(
            "wasteland.create",
            scope="new:" + "0" * 32,
            body={
                "name": "hop",
                "title": "Board",
                "maintainers": [],
                "policy": {},
                "schema": "1.2",
            },
        )
        self.wasteland = genesis.record.id
        self.journal = Journal.open(store or MemoryStore(), wasteland=self.wasteland)
        self.registrar = founder
        self.codes: list[str] = []
        for entry in (*founder.said_before,):
            self.offer(entry)

    def offer(self, entry: Entry) -> str:
        """The code of the one door."""
        later = self.now + 3600 * SECOND
        envelope = Envelope(entry.record, entry.signature)
        [outcome] = self.journal.record([envelope], now=later)
        self.codes.append(outcome.code)
        return str(outcome.code)

    def person(self, handle: str) -> "Person":
        """Somebody new, with one device."""
        return Person(self, handle)

    def admit(self, person: "Person") -> None:
        """The registrar gives a person the name it wishes."""
        body = {
            "decides": self.journal.registrar_pointer(),
            "account": person.account,
            "handle": person.handle,
        }
        self.registrar.say("rig.admit", about=person.account, body=body)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, by key."""
        return list(self.journal.store.rows(table))

    def status(self, item: Entry) -> str:
        """The shown status of an item."""
        story = self.journal.story(item.record.id)
        assert story is not None
        return str(story.status)


class Person:
    """An account with one device; what it says is offered to the board at once."""

    def __init__(self, board: Board, handle: str, **genesis: Any) -> None:
        self.board = board
        self.handle = handle
        self.key = DeviceKey.from_seed(handle.encode().ljust(32, b"."))
        self.paper = DeviceKey.from_seed(handle.encode().ljust(32, b"!"))
        self.heads: dict[ChainKey, tuple[int, str]] = {}
        self.said_before: list[Entry] = []
        self.account = ""
        body = {
            "handle": handle,
            "type": "agent",
            "rotation": [self.paper.device],
            "device": self.key.device,
            **genesis,
        }
        self.account = self.say("rig.register", scope="account", author="", body=body).record.id

    def say(
        self,
        kind: str,
        *,
        body: dict[str, Any],
        about: str = "",
        scope: str | None = None,
        author: str | None = None,
    ) -> Entry:
        """The next record of this person, signed and offered."""
        self.board.now += SECOND
        where = scope if scope is not None else self.board.wasteland
        whose = author if author is not None else self.account
        chain = ChainKey(where, whose, self.key.device)
        seq, prev = self.heads.get(chain, (-1, ""))
        entry = sign(
            key=self.key,
            scope=where,
            author=whose,
            seq=seq + 1,
            prev=prev,
            at=self.board.now,
            kind=kind,
            about=about,
            body=body,
        )
        self.heads[chain] = (seq + 1, entry.record.id)
        if hasattr(self.board, "journal"):
            self.board.offer(entry)
        else:
            self.said_before.append(entry)
        return entry

    def post(self, **policy: Any) -> Entry:
        """An item on the board."""
        body = POST | {"under": self.board.journal.policy_id(), "policy": policy}
        return self.say("wanted.post", body=body)

    def bid(self, item: Entry) -> Entry:
        """A wish to do it, on the terms as they stand."""
        pointer = self._pointer(item)
        return self.say("claim.bid", about=item.record.id, body={"seen": pointer})

    def decide(self, kind: str, item: Entry, **body: Any) -> Entry:
        """The next decision about an item."""
        whole = {"decides": self._pointer(item), **body}
        return self.say(kind, about=item.record.id, body=whole)

    def grant(self, item: Entry, bid: Entry, *, term: int = 1) -> Entry:
        """A yes to a bid."""
        return self.decide("claim.grant", item, bid=bid.record.id, term=term, lease_s=86_400)

    def submit(self, item: Entry, **body: Any) -> Entry:
        """Work handed in."""
        evidence = [{"kind": "url", "value": "https://example.org/pull/7"}]
        whole = {"summary": "done", "evidence": evidence, **body}
        return self.say("work.submit", about=item.record.id, body=whole)

    def _pointer(self, item: Entry) -> str:
        story = self.board.journal.story(item.record.id)
        assert story is not None
        return story.pointer
