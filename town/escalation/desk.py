"""The desk of escalations: one row a matter, one letter to the person who oversees the town."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from ledger.private.rows import SHORT_CHARS_MAX
from ledger.private.store import Change
from ledger.workspace.alarm import HIGH, PRIORITIES, Escalation
from ledger.workspace.letters import Letter
from town.agents.address import OVERSEER
from town.mail.posting import Posting

DIGEST_CHARS: Final = 24
TYPE: Final = "escalation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something for a person. Two with one `about` are the same matter."""

    about: str
    subject: str
    text: str = ""
    severity: str = HIGH
    source: str = ""
    bead: str = ""


def fingerprint(matter: Matter) -> str:
    """The key of its row."""
    return key_of(matter.about)


def key_of(about: str) -> str:
    """The key of a matter's row: short ones as they are, so that people find them."""
    if len(about) < SHORT_CHARS_MAX:
        return about
    return sha256(about.encode()).hexdigest()[:DIGEST_CHARS]


class Escalations(Posting):
    """Tells a person what must be told."""

    def open(self) -> list[Escalation]:
        """What nobody has settled yet, the newest first."""
        found = self.look(lambda: self.store.find(Escalation, closed_at=0))
        return sorted(found, key=lambda one: -one.last_at)

    def raised(self, matter: Matter) -> Change:
        """The step that tells of it; only within a turn. A letter goes out the first time alone."""
        now = self.ports.now()
        old = self.store.get(Escalation, fingerprint(matter))
        if old is not None and not old.closed_at:
            more = replace(old, count=old.count + 1, last_at=now, text=matter.text)
            return Change(puts=(more,), seen=(self.seen(old),))
        new = Escalation(
            fingerprint=fingerprint(matter),
            severity=matter.severity,
            subject=matter.subject,
            text=matter.text,
            source=matter.source or self.ports.caller.actor,
            bead=matter.bead,
            count=1,
            first_at=now,
            last_at=now,
        )
        letter = Letter(
            to=(OVERSEER,),
            subject=matter.subject[:200],
            body=matter.text,
            priority=PRIORITIES.get(matter.severity, 2),
            type=TYPE,
        )
        rests = self.missing(Escalation, new.fingerprint) if old is None else self.seen(old)
        told = self.event("escalation_sent", new.bead, about=new.fingerprint, severity=new.severity)
        mail = self.told(letter, sender=self.ports.caller.actor)
        return mail + Change(puts=(new,), events=(told,), seen=(rests,))

    def escalate(self, matter: Matter) -> Escalation:
        """The matter is known, and a person told if it is new."""

        def work() -> tuple[None, Change]:
            return None, self.raised(matter)

        self.act("gt escalate", work)
        found = self.look(lambda: self.store.get(Escalation, fingerprint(matter)))
        if found is None:
            raise RuntimeError("an escalation that was written is not there")
        return found

    def settle(self, about: str, *, reason: str) -> bool:
        """The matter is over; whether it was open."""

        def work() -> tuple[bool, Change]:
            change = self.settled(about, reason=reason)
            return bool(change), change

        return self.act("gt escalate close", work)

    def settled(self, about: str, *, reason: str) -> Change:
        """The step that ends a matter; none where it is not open. Only within a turn."""
        old = self.store.get(Escalation, about)
        if old is None or old.closed_at:
            return Change()
        now, me = self.ports.now(), self.ports.caller.actor
        over = replace(old, closed_at=now, closed_by=me, close_reason=reason)
        told = self.event("escalation_closed", old.bead, about=about, reason=reason)
        return Change(puts=(over,), events=(told,), seen=(self.seen(old),))
