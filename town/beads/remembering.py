"""What agents and people want to know in the next session, too: kept, found, forgotten."""

from typing import ClassVar

from ledger.beads import memories
from ledger.beads.errors import BeadError
from ledger.private.rows import Setting
from ledger.private.store import Change, Dropped
from town.beads.acting import Acting


class NoMemoryError(BeadError):
    """Nothing is kept under this key."""

    code: ClassVar[str] = "memory.none"
    hint: ClassVar[str] = "`bd memories` lists what is remembered, `bd kv list` what is kept."
    exit: ClassVar[int] = 3

    def __init__(self, key: str) -> None:
        super().__init__(f"nothing is kept under {key!r}")
        self.key = key


class Remembering(Acting):
    """The memories of one database, as one caller works on them."""

    under: ClassVar[str] = memories.MEMORY
    word: ClassVar[str] = "memory"

    def keep(self, text: str, *, key: str = "") -> tuple[str, bool]:
        """The text is kept; its key, and whether another text was there. Raises BadFieldError."""
        kept = memories.checked_text(text, name=self.word)
        chosen = memories.checked_key(key) if key else memories.key_of(kept)

        def work() -> tuple[tuple[str, bool], Change]:
            old = self.store.get(Setting, self.under + chosen)
            new = Setting(name=self.under + chosen, value=kept)
            if old == new:
                return (chosen, True), Change()
            seen = self.seen(old) if old is not None else self.missing(Setting, new.name)
            told = self.event(f"{self.word}.kept", chosen)
            return (chosen, old is not None), Change(puts=(new,), events=(told,), seen=(seen,))

        return self.act("bd remember", work)

    def recall(self, key: str) -> str:
        """What is kept under the key. Raises NoMemoryError."""
        row = self.look(lambda: self.store.get(Setting, self.under + key.strip()))
        if row is None:
            raise NoMemoryError(key)
        return row.value

    def found(self, words: str = "") -> dict[str, str]:
        """What is kept by its keys, where the words stand in either."""
        rows = self.look(lambda: self.store.find(Setting))
        kept = {
            row.name.removeprefix(self.under): row.value
            for row in rows
            if row.name.startswith(self.under)
        }
        return memories.having(kept, words)

    def forget(self, key: str) -> str:
        """What was kept under the key, and is no more. Raises NoMemoryError."""

        def work() -> tuple[str, Change]:
            old = self.store.get(Setting, self.under + key.strip())
            if old is None:
                raise NoMemoryError(key)
            told = self.event(f"{self.word}.forgotten", key.strip())
            drop = Dropped(kind=Setting, key=old.key)
            return old.value, Change(drops=(drop,), events=(told,), seen=(self.seen(old),))

        return self.act("bd forget", work)


class Keeping(Remembering):
    """The same for what scripts keep: values under keys."""

    under: ClassVar[str] = memories.KEPT
    word: ClassVar[str] = "value"
