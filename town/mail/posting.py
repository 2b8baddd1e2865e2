"""Letters on their way into boxes: who is meant, and the rows, for whatever change they belong to.

Everything here is for use within a turn. A letter is written in the change that it tells of, so
that it is there exactly when that has happened.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ledger.beads.ids import new_id
from ledger.private.rows import Row
from ledger.private.store import Change, PrivateReader, PrivateStore
from ledger.workspace.addresses import (
    OVERSEER,
    AddressError,
    Directory,
    NoRecipientError,
    own_address,
    resolved,
)
from ledger.workspace.letters import NOTIFYING, Letter, checked_letter, letter_rows
from ledger.workspace.rows import Agent, Rig
from ledger.workspace.talk import MailGroup, Message
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.workspace.files import BadFileError

MESSAGE_PREFIX = "msg"
LETTERS = 8
Lists = Callable[[], Mapping[str, Sequence[str]]]


def no_lists() -> Mapping[str, Sequence[str]]:
    """No list is kept in a file."""
    return {}


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter that was sent: its message, and whom it reached."""

    id: str
    recipients: tuple[str, ...]


def people(store: PrivateReader) -> tuple[Sequence[Agent], Sequence[Rig], Sequence[MailGroup]]:
    """The rows that say who there is."""
    return store.find(Agent), store.find(Rig), store.find(MailGroup)


class Posting(Acting):
    """Writes letters for one caller. `lists` are those of the town's `config/messaging.json`."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, lists: Lists = no_lists) -> None:
        super().__init__(store, ports)
        self.lists = lists

    def directory(self) -> Directory:
        """Everybody who can be written to."""
        agents, rigs, groups = self.store.made((Agent, Rig, MailGroup), people)
        return Directory(
            agents=agents,
            rigs=[rig.name for rig in rigs],
            groups={group.name: group.members for group in groups},
            lists=self.lists(),
        )

    def me(self) -> str:
        """The caller's own address."""
        return own_address(self.ports.caller.actor, self.directory_at_any_rate())

    def level_of(self, address: str) -> str:
        """How much somebody wants to be told: verbose, normal, muted."""
        agent = self.store.get(Agent, address)
        level = agent.notify_level if agent is not None else self.setting(f"notify.{address}")
        return level or NOTIFYING

    def posted(
        self, letter: Letter, *, sender: str = "", itself: bool = False
    ) -> tuple[Posted, Change]:
        """The letter in the boxes of whom it is for. Raises AddressError, BadLetterError."""
        whose = sender or self.me()
        named = checked_letter(letter) if not itself else letter
        means = self._means((*named.to, *named.cc), sender=whose, itself=itself)
        if not means:
            raise NoRecipientError(", ".join(letter.to), (), "nobody but yourself is")
        if itself:
            checked_letter(Letter(to=means, subject=letter.subject, body=letter.body))
        return self._written(letter, whose, means)

    def _means(self, said: Sequence[str], *, sender: str, itself: bool) -> tuple[str, ...]:
        """Whom the addresses mean. Raises AddressError; BadFileError where it could be a list."""
        try:
            known = self.directory()
        except BadFileError as error:
            known = self.directory_at_any_rate()
            try:
                return resolved(said, known, sender=sender, itself=itself)
            except AddressError:
                raise error from None
        return resolved(said, known, sender=sender, itself=itself)

    def told(self, letter: Letter, *, sender: str) -> Change:
        """The same for a letter of the town itself: who is gone by now is left out.

        Where nobody is left the person behind the town gets it.
        """
        directory = self.directory_at_any_rate()
        means: dict[str, None] = {}
        for address in letter.to:
            means.update(dict.fromkeys(self._still(address, directory, sender)))
        return self._written(letter, sender, tuple(means) or (OVERSEER,))[1]

    def directory_at_any_rate(self) -> Directory:
        """The same, without lists where their file cannot be read: most things need none."""
        try:
            return self.directory()
        except BadFileError:
            return Posting(self.store, self.ports).directory()

    @staticmethod
    def _still(address: str, directory: Directory, sender: str) -> Iterable[str]:
        try:
            return resolved((address,), directory, sender=sender)
        except AddressError:
            return ()

    def _written(
        self, letter: Letter, sender: str, means: tuple[str, ...]
    ) -> tuple[Posted, Change]:
        rows = letter_rows(
            letter,
            message_id=self.free(Message),
            sender=sender,
            recipients=means,
            now=self.ports.now(),
        )
        id_ = str(rows[0].key[0])
        told = self.event(
            "mail.sent", id_, sender=sender, to=list(means)[:20], priority=letter.priority
        )
        new = self.missing(Message, id_)
        return Posted(id_, means), Change(puts=rows, events=(told,), seen=(new,))

    def free(self, kind: type[Row], prefix: str = MESSAGE_PREFIX) -> str:
        """An id that no such row has."""
        return new_id(
            prefix,
            self.ports.new_secret,
            lambda one: self.store.get(kind, one) is not None,
            letters=LETTERS,
        )
