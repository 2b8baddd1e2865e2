"""Landing convoys: told of closed beads by events, decided by rows, done in one change each.

Whoever is told is told in the change that closes the convoy, so that nobody is told twice and
nobody is left out, whenever a process is killed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.private.rows import Cursor, Event
from ledger.private.store import Change, PrivateStore, missed
from ledger.workspace import convoys
from ledger.workspace.addresses import OVERSEER
from ledger.workspace.convoys import EMPTY
from ledger.workspace.letters import NORMAL, NUDGE_TTL_US, SUBJECT_CHARS_MAX, Letter
from ledger.workspace.rows import MAYOR
from ledger.workspace.talk import (
    BY_MAIL,
    BY_NUDGE,
    CLOSED_CONVOY,
    OPEN_CONVOY,
    Convoy,
    ConvoyItem,
    Nudge,
    Subscription,
)
from town.beads.ports import BeadPorts
from town.convoys.following import CURSOR
from town.convoys.members import ConvoyPorts, Members
from town.leases.right import Right, Rights
from town.mail.posting import Lists, Posting, no_lists
from town.workspace.events_file import last_seq

EVENTS_AT_ONCE: Final = 500
LISTED_MAX: Final = 50
SENDER: Final = "deacon"
NUDGE_PREFIX: Final = "nudge"
SECOND_US: Final = 1_000_000
SWEEP: Final = Right(name="convoys", lasts_us=60 * SECOND_US)
# Events after which a convoy could land.
TELLING: Final = ("bead.", "convoy.", "mr.merged")


@dataclass(frozen=True, slots=True)
class Landed:
    """A convoy that landed, or would, and why."""

    convoy: Convoy
    why: str


class Landing(Members):
    """Lands convoys."""

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        lists: Lists = no_lists,
        town: ConvoyPorts | None = None,
    ) -> None:
        super().__init__(store, ports, town)
        self.post = Posting(store, ports, lists)
        self.rights = Rights(store, ports)

    def follow(self) -> list[Landed]:
        """The convoys that landed by what happened since it was last asked."""
        names, done = self.look(self._news)
        found = [landed for name in names if (landed := self.try_landing(name)) is not None]
        if done:
            self.act("convoys followed", lambda: (None, self._to(done)))
        return found

    def _news(self) -> tuple[list[str], int]:
        """The convoys that could have moved, and up to which event; nothing where none is open."""
        opened = self._opened()
        if not opened:
            return [], 0
        at = self.store.get(Cursor, CURSOR)
        after = at.seq if at is not None else 0
        events = self.store.events(after, at_most=EVENTS_AT_ONCE)
        if len(events) == EVENTS_AT_ONCE or missed(events, after=after):
            # far behind: each is looked at instead
            return [convoy.id for convoy in opened], last_seq(self.store)
        return self._about(events), events[-1].seq if events else 0

    def _to(self, seq: int) -> Change:
        """The step by which everything up to this event was dealt with; it never goes back."""
        old = self.store.get(Cursor, CURSOR)
        if old is not None and old.seq >= seq:
            return Change()
        rests = self.seen(old) if old is not None else self.missing(Cursor, CURSOR)
        return Change(puts=(Cursor(name=CURSOR, seq=seq),), seen=(rests,))

    def _about(self, events: Iterable[Event]) -> list[str]:
        """The convoys that these events could have moved."""
        subjects = {e.subject: None for e in events if e.kind.startswith(TELLING)}
        named = {one: None for one in subjects if self.store.get(Convoy, one) is not None}
        items = self.store.find(ConvoyItem, bead=tuple(subjects)) if subjects else ()
        return list({**named, **{item.convoy: None for item in items}})

    def try_landing(self, name: str, *, dry: bool = False) -> Landed | None:
        """The convoy has landed, if all it follows is closed; None where it has not."""

        def work() -> tuple[Landed | None, Change]:
            convoy = self.store.get(Convoy, name)
            if convoy is None:
                return None, Change()
            beads = self.beads(name)
            why = convoys.landing(convoy, [bead for _, bead in beads], now=self.ports.now())
            if not why or dry:
                return (Landed(convoy, why) if why else None), Change()
            # It rests on its members as they are: one that is opened again keeps it from landing.
            rests = [self.seen(bead) for _, bead in beads if bead is not None]
            over, change = self.closed(convoy, why, tell=why != EMPTY)
            return Landed(over, why), change + Change(seen=tuple(rests))

        return self.act("convoy landed", work)

    def closed(
        self, convoy: Convoy, why: str, *, tell: bool = True, also: Sequence[str] = ()
    ) -> tuple[Convoy, Change]:
        """The step that closes the convoy and tells everybody who is to be told."""
        now = self.ports.now()
        over = replace(convoy, status=CLOSED_CONVOY, closed_at=now, close_reason=why)
        beads = [bead for _, bead in self.beads(convoy.id)]
        closed, whole = convoys.progress(beads)
        event = self.event("convoy.landed", convoy.id, reason=why, closed=closed, members=whole)
        change = Change(puts=(over,), events=(event,), seen=(self.seen(convoy),))
        return over, change + (self._telling(over, beads, also) if tell else Change())

    def _telling(self, convoy: Convoy, beads: Sequence[Bead | None], also: Sequence[str]) -> Change:
        who = self.store.find(Subscription, convoy=convoy.id)
        mailed = [convoy.owner or OVERSEER, *(s.address for s in who if s.how == BY_MAIL), *also]
        mailed += [MAYOR] if self.town.tells_mayor() else []
        letter = landed_letter(convoy, beads, mailed)
        change = self.post.told(letter, sender=SENDER)
        for one in who:
            if one.how == BY_NUDGE:
                change += self._nudging(one.address, letter.subject)
        return change

    def _nudging(self, address: str, text: str) -> Change:
        now = self.ports.now()
        said = Nudge(
            id=self.post.free(Nudge, NUDGE_PREFIX), recipient=address, sender=SENDER, text=text,
            mode="queue", sent_at=now, expires_at=now + NUDGE_TTL_US,
        )  # fmt: skip
        told = self.event("nudge.queued", address, nudge=said.id, sender=SENDER, mode="queue")
        return Change(puts=(said,), events=(told,), seen=(self.missing(Nudge, said.id),))

    # --- nothing moves

    def cycle(self, now: int) -> list[Landed]:
        """What landed by what happened, and once a minute everything considered.

        Whoever owns a convoy that stands still is told then, once.
        """
        found = self.follow()
        if not self.look(self._opened) or not self.rights.turn(SWEEP, now=now, what="convoys"):
            return found
        for convoy in self.look(self._opened):
            landed = self.try_landing(convoy.id)
            found += [landed] if landed is not None else []
            if landed is None:
                self._tell_stall(convoy.id, now)
        return found

    def _opened(self) -> list[Convoy]:
        return list(self.store.find(Convoy, status=OPEN_CONVOY))

    def _tell_stall(self, name: str, now: int) -> None:
        def work() -> tuple[None, Change]:
            convoy = self.store.get(Convoy, name)
            if convoy is None or convoy.status != OPEN_CONVOY:
                return None, Change()
            view = self.views([convoy])[0]
            standings = [one.standing for one in view.members if one.standing is not None]
            changed = convoys.last_change(convoy, standings)
            quiet = convoys.stalled(one.reason for one in view.members)
            if not quiet or now - changed < convoys.STALL_US or convoy.stall_told_at >= changed:
                return None, Change()
            left = [
                f"{one.id}: {one.reason.words}" for one in view.members if _left(one.reason.code)
            ]
            told = self.event("convoy.stalled", convoy.id, left=len(left))
            new = replace(convoy, stall_told_at=now)
            letter = stalled_letter(convoy, left)
            change = Change(puts=(new,), events=(told,), seen=(self.seen(convoy),))
            return None, change + self.post.told(letter, sender=SENDER)

        self.act("convoy stalled", work)


def _left(code: str) -> bool:
    return code not in ("done", "gone")


def landed_letter(convoy: Convoy, beads: Sequence[Bead | None], to: Sequence[str]) -> Letter:
    """The letter that tells of a landing: what was done, and how long it took."""
    took = max(convoy.closed_at - convoy.created_at, 0) // SECOND_US
    lines = [f"{one.id}  {one.title}" for one in beads if one is not None][:LISTED_MAX]
    closed, whole = convoys.progress(beads)
    body = "\n".join(
        (
            f"{convoy.id}: {convoy.close_reason}",
            f"{closed}/{whole} closed in {duration(took)}",
            *lines,
        )
    )
    return Letter(
        to=tuple(dict.fromkeys(to)),
        subject=f"Convoy landed: {convoy.title}"[:SUBJECT_CHARS_MAX],
        body=body,
        priority=NORMAL,
    )


def stalled_letter(convoy: Convoy, left: Sequence[str]) -> Letter:
    """The letter that tells that nothing of a convoy moves, and why."""
    return Letter(
        to=(convoy.owner or OVERSEER,),
        subject=f"Convoy stands still: {convoy.title}"[:SUBJECT_CHARS_MAX],
        body="\n".join((f"{convoy.id}: nothing of it moves", *left[:LISTED_MAX])),
        priority=NORMAL,
    )


def duration(seconds: int) -> str:
    """A length of time as people say it."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    named = ((days, "d"), (hours, "h"), (minutes, "m"), (rest, "s"))
    said = [f"{number}{unit}" for number, unit in named if number]
    return " ".join(said[:2]) or "0s"
