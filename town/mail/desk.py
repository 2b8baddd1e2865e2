"""The desk at which letters are sent, read, put away and found, each in its recipient's box.

One method a verb; each is one turn and one change. Only a recipient changes the state of a
delivery: whoever else looks leaves everything as it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_other
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change, Dropped
from ledger.workspace import letters
from ledger.workspace.addresses import one
from ledger.workspace.letters import Letter, reply_subject
from ledger.workspace.talk import ARCHIVED, UNREAD, Delivery, Message
from town.mail.errors import ManyLettersError, NoLetterError, NotYoursError
from town.mail.posting import Posted, Posting

FOUND_MAX: Final = 10
STALE_US: Final = 24 * 3_600_000_000
Move = Callable[[Delivery], Delivery]


@dataclass(frozen=True, slots=True)
class Boxed:
    """A letter, and how it lies in one box; None where it lies in none of the caller's."""

    message: Message
    box: Delivery | None

    @property
    def unread(self) -> bool:
        """Whether its recipient has not read it."""
        return self.box is not None and self.box.state in UNREAD


class Mail(Posting):
    """The town's mail, as one caller uses it."""

    # --- looking: nothing of this changes anything

    def inbox(
        self, *, whose: str = "", unread: bool = False, everything: bool = False
    ) -> list[Boxed]:
        """The letters in a box, the most urgent and newest first. Raises AddressError."""

        def work() -> list[Boxed]:
            who = self._box_of(whose)
            wanted = [b for b in self.store.find(Delivery, recipient=who) if everything or _kept(b)]
            found = [Boxed(m, b) for b in wanted if (m := self.store.get(Message, b.message))]
            found = [one for one in found if one.unread or not unread]
            return sorted(
                found, key=lambda o: (not o.unread, o.message.priority, -o.message.sent_at)
            )

        return self.look(work)

    def _box_of(self, whose: str) -> str:
        return one(whose, self.directory_at_any_rate()) if whose else self.me()

    def unread_count(self) -> int:
        """How many letters the caller has not read."""
        return self.look(lambda: len(self.store.find(Delivery, recipient=self.me(), state=UNREAD)))

    def peek(self, said: str) -> Boxed:
        """The letter, left as it is. Raises NoLetterError, ManyLettersError."""
        return self.look(lambda: self._found(said))

    def newest(self) -> Boxed | None:
        """The first letter that the caller has not read; None for none."""
        return next(iter(self.inbox(unread=True)), None)

    def thread(self, said: str) -> list[Boxed]:
        """Every letter of the conversation that this one belongs to, the oldest first."""

        def work() -> list[Boxed]:
            known = self.store.find(Message, thread=said)
            whole = known or self.store.find(Message, thread=self._found(said).message.thread)
            return [self._boxed(m) for m in sorted(whole, key=lambda m: (m.sent_at, m.id))]

        return self.look(work)

    def search(self, words: str, *, everything: bool = False) -> list[Boxed]:
        """The letters to or from the caller in which all the words stand, the newest first."""

        def work() -> list[Boxed]:
            me, wanted = self.me(), words.casefold().split()
            mine = [b.message for b in self.store.find(Delivery, recipient=me)]
            near = self.store.find(Message) if everything else [
                *self.store.find(Message, id=tuple(mine)), *self.store.find(Message, sender=me)
            ]  # fmt: skip
            found = {m.id: m for m in near if _has(m, wanted)}
            return [self._boxed(m) for m in sorted(found.values(), key=lambda m: -m.sent_at)]

        return self.look(work)

    def addresses(self) -> dict[str, list[str]]:
        """Everybody who can be written to, and the groups."""

        def work() -> dict[str, list[str]]:
            known = self.directory()
            return {
                "agents": list(known.everybody()),
                "rigs": [f"{rig}/" for rig in known.rigs],
                "groups": [f"group:{name}" for name in known.groups],
                "lists": [f"list:{name}" for name in known.lists],
            }

        return self.look(work)

    def _found(self, said: str) -> Boxed:
        exact = self.store.get(Message, said)
        if exact is not None:
            return self._boxed(exact)
        near = [start for start in (said, f"msg-{said}") if said]
        keys = [key for s in near for key in self.store.keys(Message, s, at_most=FOUND_MAX)]
        if len(keys) > 1:
            raise ManyLettersError(said, [str(key[0]) for key in keys])
        message = self.store.get(Message, *keys[0]) if keys else None
        if message is None:
            raise NoLetterError(said)
        return self._boxed(message)

    def _boxed(self, message: Message) -> Boxed:
        return Boxed(message, self.store.get(Delivery, self.me(), message.id))

    # --- sending

    def send(self, letter: Letter, *, itself: bool = False, sender: str = "") -> Posted:
        """The letter is in the box of each recipient. Raises AddressError, BadLetterError."""

        def work() -> tuple[Posted, Change]:
            whose = one(sender, self.directory_at_any_rate()) if sender else ""
            found = letter
            if letter.reply_to:
                other = self._found(letter.reply_to).message
                found = with_other(letter, thread=other.thread, reply_to=other.id)
            return self.posted(found, sender=whose, itself=itself)

        return self.act("gt mail send", work)

    def reply(self, said: str, *, body: str, subject: str = "", everybody: bool = False) -> Posted:
        """The answer is in its sender's box; with `everybody` in those of the others too."""

        def work() -> tuple[Posted, Change]:
            boxed, me = self._found(said), self.me()
            old = boxed.message
            others = [r for r in old.recipients if r != me] if everybody else []
            to = list(old.recipients) if old.sender == me else [old.sender, *others]
            letter = Letter(
                to=tuple(dict.fromkeys(to)),
                subject=subject or reply_subject(old.subject),
                body=body,
                priority=old.priority,
                type="reply",
                thread=old.thread,
                reply_to=old.id,
            )
            posted, change = self.posted(letter)
            if boxed.box is not None:
                change += self._moved(boxed.box, self._read)
            return posted, change

        return self.act("gt mail reply", work)

    # --- the caller's own box

    def _read(self, box: Delivery) -> Delivery:
        return letters.read_now(box, now=self.ports.now())

    def read(self, said: str) -> Boxed:
        """The letter; read, where it lies in the caller's box, and untouched where it does not."""

        def work() -> tuple[Boxed, Change]:
            found = self._found(said)
            if found.box is None:
                return found, Change()
            change = self._moved(found.box, self._read)
            return Boxed(found.message, self._read(found.box)), change

        return self.act("gt mail read", work)

    def _moved(self, box: Delivery, move: Move) -> Change:
        new = move(box)
        if new == box:
            return Change()
        told = self.event(f"mail.{new.state}", box.message, recipient=box.recipient)
        return Change(puts=(new,), events=(told,), seen=(self.seen(box),))

    def _each(self, what: str, said: Sequence[str], move: Move) -> list[str]:
        def work() -> tuple[list[str], Change]:
            boxes = [self._own(one) for one in said]
            whole = Change()
            for box in {box.message: box for box in boxes}.values():
                whole += self._moved(box, move)
            return [box.message for box in boxes], whole

        return self.act(what, work)

    def _own(self, said: str) -> Delivery:
        found = self._found(said)
        if found.box is None:
            raise NotYoursError(found.message.id, found.message.recipients)
        return found.box

    def mark_read(self, said: Sequence[str]) -> list[str]:
        """The letters are read. Raises NotYoursError, NoLetterError."""
        return self._each("gt mail mark-read", said, self._read)

    def mark_unread(self, said: Sequence[str]) -> list[str]:
        """The letters are as if nobody had read them. Raises NotYoursError, NoLetterError."""
        now = self.ports.now()
        return self._each(
            "gt mail mark-unread", said, lambda box: letters.unread_again(box, now=now)
        )

    def archive(self, said: Sequence[str]) -> list[str]:
        """The letters are put away. Raises NotYoursError, NoLetterError."""
        return self._each("gt mail archive", said, lambda box: replace(box, state=ARCHIVED))

    def old(self) -> list[str]:
        """The caller's letters that were sent more than a day ago."""
        before = self.ports.now() - STALE_US
        return [b.message.id for b in self.inbox() if b.message.sent_at < before]

    def delete(self, said: Sequence[str]) -> list[str]:
        """The letters are in the caller's box no more, and nowhere once in no box."""

        def work() -> tuple[list[str], Change]:
            boxes = {box.message: box for box in map(self._own, said)}
            return list(boxes), self._dropped(list(boxes.values()))

        return self.act("gt mail delete", work)

    def clear(self) -> list[str]:
        """The caller's box is empty but for what is pinned."""
        found = [b.message.id for b in self.inbox(everything=True) if not b.message.pinned]
        return self.delete(found) if found else []

    def _dropped(self, boxes: Sequence[Delivery]) -> Change:
        drops = [Dropped(kind=Delivery, key=box.key) for box in boxes]
        going: dict[str, set[str]] = {}
        for box in boxes:
            going.setdefault(box.message, set()).add(box.recipient)
        for id_, whose in going.items():
            left = {b.recipient for b in self.store.find(Delivery, message=id_)} - whose
            if not left:
                drops.append(Dropped(kind=Message, key=(id_,)))
        told = tuple(self.event("mail.deleted", b.message, recipient=b.recipient) for b in boxes)
        return Change(drops=tuple(drops), events=told, seen=tuple(self.seen(box) for box in boxes))


def _kept(box: Delivery) -> bool:
    return box.state != ARCHIVED


def _has(message: Message, words: Sequence[str]) -> bool:
    text = f"{message.subject}\n{message.body}\n{message.sender}".casefold()
    return all(word in text for word in words)
