"""A town: its keys, its own ledger, the wastelands it is in, and its local notes.

It remembers and hands out; it decides nothing and signs nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.actions import Author
from ledger.actions_errors import KeyFrozenError
from ledger.journal import Journal
from stamps.identity import DeviceKey
from town.market.errors import NoTownHereError, WastelandUnknownError
from town.market.ports import Keys

TOWN_SPACE = "town"
WASTELANDS_SPACE = "wastelands"
PREFIX_MIN = 4


@dataclass(slots=True, kw_only=True)
class Town:
    """One town's home as the market sees it.

    `open_ledger` gives the ledger of a wasteland and makes its store where there is none.
    `ledgers` holds those that are open, by wasteland id.
    """

    keys: Keys
    self_ledger: Journal
    open_ledger: Callable[[str], Journal]
    ledgers: dict[str, Journal] = field(default_factory=dict)
    _account: str = ""  # looked up once; it never changes
    sealed: str = ""  # why the key in `sealed_device` must not sign (records 2.7)
    sealed_device: str = ""
    blob_changes: int = 0  # how often a note about a blob of ours was written since the start
    blob_drops: int = 0  # how often a blob went
    spoken: list[tuple[str, str, str]] = field(default_factory=list)  # wasteland, kind, subject
    row_claims: dict[str, list[str]] = field(default_factory=dict)  # wasteland -> items just seen

    # --- local notes

    def note(self, space: str, key: str) -> Any | None:
        """A local note of the town."""
        return self.self_ledger.store.document(space, key)

    def notes(self, space: str) -> Mapping[str, Any]:
        """All local notes of a space."""
        return self.self_ledger.store.documents(space)

    def remember(self, space: str, key: str, value: Any | None) -> None:
        """The local note is durable; None removes it."""
        self.self_ledger.store.put(space, key, value)

    # --- who we are

    @property
    def account(self) -> str:
        """The town's account, empty before `wl init`."""
        if not self._account:
            note = self.note(TOWN_SPACE, "account")
            self._account = str(note["id"]) if isinstance(note, Mapping) else ""
        return self._account

    @property
    def handle(self) -> str:
        """The name the town wishes to bear."""
        note = self.note(TOWN_SPACE, "account")
        return str(note.get("handle", "")) if isinstance(note, Mapping) else ""

    def settle(self, account: str, handle: str) -> None:
        """The town has this account and wishes to bear this name."""
        self.remember(TOWN_SPACE, "account", {"id": account, "handle": handle})
        self._account = account

    @property
    def author(self) -> Author:
        """The account and device key that sign here. Raises NoTownHereError, KeyFrozenError."""
        account, key = self.account, self.device
        if not account or key is None:
            raise NoTownHereError
        if self.sealed and str(key.device) == self.sealed_device:
            raise KeyFrozenError(str(key.device), self.sealed)
        return Author(account, key)

    @property
    def device(self) -> DeviceKey | None:
        """The key of the machine, None before there is one."""
        return self.keys.load().device

    # --- wastelands

    @property
    def current(self) -> str:
        """The wasteland that commands speak of, empty when the town is in none."""
        chosen = self.note(TOWN_SPACE, "current")
        if isinstance(chosen, str) and chosen in self.ledgers:
            return chosen
        return next(iter(self.members()), "")

    def members(self) -> list[str]:
        """The wastelands the town is in, left ones not among them, in the order they came."""
        left = frozenset(self.left())
        return [wasteland for wasteland in self.ledgers if wasteland not in left]

    def left(self) -> list[str]:
        """The wastelands the town was in; their ledgers stay."""
        return [key for key, note in self.notes(WASTELANDS_SPACE).items() if note.get("left")]

    def choose(self, wasteland: str) -> None:
        """Commands speak of this wasteland from now on."""
        self.remember(TOWN_SPACE, "current", wasteland)

    def enter(self, wasteland: str) -> Journal:
        """The ledger of a wasteland the town is in from now on."""
        journal = self.ledgers.get(wasteland) or self.open_ledger(wasteland)
        self.ledgers[wasteland] = journal
        before = self.note(WASTELANDS_SPACE, wasteland) or {}
        self.remember(WASTELANDS_SPACE, wasteland, {**before, "left": False})
        return journal

    def depart(self, wasteland: str) -> None:
        """The town is in this wasteland no more; its ledger stays."""
        before = self.note(WASTELANDS_SPACE, wasteland) or {}
        self.remember(WASTELANDS_SPACE, wasteland, {**before, "left": True})

    def called(self, name: str) -> Journal:
        """The ledger of a wasteland by name or the start of its id; empty means the current.

        Raises WastelandUnknownError.
        """
        if not name:
            if not self.current:
                raise WastelandUnknownError("")
            return self.ledgers[self.current]
        found = [w for w in self.ledgers if wasteland_name(self.ledgers[w]) == name]
        if len(name) >= PREFIX_MIN:
            found += [w for w in self.ledgers if w.startswith(name) and w not in found]
        if len(found) != 1:
            raise WastelandUnknownError(name, tuple(found))
        return self.ledgers[found[0]]


def wasteland_name(journal: Journal) -> str:
    """What people call a wasteland: the name its genesis gives, else the start of its id."""
    genesis = journal.genesis()
    return str(genesis.body["name"]) if genesis is not None else journal.wasteland[:16]
