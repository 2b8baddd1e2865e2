"""Finding beads: by id or how it begins, by their links, and what this database was told of them.

Everything here is for use within a turn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ledger.beads import rules, waiting
from ledger.beads.choosing import Some
from ledger.beads.errors import ManyBeadsError, NoBeadError
from ledger.beads.rows import BLOCKING, LIVE, OPEN, TOMBSTONE, Bead, Link, Outline
from ledger.beads.waiting import Ends, Graph
from ledger.private.rows import Row, Setting
from ledger.private.store import Change, ChangedError, PrivateReader
from ledger.workspace.rows import Agent, Rig
from town.beads.acting import Acting

PREFIX: Final = "issue_prefix"
ALLOWED_PREFIXES: Final = "allowed_prefixes"
CUSTOM_STATUSES: Final = "status.custom"
CUSTOM_TYPES: Final = "types.custom"
PREFIX_DEFAULT: Final = "bd"
FOUND_MAX: Final = 10
ASKED_MAX: Final = 500
ACTIVE: Final = "active"
HIDDEN: Final = ("done", "frozen")


def live_beads(store: PrivateReader) -> dict[str, Bead]:
    """Every bead that is not closed, by id, those of the town's own statuses too."""
    return _live(store, Bead)


def live_outlines(store: PrivateReader) -> dict[str, Outline]:
    """The same without their words."""
    return _live(store, Outline)


def _live(store: PrivateReader, kind: type[Some]) -> dict[str, Some]:
    row = store.get(Setting, CUSTOM_STATUSES)
    own = custom_statuses(row.value if row is not None else "")
    found = [*store.find(kind, status=LIVE)]
    found += store.find(kind, status=tuple(own)) if own else ()
    return {bead.id: bead for bead in found}


def woven_links(store: PrivateReader) -> tuple[Ends, Ends]:
    """Every link, by both of its ends."""
    return waiting.woven(store.find(Link))


@dataclass(frozen=True, slots=True)
class Whole:
    """Every live bead by its id, and all links."""

    live: Mapping[str, Bead]
    graph: Graph


def whole_of(store: PrivateReader) -> Whole:
    """Every live bead of the store, and all links."""
    live = store.made((Bead, Setting), live_beads)

    def bead_of(bead: str) -> Bead | None:
        return live.get(bead) or store.get(Bead, bead)

    ends = store.made((Link,), woven_links)
    return Whole(live, Graph.between(ends, bead_of, live.get))


@dataclass(frozen=True, slots=True)
class Outlines:
    """The outline of every live bead by its id, and all links that hold something up."""

    live: Mapping[str, Outline]
    graph: Graph


def blocking_links(store: PrivateReader) -> tuple[Ends, Ends]:
    """Every link that holds something up, by both of its ends."""
    return waiting.woven(store.find(Link, type=BLOCKING))


def outlines_of(store: PrivateReader) -> Outlines:
    """What the question of what is ready looks at, and no more."""
    live = store.made((Bead, Setting), live_outlines)
    ends = store.made((Link,), blocking_links)
    return Outlines(live, Graph.between(ends, lambda bead: store.get(Bead, bead), live.get))


def custom_statuses(said: str) -> dict[str, str]:
    """The statuses of a town's own, each with its category; `name:category` with commas between."""
    words = [word.strip().partition(":") for word in said.split(",")]
    return {name.strip(): category.strip() for name, _, category in words if name.strip()}


