"""The desk at which beads are made, found, linked, changed, closed, deleted.

One method a verb; each is one turn and one change. Rules stand in `ledger.beads`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ledger.beads import ids, rules
from ledger.beads.errors import BadFieldError, DependantsError
from ledger.beads.memories import APART
from ledger.beads.rows import STATUSES, TOMBSTONE, Bead, Comment, Link
from ledger.private.rows import SHORT_CHARS_MAX, Setting
from ledger.private.store import Change, Dropped, Seen
from town.beads.changing import Closing, Edit
from town.beads.finding import (
    CUSTOM_STATUSES,
    CUSTOM_TYPES,
    PREFIX,
    PREFIX_DEFAULT,
    custom_statuses,
)
from town.beads.looking import Looking
from town.beads.making import Draft

CATEGORIES: Final = ("", "active", "wip", "done", "frozen")
VALUE_CHARS_MAX: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleting:
    """What is deleted, or would be: beads, and the links that go with them."""

    beads: Sequence[Bead]
    links: Sequence[Link]
    done: bool


class Beads(Looking):
    """The beads of one database, as one caller works on them."""

    def delete(
        self, said: Sequence[str], *, force: bool = False, cascade: bool = False, dry: bool = False
    ) -> Deleting:
        """The beads are no more, and nothing is linked to them. Raises DependantsError.

        With `cascade` whatever depends on them goes too, with `force` only its links; `dry` tells
        what that would be. What is left of a bead is its name, so that nobody is given it again.
        """

        def work() -> tuple[Deleting, Change]:
            mark = self.mark()
            beads = {bead.id: bead for bead in map(self.resolve, said)}
            if cascade:
                beads = self._with_dependants(beads)
            links = self._links_of(beads)
            others = {a.issue_id: None for a in links.values() if a.issue_id not in beads}
            if others and not force:
                raise DependantsError(list(beads), list(others))
            told = Deleting(beads=list(beads.values()), links=list(links.values()), done=not dry)
            return told, Change() if dry else self._deleted(beads, links, mark)

        return self.act("bd delete", work)

    def _links_of(self, beads: Mapping[str, Bead]) -> dict[tuple[str | int, ...], Link]:
        near = self.near()
        return {a.key: a for bead in beads for a in (*near.needs(bead), *near.needed(bead))}

    def _with_dependants(self, beads: Mapping[str, Bead]) -> dict[str, Bead]:
        near, found, left = self.near(), dict(beads), list(beads)
        while left:
            for link in near.needed(left.pop()):
                bead = near.bead_of(link.issue_id)
                if bead is not None and bead.id not in found:
                    found[bead.id] = bead
                    left.append(bead.id)
        return found

    def _deleted(
        self, beads: Mapping[str, Bead], links: Mapping[tuple[str | int, ...], Link], mark: Seen
    ) -> Change:
        now = self.ports.now()
        words = [one for bead in beads for one in self.store.find(Comment, issue_id=bead)]
        return Change(
            puts=tuple(replace(b, status=TOMBSTONE, updated_at=now) for b in beads.values()),
            drops=tuple(Dropped(kind=Comment, key=one.key) for one in words),
            events=tuple(self.event("bead.deleted", b.id, title=b.title) for b in beads.values()),
            seen=tuple(self.seen(bead) for bead in beads.values()),
        ) + self.linked((), cut=links.values(), mark=mark)

    # --- labels

    def label(
        self, said: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> list[Bead]:
        """The beads with other labels."""
        return self.edit(said, Edit(add_labels=add, remove_labels=remove))

    def propagate(self, said: str, label: str) -> list[Bead]:
        """The children of the bead that have the label now and had it not before."""

        def step(old: Bead, _: Mapping[str, Bead]) -> tuple[Bead, Change]:
            new = self.checked(rules.labelled(old, add=(label,)), old)
            new = replace(new, updated_at=self.ports.now())
            return new, self.changed(old, new, "bead.updated")

        def work() -> tuple[list[Bead], Change]:
            children = map(self.bead_of, self.near().children(self.resolve(said).id))
            without = [c.id for c in children if c is not None and label not in c.labels]
            done, change = self.stepped(without, step)
            return list(done.values()), change

        return self.act("bd label propagate", work)

    # --- two beads that are about the same

    def settle(self, said: str, other: str, *, kind: str, reason: str) -> tuple[str, str]:
        """The first bead is closed in favour of the other, and linked to it."""

        def work() -> tuple[tuple[str, str], Change]:
            old, new = self.resolve(said), self.resolve(other)
            why = f"{reason} {new.id}"
            closed = rules.closed(old, now=self.ports.now(), reason=why)
            link = self.asked_link(old.id, new.id, kind)
            change = self.changed(old, closed, "bead.closed") + self.linked((link,))
            return (old.id, new.id), change

        return self.act(f"bd {kind}", work)

    # --- what the database is told

    def settings(self) -> dict[str, str]:
        """Everything that the database was told to do; not what it is to remember."""
        rows = self.look(lambda: self.store.find(Setting))
        return {row.name: row.value for row in rows if not row.name.startswith(APART)}

    def told(self, name: str) -> str:
        """One thing that the database was told; empty for nothing."""
        return self.look(lambda: self.setting(name))

    def tell(self, name: str, value: str) -> str:
        """The value as it is kept. Raises BadFieldError."""
        kept = _checked_setting(name, value)

        def work() -> tuple[str, Change]:
            old = self.store.get(Setting, name)
            told = self.event("setting.changed", name, value=kept)
            return kept, Change(puts=(Setting(name=name, value=kept),), events=(told,), seen=(
                self.seen(old) if old else self.missing(Setting, name),
            ))  # fmt: skip

        return self.act("bd config set", work)

    def untell(self, name: str) -> bool:
        """Whether there was such a setting to forget."""

        def work() -> tuple[bool, Change]:
            old = self.store.get(Setting, name)
            if old is None:
                return False, Change()
            if name == PREFIX:
                raise BadFieldError(name, "cannot be taken away, only set")
            return True, Change(
                drops=(Dropped(kind=Setting, key=(name,)),),
                events=(self.event("setting.changed", name, value=""),),
                seen=(self.seen(old),),
            )

        return self.act("bd config unset", work)


def _checked_setting(name: str, value: str) -> str:
    """The value as it is kept. Raises BadFieldError."""
    if not name.strip() or len(name) > SHORT_CHARS_MAX or any(c.isspace() for c in name):
        raise BadFieldError("setting", f"{name[:40]!r} is no name of one")
    if len(value) > VALUE_CHARS_MAX:
        raise BadFieldError(name, f"is longer than {VALUE_CHARS_MAX} characters")
    if name == PREFIX:
        return ids.checked_prefix(value)
    if name == CUSTOM_STATUSES:
        for status, category in custom_statuses(value).items():
            if category not in CATEGORIES or status in STATUSES or len(status) > SHORT_CHARS_MAX:
                raise BadFieldError(
                    name, f"{status}:{category} is none; name:active, wip, done are"
                )
    return value


__all__ = [
    "CUSTOM_STATUSES",
    "CUSTOM_TYPES",
    "PREFIX",
    "PREFIX_DEFAULT",
    "Beads",
    "Closing",
    "Deleting",
    "Draft",
    "Edit",
]
