"""Folding what was touched: from dirty subjects to one projection.

It folds until nothing is touched any more: a new name touches rows that show it, a stamp its
author's next one. It writes nothing.
"""

from collections.abc import Sequence
from typing import Protocol

from ledger.fold import Folded, fold_account, fold_link, fold_post, fold_stamp
from ledger.people import link_id, links_of
from ledger.registrar import Registry
from ledger.state import LedgerState, StampPlace
from ledger.store import Subject


class Known(Protocol):
    """What projections said before."""

    def look_ahead(self, subjects: Sequence[str]) -> None:
        """A fold of these comes next."""
        ...

    def waiting(self, key: str) -> Sequence[str]:
        """Subjects that wait for this key."""
        ...


class Projector:
    """Folds a state's dirty subjects; remembers the names it last folded with."""

    def __init__(self, state: LedgerState, known: Known) -> None:
        self.state = state
        self.known = known
        self.names: Registry = Registry()

    def settle(self) -> None:
        """The names as they stand are those the projections already show."""
        self.names = self.state.registry if self.state.wasteland else Registry()

    def folded(self) -> list[Subject]:
        """Every touched subject, folded; nothing is dirty afterwards."""
        found: dict[str, Subject] = {}
        self._renamed()
        while self.state.dirty:
            wave = tuple(self.state.dirty)
            self.known.look_ahead(wave)
            for subject in wave:
                if subject in self.state.dirty:
                    self._turn(subject, found)
            if not self.state.dirty:
                self._renamed()
        return list(found.values())

    def _turn(self, subject: str, found: dict[str, Subject]) -> None:
        del self.state.dirty[subject]
        folded = self._fold(subject)
        if folded is not None:
            found[subject] = folded.subject
            self._place_stamps(subject, folded)

    def _fold(self, subject: str) -> Folded | None:
        state = self.state
        if subject.startswith("link:"):
            return fold_link(state, subject)
        record = state.record(subject)
        if record is None or record.kind not in ("wanted.post", "stamp.give", "rig.register"):
            return None
        if record.kind == "wanted.post":
            return fold_post(state, record)
        if record.kind == "stamp.give":
            return fold_stamp(state, record)
        return fold_account(state, subject)

    def _place_stamps(self, subject: str, folded: Folded) -> None:
        wanted: dict[str, list[StampPlace]] = {}
        for author in self.state.stamp_authors(subject):
            wanted.setdefault(author, [])
        for given in folded.given:
            wanted.setdefault(given.author, []).append((given.at, given.id, subject))
        if wanted:
            self.state.place_stamps(subject, wanted)

    def _renamed(self) -> None:
        """Everybody whose admission changed has every row that shows the name folded again."""
        if not self.state.wasteland:
            return
        before, after = self.names, self.state.registry
        if before is after:
            return
        self.names = after
        changed = {
            account
            for account in {*before.admitted, *after.admitted}
            if before.admitted.get(account) != after.admitted.get(account)
        }
        changed |= before.ever ^ after.ever
        changed |= before.registrars ^ after.registrars
        touched: dict[str, None] = {}
        for account in sorted(changed):
            touched.update(dict.fromkeys((account, *self.state.held.by_account(account))))
            touched.update(dict.fromkeys(self.known.waiting(f"named:{account}")))
            for other in links_of(self.state, account):
                touched[link_id(account, other)] = None
        for handle in {*before.bearers} ^ {*after.bearers}:
            touched.update(dict.fromkeys(self.known.waiting(f"name:{handle}")))
        self.state.dirty.update(touched)