class Finding(Acting):
    """Looks things up for one caller."""

    def resolve(self, said: str) -> Bead:
        """The bead with this id, or the only one whose id begins so. Raises BeadError."""
        word = said.strip()
        ways = [start for one in dict.fromkeys((word, word.lower())) for start in self._begun(one)]
        for start in ways:
            exact = self.store.get(Bead, start)
            if exact is not None and exact.status != TOMBSTONE:
                return exact
        for start in ways:
            keys = self.store.keys(Bead, start, at_most=FOUND_MAX) if word else ()
            beads = [bead for key in keys if (bead := self.store.get(Bead, *key)) is not None]
            found = [bead for bead in beads if bead.status != TOMBSTONE]
            if len(found) == 1:
                return found[0]
            if found:
                raise ManyBeadsError(said, [bead.id for bead in found])
        raise NoBeadError(said)

    def _begun(self, word: str) -> tuple[str, str]:
        """How an id begins that somebody says so: as it stands, or behind the prefix."""
        return word, f"{self.prefix()}-{word}"

    def prefix(self) -> str:
        """The prefix of beads made here."""
        caller = self.ports.caller
        rig = self.store.get(Rig, caller.rig) if caller.rig and not caller.prefix else None
        own = rig.prefix if rig is not None else ""
        return caller.prefix or own.rstrip("-") or self.setting(PREFIX) or PREFIX_DEFAULT

    def rig_called(self, said: str) -> Rig | None:
        """The rig with this name, or whose beads have this prefix."""
        word = said.strip().rstrip("-/")
        with_prefix = self.store.find(Rig, prefix=word.lower())
        return self.store.get(Rig, word) or next(iter(with_prefix), None)

    def rigs(self) -> list[str]:
        """The names of the town's rigs."""
        return [rig.name for rig in self.store.find(Rig)]

    def prefixes(self) -> tuple[str, ...]:
        """The prefixes that an id may have here, the caller's first."""
        own = [self.prefix(), self.setting(PREFIX), *self.setting(ALLOWED_PREFIXES).split(",")]
        own += [rig.prefix for rig in self.store.find(Rig)]
        return tuple(dict.fromkeys(one.strip().rstrip("-") for one in own if one.strip()))

    def in_town(self) -> bool:
        """Whether the beads are those of a town, whose rows name them."""
        of_towns: tuple[type[Row], ...] = (Rig, Agent)
        return any(self.store.find(kind) for kind in of_towns)

    def bead_of(self, bead: str) -> Bead | None:
        """The bead with exactly this id."""
        return self.store.get(Bead, bead)

    def live(self) -> Mapping[str, Bead]:
        """Every bead that is not closed, by id."""
        return self.store.made((Bead, Setting), live_beads)

    def whole(self) -> Whole:
        """Every live bead and all links, for questions about many of them."""
        return self.store.made((Bead, Link, Setting), whole_of)

    def filled(self, outlines: Sequence[Outline]) -> list[Bead]:
        """The beads of these outlines, at most a page of them, in their order."""
        lacking = tuple(one.id for one in outlines if not isinstance(one, Bead))
        found = {one.id: one for one in outlines if isinstance(one, Bead)}
        for at in range(0, len(lacking), ASKED_MAX):
            part = self.store.find(Bead, id=lacking[at : at + ASKED_MAX])
            found |= {bead.id: bead for bead in part}
        return [found[one.id] for one in outlines if one.id in found]

    def whole_one(self, outline: Outline) -> Bead:
        """The bead of the outline. Raises ChangedError where it is another one by now."""
        bead = outline if isinstance(outline, Bead) else self.bead_of(outline.id)
        names = Outline.__struct_fields__
        if bead is None or any(getattr(bead, one) != getattr(outline, one) for one in names):
            raise ChangedError(Bead.table.name, outline.key)
        return bead

    def outlines(self) -> Outlines:
        """The outline of every live bead and what holds it up."""
        return self.store.made((Bead, Link, Setting), outlines_of)

    def near(
        self,
        links: Sequence[Link] = (),
        beads: Mapping[str, Bead] | None = None,
        *,
        around: tuple[str, ...] = (),
    ) -> Graph:
        """The links around a few beads, looked up as they are asked for.

        `links` and `beads` count as if they were there already; links of beads in `around` are
        looked up at once.
        """
        changed = beads or {}
        further = waiting.woven(links)

        def bead_of(bead: str) -> Bead | None:
            return changed.get(bead) or self.bead_of(bead)

        def ends(name: str, more: Ends) -> Ends:
            known: dict[str, Sequence[Link]] = self._by_end(name, around, more)

            def look(bead: str) -> Sequence[Link]:
                if bead not in known:
                    known[bead] = [*self.store.find(Link, **{name: bead}), *more(bead)]
                return known[bead]

            return look

        both = (ends("issue_id", further[0]), ends("depends_on_id", further[1]))
        return Graph.between(both, bead_of)

    def _by_end(self, name: str, ends: tuple[str, ...], more: Ends) -> dict[str, Sequence[Link]]:
        """The links that these beads have at this end, by bead."""
        found = {end: [*more(end)] for end in ends}
        for at in range(0, len(ends), ASKED_MAX):
            for link in self.store.find(Link, **{name: ends[at : at + ASKED_MAX]}):
                found[getattr(link, name)].append(link)
        return dict(found)

    # --- what this database was told

    def statuses(self) -> dict[str, str]:
        """The statuses of the town's own, with their categories."""
        return custom_statuses(self.setting(CUSTOM_STATUSES))

    def own_types(self) -> list[str]:
        """The types of the town's own."""
        return [word.strip() for word in self.setting(CUSTOM_TYPES).split(",") if word.strip()]

    def begun_from(self) -> tuple[str, ...]:
        """The statuses of beads that could be begun."""
        own = self.statuses().items()
        return (OPEN, *(name for name, category in own if category == ACTIVE))

    def shown(self) -> tuple[str, ...]:
        """The statuses that a list shows unless it is asked for others."""
        own = self.statuses().items()
        return (*LIVE, *(name for name, category in own if category not in HIDDEN))

    def checked(self, bead: Bead, old: Bead | None = None) -> Bead:
        """The bead, if this database takes it; what `old` had already it takes. Raises."""
        return rules.checked(bead, statuses=self.statuses(), types=self.own_types(), old=old)

    # --- steps from one bead to another

    def changed(self, old: Bead, new: Bead, kind: str, **more: str) -> Change:
        """The step from one to the other; none where they are the same but for the time."""
        names = [name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)]
        told = {name: getattr(new, name) for name in names if name not in ("updated_at", "other")}
        if not told and "other" not in names:
            return Change()
        told |= more
        event = self.event(kind, new.id, **told)
        if new.updated_at > old.updated_at:  # both say the same moment, so that they are told apart
            event = replace(event, at=new.updated_at)
        return Change(puts=(new,), events=(event,), seen=(self.seen(old),))


def joined(changes: Iterable[Change]) -> Change:
    """All of them as one step."""
    whole = Change()
    for change in changes:
        whole += change
    return whole
