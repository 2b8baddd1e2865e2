"""Mail to the town's services, which are code: it is heard, and what needs judgement is handed on.

A letter that asks for help, or is urgent, goes to the person as well, in the same change: nobody
waits for an answer from a program that has none.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from ledger.private.rows import Event, Row
from ledger.private.store import Change, Seen
from ledger.workspace import letters
from ledger.workspace.addresses import BOOT_ADDRESS, OVERSEER
from ledger.workspace.rows import DEACON, REFINERY, WITNESS, Agent
from ledger.workspace.talk import PENDING, Delivery, Message
from town.mail.posting import Posting

AT_ONCE_MAX: Final = 200
HELP: Final = "help"


class ServiceMail(Posting):
    """Hears the letters to deacon, boot, witnesses and refineries."""

    def cycle(self, now: int) -> int:
        """How many letters were heard."""

        def work() -> tuple[int, Change]:
            boxes = self.store.find(Delivery, recipient=self._services(), state=PENDING)
            heard = boxes[:AT_ONCE_MAX]
            return len(heard), self._heard(heard, now) if heard else Change()

        return self.act("mail heard", work)

    def _services(self) -> tuple[str, ...]:
        found = self.store.find(Agent, role=(WITNESS, REFINERY))
        return (DEACON, BOOT_ADDRESS, *(agent.id for agent in found))

    def _heard(self, boxes: Sequence[Delivery], now: int) -> Change:
        rows: list[Row] = [letters.read_now(box, now=now) for box in boxes]
        events: list[Event] = []
        seen: list[Seen] = [self.seen(box) for box in boxes]
        for message in {
            box.message: self.store.get(Message, box.message) for box in boxes
        }.values():
            if message is None:
                continue
            whose = [box.recipient for box in boxes if box.message == message.id]
            handed = needs_judgement(message) and OVERSEER not in message.recipients
            events.append(
                self.event("mail.heard", message.id, by=whose, sender=message.sender, handed=handed)
            )
            if handed:
                rows += self._handed_on(message, now)
                seen.append(self.seen(message))
        return Change(puts=tuple(rows), events=tuple(events), seen=tuple(seen))

    @staticmethod
    def _handed_on(message: Message, now: int) -> tuple[Row, Row]:
        """The letter in the person's box too."""
        box = Delivery(
            recipient=OVERSEER, message=message.id, priority=message.priority, sent_at=now
        )
        return replace(message, recipients=(*message.recipients, OVERSEER)), box


def needs_judgement(message: Message) -> bool:
    """Whether a program's hearing of it is not enough."""
    asks = message.subject.strip().lower().startswith(HELP)
    return asks or message.type == "escalation" or message.priority <= letters.HIGH
