"""What a turn of an agent is told: its new mail and what was said to it, each once.

What is told is taken in one change before it is printed, so that two who ask at once never tell
the same; what was taken by a process that died before it printed is told in a later session.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from ledger.private.rows import Row
from ledger.private.store import Change, Dropped
from ledger.workspace import letters
from ledger.workspace.talk import (
    DELIVERED,
    EXPIRED,
    PENDING,
    REFUSED,
    UNREAD,
    Delivery,
    Message,
    Nudge,
)
from ledger.workspace.work import Session
from town.mail.posting import Posting

PRUNED_MAX = 500
NUDGE_KEPT_US = 3 * 24 * 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a turn is told, as text, and what that is made of."""

    text: str
    messages: tuple[str, ...] = ()
    nudges: tuple[str, ...] = ()
    session: str = ""


class Telling(Posting):
    """Tells turns of one caller."""

    def inject(self, session: str = "") -> Told:
        """What this turn is told; nobody is told it again. `session` is the runtime's own name."""

        def work() -> tuple[Told, Change]:
            me, now = self.me(), self.ports.now()
            where = session or self._session(me)
            level = self.level_of(me)
            boxes = self.store.find(Delivery, recipient=me, state=UNREAD)
            due = [box for box in boxes if letters.due(box, session=where, level=level)]
            chosen = letters.first_boxes(due)
            said = self._said(me, where, level, now)
            messages = [m for b in chosen if (m := self.store.get(Message, b.message))]
            text = letters.block(messages, said, more=len(due) - len(chosen))
            told = Told(
                text=text,
                messages=tuple(box.message for box in chosen),
                nudges=tuple(nudge.id for nudge in said),
                session=where,
            )
            return told, self._taken(chosen, said, where, now) + self._late(me, now)

        return self.act("gt mail check", work)

    def _session(self, me: str) -> str:
        """The session that the caller is in, as the town knows it."""
        live = self.live_session(me)
        return live.id if live is not None else ""

    def live_session(self, me: str) -> Session | None:
        """The session of this agent that is not over, the newest; None for none."""
        live = [one for one in self.store.find(Session, agent=me) if not one.ended_at]
        return max(live, key=lambda one: one.started_at, default=None)

    def session_began(self, me: str) -> int:
        """When the live session of this agent began; 0 for none."""
        live = self.live_session(me)
        return live.started_at if live is not None else 0

    def _said(self, me: str, where: str, level: str, now: int) -> list[Nudge]:
        waiting = self.store.find(Nudge, recipient=me, state=(PENDING, DELIVERED))
        return letters.first_nudges(
            one for one in waiting if letters.due_nudge(one, session=where, level=level, now=now)
        )

    def _taken(
        self, boxes: Sequence[Delivery], nudges: Sequence[Nudge], where: str, now: int
    ) -> Change:
        if not boxes and not nudges:
            return Change()
        rows: list[Row] = [letters.shown_box(box, session=where, now=now) for box in boxes]
        rows += [letters.told_nudge(one, session=where, now=now) for one in nudges]
        told = self.event(
            "mail.told", self.me(), session=where, mail=len(boxes), nudges=len(nudges)
        )
        seen = (*(self.seen(one) for one in boxes), *(self.seen(one) for one in nudges))
        return Change(puts=tuple(rows), events=(told,), seen=seen)

    def _late(self, me: str, now: int) -> Change:
        """The step in which nudges to the caller that came too late are said to have."""
        waiting = self.store.find(Nudge, recipient=me, state=PENDING)
        return self.lapse([one for one in waiting if 0 < one.expires_at <= now], now)

    def lapse(self, late: Sequence[Nudge], now: int) -> Change:
        """The step in which these nudges came too late."""
        return Change(
            puts=tuple(letters.lapsed(one, now=now) for one in late),
            events=tuple(
                self.event("nudge.expired", one.recipient, nudge=one.id, sender=one.sender)
                for one in late
            ),
            seen=tuple(self.seen(one) for one in late),
        )

    def acked(self, told: Told) -> None:
        """What the turn was told has left our hands."""

        def work() -> tuple[None, Change]:
            me, now = self.me(), self.ports.now()
            keys = [self.store.get(Delivery, me, one) for one in told.messages]
            boxes = [b for b in keys if b is not None and b.shown_in == told.session]
            said = [n for one in told.nudges if (n := self.store.get(Nudge, one)) is not None]
            rows: list[Row] = [*boxes, *(n for n in said if n.shown_in == told.session)]
            new = [replace(row, acked_at=now) for row in rows if not row.acked_at]  # type: ignore[attr-defined]
            return None, Change(puts=tuple(new), seen=tuple(map(self.seen, rows)))

        if told.messages or told.nudges:
            self.act("gt mail check", work)

    def prune(self, now: int) -> int:
        """How many old letters and nudges were pruned: those of a month, of three days."""

        def work() -> tuple[int, Change]:
            before = now - letters.MESSAGE_TTL_US
            old = [
                m for m in self.store.find(Message)
                if m.sent_at < before and not m.pinned and not m.permanent
            ][:PRUNED_MAX]  # fmt: skip
            ids = tuple(m.id for m in old)
            rows: list[Row] = [*old, *(self.store.find(Delivery, message=ids) if ids else ())]
            over = self.store.find(Nudge, state=(DELIVERED, EXPIRED, REFUSED))
            rows += [n for n in over if n.settled_at < now - NUDGE_KEPT_US][:PRUNED_MAX]
            return len(rows), Change(drops=tuple(Dropped(kind=type(r), key=r.key) for r in rows))

        return self.act("prune mail", work)
