"""The desk at which beads are made, found, changed and closed.

One method a verb; each is one turn and one change. Rules stand in `ledger.beads`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import choosing, ids, rules
from ledger.beads.errors import BlockedError, ManyBeadsError, NoBeadError
from ledger.beads.rows import LIVE, PARENT_CHILD, TOMBSTONE, Bead, Link
from ledger.beads.waiting import Graph
from ledger.private.store import Change
from town.beads.acting import Acting

PREFIX: Final = "issue_prefix"
CUSTOM_STATUSES: Final = "status.custom"
CUSTOM_TYPES: Final = "types.custom"
PREFIX_DEFAULT: Final = "bd"
FOUND_MAX: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A bead to be made: fields by their names, and what it is linked to."""

    title: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    prefix: str = ""
    parent: str = ""
    links: Sequence[tuple[str, str]] = ()  # (kind, id of the other bead)


class Beads(Acting):
    """The beads of one database, as one caller works on them."""

    # --- finding; only within a turn

    def resolve(self, said: str) -> Bead:
        """The bead with this id, or the only one whose id begins so. Raises BeadError."""
        word = said.strip().lower()
        for start in (word, f"{self.prefix()}-{word}"):
            exact = self.store.get(Bead, start)
            if exact is not None and exact.status != TOMBSTONE:
                return exact
        for start in (word, f"{self.prefix()}-{word}"):
            keys = self.store.keys(Bead, start, at_most=FOUND_MAX) if word else ()
            beads = [bead for key in keys if (bead := self.store.get(Bead, *key)) is not None]
            found = [bead for bead in beads if bead.status != TOMBSTONE]
            if len(found) == 1:
                return found[0]
            if found:
                raise ManyBeadsError(said, [bead.id for bead in found])
        raise NoBeadError(said)

    def prefix(self) -> str:
        """The prefix of beads made here."""
        return self.ports.caller.prefix or self.setting(PREFIX) or PREFIX_DEFAULT

    def live(self) -> dict[str, Bead]:
        """Every bead that is not closed, by id."""
        return {bead.id: bead for bead in self.store.find(Bead, status=LIVE)}

    def graph(self, beads: Mapping[str, Bead], links: Iterable[Link] | None = None) -> Graph:
        """The links among beads; one that is not at hand is looked up."""

        def bead_of(bead: str) -> Bead | None:
            return beads.get(bead) or self.store.get(Bead, bead)

        return Graph.of(self.store.find(Link) if links is None else links, bead_of)

    def checked(self, bead: Bead) -> Bead:
        """The bead, if this database takes it. Raises BadFieldError."""
        return rules.checked(
            bead,
            statuses=self.setting(CUSTOM_STATUSES).split(","),
            types=self.setting(CUSTOM_TYPES).split(","),
        )

    # --- making and changing

    def create(self, draft: Draft) -> Bead:
        """A new bead, with its links. Raises BeadError."""

        def work() -> tuple[Bead, Change]:
            now = self.ports.now()
            parent = self.resolve(draft.parent).id if draft.parent else ""
            bead = self.checked(
                Bead(
                    id=self._new_id(draft, parent),
                    title=draft.title,
                    created_at=now,
                    updated_at=now,
                    created_by=self.ports.caller.actor,
                    **{"owner": self.ports.caller.owner, **draft.fields},
                )
            )
            asked = [*draft.links, *([(PARENT_CHILD, parent)] if parent else [])]
            links = [self._link(bead.id, self.resolve(other).id, kind) for kind, other in asked]
            return bead, Change(
                puts=(rules.labelled(bead), *links),
                events=(self.event("bead.created", bead.id, title=bead.title),),
                seen=(self.missing(Bead, bead.id),),
            )

        return self.act("bd create", work)

    def _new_id(self, draft: Draft, parent: str) -> str:
        if draft.id:
            return ids.checked_id(draft.id)
        if parent:
            return ids.next_child(parent, (str(k[0]) for k in self._children(parent)))
        prefix = ids.checked_prefix(draft.prefix or self.prefix())
        return ids.new_id(prefix, self.ports.new_secret, self._taken)

    def _children(self, parent: str) -> Sequence[tuple[str | int, ...]]:
        return self.store.keys(Bead, f"{parent}.", at_most=1 << 20)

    def _taken(self, bead: str) -> bool:
        return self.store.get(Bead, bead) is not None

    def _link(self, bead: str, needs: str, kind: str) -> Link:
        return Link(
            issue_id=bead,
            depends_on_id=needs,
            type=rules.checked_link_kind(kind),
            created_at=self.ports.now(),
            created_by=self.ports.caller.actor,
        )

    def update(self, said: str, fields: Mapping[str, Any]) -> Bead:
        """The bead with other fields; `status` moves it. Raises BeadError."""

        def work() -> tuple[Bead, Change]:
            old = self.resolve(said)
            now = self.ports.now()
            told = {**fields, "updated_at": now}
            new = self.checked(rules.moved(old, told.pop("status", old.status), now=now, **told))
            return new, self._changed(old, new, "bead.updated")

        return self.act("bd update", work)

    def claim(self, said: str) -> Bead:
        """The bead, in the caller's hands. Raises ClaimedError, NotOpenError."""

        def work() -> tuple[Bead, Change]:
            old = self.resolve(said)
            new = rules.claimed(old, self.ports.caller.actor, now=self.ports.now())
            return new, self._changed(old, new, "bead.claimed")

        return self.act("bd claim", work)

    def close(self, said: str, *, reason: str = "", force: bool = False) -> Bead:
        """The bead, closed. Raises BlockedError, PinnedError, NotOpenError."""

        def work() -> tuple[Bead, Change]:
            old = self.resolve(said)
            blockers = self.graph({}, self._links_above(old.id)).blockers(old.id)
            open_ones = [blocker.id for blocker in blockers if blocker.how == "open"]
            if open_ones and not force:
                raise BlockedError(old.id, open_ones)
            session = self.ports.caller.session
            new = rules.closed(
                old, now=self.ports.now(), reason=reason, session=session, force=force
            )
            return new, self._changed(old, new, "bead.closed")

        return self.act("bd close", work)

    def _links_above(self, bead: str) -> Sequence[Link]:
        return self.store.find(Link, issue_id=bead)

    def reopen(self, said: str) -> Bead:
        """The bead, open again."""

        def work() -> tuple[Bead, Change]:
            old = self.resolve(said)
            new = rules.reopened(old, now=self.ports.now())
            return new, self._changed(old, new, "bead.reopened")

        return self.act("bd reopen", work)

    def _changed(self, old: Bead, new: Bead, kind: str) -> Change:
        """The step from one to the other; none where they are the same but for the time."""
        if replace(new, updated_at=old.updated_at) == old:
            return Change()
        names = [name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)]
        told = {name: getattr(new, name) for name in names if name not in ("updated_at", "other")}
        return Change(
            puts=(new,), events=(self.event(kind, new.id, **told),), seen=(self.seen(old),)
        )

    # --- looking

    def show(self, said: Sequence[str]) -> list[Bead]:
        """These beads. Raises NoBeadError, ManyBeadsError."""
        return self.look(lambda: [self.resolve(one) for one in said])

    def listed(self, wanted: choosing.Filter, *, order: str, everything: bool) -> list[Bead]:
        """The beads that are meant; closed ones only where the filter or the caller says so."""

        def work() -> list[Bead]:
            statuses = wanted.statuses or (() if everything else LIVE)
            where: dict[str, Any] = {"status": statuses} if statuses else {}
            found = self.store.find(Bead, **where)
            kept = [bead for bead in found if bead.status != TOMBSTONE]
            return choosing.listed(kept, wanted, order=order)

        return self.look(work)

    def ready(self, wanted: choosing.Filter, *, sort: choosing.Sort = "priority") -> list[Bead]:
        """The beads that somebody could begin now."""

        def work() -> list[Bead]:
            beads = self.live()
            graph = self.graph(beads)
            return choosing.ready(beads.values(), graph, wanted, now=self.ports.now(), sort=sort)

        return self.look(work)
