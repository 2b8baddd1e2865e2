"""Changing one text of a bead that somebody has before them, so that nobody's words are lost."""

from collections.abc import Mapping
from hashlib import sha256
from typing import ClassVar

from ledger.beads.errors import BeadError
from ledger.beads.rows import Bead
from ledger.private.store import Change
from town.beads.changing import Changing, Edit


class MeanwhileError(BeadError):
    """Somebody else changed the text while it was edited; it was left as they wrote it."""

    code: ClassVar[str] = "bead.edited"
    hint: ClassVar[str] = "Look at what it says now, then edit it again."

    def __init__(self, bead: str, field: str) -> None:
        super().__init__(f"{field} of {bead} was changed by somebody else meanwhile")
        self.bead, self.field = bead, field


def mark_of(text: str) -> str:
    """What tells whether a text is still the same."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Editing(Changing):
    """Gives texts out and takes them back, for one caller."""

    def text_of(self, said: str, field: str) -> tuple[str, str]:
        """The bead's id, and what the field says."""

        def work() -> tuple[str, str]:
            bead = self.resolve(said)
            return bead.id, str(getattr(bead, field))

        return self.look(work)

    def put(self, said: str, field: str, text: str, *, mark: str) -> Bead:
        """The bead with another text, where the old one has this mark. Raises MeanwhileError."""

        def step(old: Bead, done: Mapping[str, Bead]) -> tuple[Bead, Change]:
            if mark_of(str(getattr(old, field))) != mark:
                raise MeanwhileError(old.id, field)
            return self._edited(old, Edit(fields={field: text}), done)

        return self.each("bd edit", (said,), step)[0]
