"""Giving beads other ids: one, or all of a prefix; what names them follows in one step."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ledger.beads import ids, renaming
from ledger.beads.errors import InTownError, OtherPrefixError, TakenIdError
from ledger.beads.renaming import Names
from ledger.beads.rows import TOMBSTONE, Bead, Comment, Link
from ledger.private.rows import Row, Setting
from ledger.private.store import Change, Dropped, Seen
from town.beads.finding import PREFIX
from town.beads.linking import Linking


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """Which ids became which, and what the prefix was and is."""

    names: Names
    old: str = ""
    new: str = ""


class Renaming(Linking):
    """Gives beads of a project other ids."""

    def rename(self, said: str, new: str) -> Renamed:
        """The bead under another id. Raises BeadError."""

        def names() -> Names:
            bead, chosen = self.resolve(said).id, ids.checked_id(new.strip().lower())
            allowed = self.prefixes()
            if not chosen.startswith(tuple(f"{prefix}-" for prefix in allowed)):
                raise OtherPrefixError(chosen, allowed[0])
            return {bead: chosen} if bead != chosen else {}

        return self.act("bd rename", lambda: self._renamed(names))

    def rename_prefix(self, new: str, *, every: bool = False, dry: bool = False) -> Renamed:
        """All beads with the prefix under another one; with `every` those of any prefix."""
        prefix = ids.checked_prefix(new)

        def work() -> tuple[Renamed, Change]:
            old, row = self.prefix(), self.store.get(Setting, PREFIX)

            def names() -> Names:
                beads = [b.id for b in self.store.find(Bead) if b.status != TOMBSTONE]
                return renaming.with_prefix(beads, old, prefix, every=every)

            told, change = self._renamed(names)
            setting = Setting(name=PREFIX, value=prefix)
            seen = self.seen(row) if row is not None else self.missing(Setting, PREFIX)
            change += Change(puts=(setting,), seen=(seen,))
            if old != prefix:
                change += Change(events=(self.event("setting.changed", PREFIX, value=prefix),))
            return Renamed(names=told.names, old=old, new=prefix), Change() if dry else change

        return self.act("bd rename-prefix", work)

    def _renamed(self, choose: Callable[[], Names]) -> tuple[Renamed, Change]:
        if self.in_town():
            raise InTownError("keep their ids")
        mark = self.mark()
        names = choose()
        if not names:
            return Renamed(names=names), Change()
        beads, now = self.store.find(Bead), self.ports.now()
        there = {bead.id for bead in beads}
        for name, times in Counter(names.values()).items():
            if name in there or times > 1:
                raise TakenIdError(name)
        new = [renaming.renamed_bead(bead, names, now=now) for bead in beads]
        for old, one in zip(beads, new, strict=True):
            self.checked(one, old)  # a longer id may be too much for a title
        moved = [(old, bead) for old, bead in zip(beads, new, strict=True) if old is not bead]
        gone = [renaming.left_behind(old, one.id, now=now) for old, one in moved if old.id in names]
        rests = [self.seen(old) for old, _ in moved]
        rests += [self.missing(Bead, one.id) for old, one in moved if old.id in names]
        told = [self.event("bead.renamed", one, to=other) for one, other in names.items()]
        change = Change(
            puts=(*(one for _, one in moved), *gone), events=tuple(told), seen=tuple(rests)
        )
        return Renamed(names=names), change + self._followed(names, mark)

    def _followed(self, names: Names, mark: Seen) -> Change:
        """The links and comments of the beads, as the new ids have them."""
        links, comments = self.store.find(Link), self.store.find(Comment)
        rows: list[tuple[Row, Row]] = [(x, renaming.renamed_link(x, names)) for x in links]
        rows += [(x, renaming.renamed_comment(x, names)) for x in comments]
        changed = [(old, new) for old, new in rows if old != new]
        drops = tuple(Dropped(kind=type(a), key=a.key) for a, b in changed if a.key != b.key)
        step = Change(puts=tuple(new for _, new in changed), drops=drops)
        return step + self.links_written(mark)
