"""An item as the fold sees it: its rules, what was decided, who asked, what was handed in.

Values only. Shown words (asked, yours, taken) are made from these by the edges; times are
microseconds since 1970 UTC and no value here depends on a clock.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from stamps.record import Record


class Status(StrEnum):
    """The shown status of an item (records 5.4)."""

    OPEN = "open"
    CLAIMED = "claimed"
    IN_REVIEW = "in_review"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


class Stop(StrEnum):
    """Why the replay of an item's decisions cannot go on yet."""

    NONE = ""
    RECORD = "waits_for_record"  # a named record, or the log path of its device
    HEAD = "waits_for_head"  # the old home's chain up to the head its revoke names
    POLICY = "waits_for_policy"  # the policy record the post is under
    NEWER = "newer_version"  # a decision of a kind this version does not know


class Home(NamedTuple):
    """The one device that decides about an item."""

    account: str
    device: str


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What binds an item for good: its post and the policy record it is under (records 5.2)."""

    assign: str = "first"
    most: int = 1  # open grants at once
    lease_s: int = 86_400
    unsigned: str = "ask"
    maintainers: frozenset[str] = frozenset()
    may_instruct: frozenset[str] = frozenset()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One effective decision. A confirmed instruction shows the instruction's kind and body."""

    id: str
    kind: str
    body: Mapping[str, Any]
    at: int
    author: str  # who said it: of an instruction its author, not the home
    instruction: str | None = None


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A bid: somebody wants the item."""

    id: str
    account: str
    device: str
    by: str
    at: int
    until: int
    seen: str
    grant: str | None = None
    released: bool = False
    stale: bool = False  # the terms changed after its `seen`


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Who may work on the item, under which term. `until` is when it may be ended as lapsed."""

    id: str
    term: int
    holder: str | None  # account; None for an unsigned neighbour
    neighbour: str | None
    bid: str | None
    at: int
    lease_s: int
    until: int
    last_sign: int
    renew: str | None = None  # the latest renewal held
    ended: str | None = None  # lapsed, released, taken_back, completed, withdrawn
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether it still holds."""
        return self.ended is None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One hand-in of work."""

    id: str
    n: int
    worker: str
    device: str
    on_behalf: str | None
    grant: str | None
    at: int
    summary: str
    evidence: tuple[Mapping[str, Any], ...]
    decision: str = ""  # "", rejected, accepted, closed
    decided_at: int = 0
    reason: str = ""
    late: bool = False  # its grant was ended before
    speculative: bool = False  # it never had a grant

    @property
    def doer(self) -> str:
        """The account whose work it is; empty for that of a neighbour without one (5.2)."""
        return self.worker if self.on_behalf is None else ""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A stamp that an accept gave, before reputation weighs it."""

    id: str  # the record that gave it: the accept, or the confirm of an instructed one
    author: str
    subject: str
    stamp: Mapping[str, Any]
    at: int
    void: str = ""  # a reason code, e.g. yearbook
    weightless: str = ""  # it has its row, and no weight: uncounted, yearbook (records 3.4, 6)
    revoked: str = ""  # the reason of an effective stamp.revoke


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Words on an item; they never change a row."""

    id: str
    account: str
    at: int
    tag: str
    text: str
    re: str = ""


class Void(msgspec.Struct, frozen=True, kw_only=True):
    """A record that changes nothing here, and why (records 5.5)."""

    id: str
    kind: str
    account: str
    reason: str


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the records say of one item.

    `fields` are the post's body after effective updates. `pointer` is what the home's next
    decision must name as `decides`. `waits`, `named` and `pins` are for the set (records 2.4).
    """

    post: Record
    fields: Mapping[str, Any]
    rules: Rules
    home: Home
    status: Status
    pointer: str
    stop: Stop = Stop.NONE
    decisions: tuple[Decision, ...] = ()
    asks: tuple[Ask, ...] = ()
    grants: tuple[Grant, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    stamps: tuple[Given, ...] = ()
    notes: tuple[Note, ...] = ()
    instructions: tuple[Record, ...] = ()  # of people who may, not confirmed yet
    void: tuple[Void, ...] = ()
    waits: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()
    pins: tuple[str, ...] = ()

    @property
    def open_grants(self) -> tuple[Grant, ...]:
        """Grants that hold, lowest term first."""
        return tuple(grant for grant in self.grants if grant.open)

    @property
    def accepted(self) -> Attempt | None:
        """The hand-in that completed the item."""
        return next((a for a in self.attempts if a.decision in ("accepted", "closed")), None)
