"""What is said in the town, and what is followed together: mail, nudges, convoys.

Pure, and values only. Mail and nudges are chatter of this machine; a convoy is part of the history.
Times are microseconds since 1970 UTC, 0 for never.
"""

from typing import ClassVar, Final

from ledger.private.rows import Row, Short, Table

OPEN_CONVOY: Final = "open"
STAGED: Final = "staged_ready"
CLOSED_CONVOY: Final = "closed"

PENDING: Final = "pending"
SHOWN: Final = "shown"
READ: Final = "read"
ARCHIVED: Final = "archived"
EXPIRED: Final = "expired"
REFUSED: Final = "refused"


class Convoy(Row, frozen=True, kw_only=True):
    """Beads that are followed together until all of them are done."""

    table: ClassVar[Table] = Table(name="convoys", key=("id",), indexes=(("status",),))

    id: Short
    title: str = ""
    status: Short = OPEN_CONVOY
    owner: Short = ""
    merge: Short = ""
    base_branch: Short = ""
    owned: bool = False
    automatic: bool = False  # made by a sling
    created_at: int = 0
    created_by: Short = ""
    closed_at: int = 0
    close_reason: str = ""


class ConvoyItem(Row, frozen=True, kw_only=True):
    """A bead that a convoy follows."""

    table: ClassVar[Table] = Table(
        name="convoy_items", key=("convoy", "bead"), indexes=(("bead",),)
    )

    convoy: Short
    bead: Short
    added_at: int = 0


class Subscription(Row, frozen=True, kw_only=True):
    """Somebody who is told when a convoy lands: by mail or by a nudge."""

    table: ClassVar[Table] = Table(name="convoy_subscriptions", key=("convoy", "address"))

    convoy: Short
    address: Short
    how: Short = "mail"


class Message(Row, frozen=True, kw_only=True):
    """One letter."""

    table: ClassVar[Table] = Table(
        name="local_message", key=("id",), versioned=False, indexes=(("thread",),)
    )

    id: Short
    sender: Short = ""
    to: tuple[str, ...] = ()  # addresses as they were written
    cc: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    priority: int = 2  # 0 urgent, 1 high, 2 normal, 3 low
    type: Short = "notification"
    thread: Short = ""
    reply_to: Short = ""
    sent_at: int = 0
    pinned: bool = False


class Delivery(Row, frozen=True, kw_only=True):
    """A letter in one recipient's box, and how far it came there."""

    table: ClassVar[Table] = Table(
        name="local_delivery",
        key=("recipient", "message"),
        versioned=False,
        indexes=(("message",), ("recipient", "state")),
    )

    recipient: Short
    message: Short
    state: Short = PENDING
    priority: int = 2
    sent_at: int = 0
    shown_at: int = 0
    read_at: int = 0
    shown_in: Short = ""  # the session that it was shown in


class Nudge(Row, frozen=True, kw_only=True):
    """A word to a live session, and what became of it."""

    table: ClassVar[Table] = Table(
        name="local_nudge", key=("id",), versioned=False, indexes=(("recipient", "state"),)
    )

    id: Short
    recipient: Short = ""
    sender: Short = ""
    text: str = ""
    mode: Short = ""
    state: Short = PENDING
    urgent: bool = False
    sent_at: int = 0
    expires_at: int = 0
    settled_at: int = 0
    outcome: str = ""


TALK_ROWS: Final[tuple[type[Row], ...]] = (
    Convoy,
    ConvoyItem,
    Subscription,
    Message,
    Delivery,
    Nudge,
)
