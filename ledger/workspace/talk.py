"""What is said in the town, and what is followed together: mail, nudges, convoys.

Pure, and values only. Mail and nudges are chatter of this machine; a convoy is part of the history.
Times are microseconds since 1970 UTC, 0 for never.
"""

from typing import ClassVar, Final

from ledger.private.rows import Row, Short, Table

OPEN_CONVOY: Final = "open"
STAGED: Final = "staged_ready"
STAGED_WARNINGS: Final = "staged_warnings"
STAGES: Final = (STAGED, STAGED_WARNINGS)
CLOSED_CONVOY: Final = "closed"

NOTIFY: Final = "notify"
WATCH: Final = "watch"
BY_MAIL: Final = "mail"
BY_NUDGE: Final = "nudge"

# A delivery: nobody saw it, a session was told of it, its text was read, it is put away.
PENDING: Final = "pending"
SHOWN: Final = "shown"
READ: Final = "read"
ARCHIVED: Final = "archived"
UNREAD: Final = (PENDING, SHOWN)

# A nudge besides: somebody is typing it, it arrived, it came too late, nobody could take it.
SENDING: Final = "sending"
DELIVERED: Final = "delivered"
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
    changed_at: int = 0  # when its members were last others, so that a landing rests on them
    stall_told_at: int = 0  # when its owner was last told that nothing in it moves


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
    how: Short = BY_MAIL
    part: Short = WATCH


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
    permanent: bool = False  # it is not pruned
    recipients: tuple[str, ...] = ()  # whom it was delivered to


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
    acked_at: int = 0  # when what was shown had left our hands


class Nudge(Row, frozen=True, kw_only=True):
    """A word to a live session, and what became of it."""

    table: ClassVar[Table] = Table(
        name="local_nudge",
        key=("id",),
        versioned=False,
        indexes=(("recipient", "state"), ("state",)),
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
    forced: bool = False  # it reaches also who is not to be disturbed
    shown_in: Short = ""  # the session that it reached
    acked_at: int = 0


class MailGroup(Row, frozen=True, kw_only=True):
    """A name for several recipients, which may be groups themselves."""

    table: ClassVar[Table] = Table(name="mail_groups", key=("name",))

    name: Short
    members: tuple[str, ...] = ()
    created_by: Short = ""
    created_at: int = 0


TALK_ROWS: Final[tuple[type[Row], ...]] = (
    Convoy,
    ConvoyItem,
    Subscription,
    Message,
    Delivery,
    Nudge,
    MailGroup,
)
