"""What earlier projections said, looked up by the running state: waits, pins, stamps in order.

It keeps in memory only what every single record must be checked against; the rest it asks of
the store. It folds nothing.
"""

from collections.abc import Iterable, Sequence

from ledger.state import StampPlace
from ledger.store import Store, Subject
from stamps.limits import ID_HEX_CHARS


class StoreIndex:
    """Read access to projected subjects, with the awaited ids and the pins in memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._awaited: dict[str, set[str]] = {}
        self._awaiting: dict[str, tuple[str, ...]] = {}
        for subject, record_id in store.awaited():
            self._await(subject, (*self._awaiting.get(subject, ()), record_id))
        self._pins: dict[str, tuple[str, ...]] = {}
        for subject, record_id in store.pins():
            self._pins[subject] = (*self._pins.get(subject, ()), record_id)

    def awaits(self, record_id: str) -> bool:
        """Whether a judged decision waits for this record (records 2.4)."""
        return record_id in self._awaited

    def look_ahead(self, subjects: Sequence[str]) -> None:
        """A fold of these comes next."""
        self.store.look_ahead(subjects)

    def waiting(self, key: str) -> Sequence[str]:
        """Subjects that wait for this key."""
        return self.store.waiting(key)

    def pins(self) -> Iterable[str]:
        """Pinned records outside every prefix, of all subjects."""
        for pinned in self._pins.values():
            yield from pinned

    def stamps_by(self, author: str) -> Sequence[StampPlace]:
        """(at, stamp id, subject) of the author's effective stamps."""
        places: list[StampPlace] = []
        for subject_id in self.store.waiting(f"stamp:{author}"):
            given = self.store.card(subject_id).get("given", ())
            places += [(at, stamp, subject_id) for giver, at, stamp in given if giver == author]
        return places

    def givers(self, subject_id: str) -> Sequence[str]:
        """Authors of the effective stamps that a subject gave."""
        given = self.store.card(subject_id).get("given", ())
        return [giver for giver, _, _ in given]

    def item_of(self, public_item_id: str) -> str | None:
        """The record id behind a public item id, None for an unsigned item."""
        return self.store.subject_of(public_item_id)

    def _await(self, subject: str, record_ids: tuple[str, ...]) -> None:
        """The subject waits for exactly these records: what nobody waits for is not pinned."""
        for record_id in self._awaiting.pop(subject, ()):
            waiting = self._awaited[record_id]
            waiting.discard(subject)
            if not waiting:
                del self._awaited[record_id]
        for record_id in record_ids:
            self._awaited.setdefault(record_id, set()).add(subject)
        if record_ids:
            self._awaiting[subject] = record_ids

    def apply(self, subjects: Iterable[Subject]) -> None:
        """The memory says what the projection just written says."""
        for subject in subjects:
            waits = tuple(w for w in subject.waits if len(w) == ID_HEX_CHARS)
            self._await(subject.id, waits)
            if subject.pins:
                self._pins[subject.id] = subject.pins
            else:
                self._pins.pop(subject.id, None)
