"""Looking at beads: one with everything around it, lists, what is ready or blocked, counts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import choosing, dates, standing
from ledger.beads.choosing import Filter, Page, Some
from ledger.beads.errors import BadFieldError
from ledger.beads.rows import (
    BLOCKS,
    EPIC,
    STATUSES,
    TERMINAL,
    TOMBSTONE,
    Bead,
    Comment,
    Link,
    Outline,
)
from ledger.beads.waiting import Blocker, Graph
from ledger.private.rows import Setting
from ledger.private.store import Change, PrivateReader
from town.beads.changing import Changing
from town.beads.finding import live_beads, live_outlines

DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """A bead and what stands around it."""

    bead: Bead
    needs: Sequence[tuple[Link, Bead | None]]
    needed: Sequence[tuple[Link, Bead | None]]
    comments: Sequence[Comment]
    blockers: Sequence[Blocker]

    @property
    def parent(self) -> str:
        """The id of the bead above; empty for none."""
        above = (link.depends_on_id for link, _ in self.needs if link.type == "parent-child")
        return next(above, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A bead in a list: with its links, and how many there are of what."""

    bead: Bead
    links: Sequence[Link]
    needs: int  # that block it, or would
    needed: int
    comments: int
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The first beads of a list, and how many there are in all."""

    lines: Sequence[Line]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why beads are ready, and why others are not."""

    # each with its blockers that are closed, how many wait for it, and its parent
    ready: Sequence[tuple[Bead, Sequence[str], int, str]]
    blocked: Sequence[tuple[Bead, Sequence[Bead | str]]]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an epic is."""

    epic: Bead
    children: int
    closed: int


class Looking(Changing):
    """Looks at beads for one caller."""

    def when(self, said: str, *, name: str = "date") -> int:
        """The moment that somebody names. Raises BadFieldError."""
        return dates.when(said, now=self.ports.now(), name=name)

    # --- one bead

    def show(self, said: Sequence[str]) -> list[Bead]:
        """These beads. Raises NoBeadError, ManyBeadsError."""
        return self.look(lambda: [self.resolve(one) for one in said])

    def around(self, said: Sequence[str]) -> list[Around]:
        """These beads, with what stands around each. Raises NoBeadError, ManyBeadsError."""

        def work() -> list[Around]:
            near = self.near()
            return [self._around(bead, near) for bead in map(self.resolve, said)]

        return self.look(work)

    def _around(self, bead: Bead, near: Graph) -> Around:
        return Around(
            bead=bead,
            needs=[(link, near.bead_of(link.depends_on_id)) for link in near.needs(bead.id)],
            needed=[(link, near.bead_of(link.issue_id)) for link in near.needed(bead.id)],
            comments=self.comments_of(bead.id),
            blockers=near.blockers(bead.id) if bead.status not in TERMINAL else (),
        )

    def current(self) -> Bead | None:
        """What the caller has in hand, that which it began last; None for nothing."""

        def work() -> Bead | None:
            mine = self.store.find(Bead, assignee=self.ports.caller.actor)
            held = [bead for bead in mine if bead.status in ("in_progress", "hooked")]
            return max(held, key=lambda bead: (bead.started_at, bead.id), default=None)

        return self.look(work)

    # --- lists

    def listed(self, wanted: Filter, *, order: str, everything: bool) -> list[Bead]:
        """The beads that are meant; closed ones only where the filter or the caller says so."""
        return self.look(
            lambda: choosing.listed(self._all(wanted, everything), wanted, order=order)
        )

    def _all(self, wanted: Filter, everything: bool) -> Iterable[Bead]:  # noqa: FBT001
        return self._among(self._statuses(wanted, everything), Bead, live_beads)

    def _statuses(self, wanted: Filter, everything: bool) -> tuple[str, ...]:  # noqa: FBT001
        """The statuses that are meant; none for all of them."""
        return wanted.statuses or (() if everything else self.shown())

    def _among(
        self,
        statuses: tuple[str, ...],
        kind: type[Some],
        live: Callable[[PrivateReader], dict[str, Some]],
    ) -> Iterable[Some]:
        """The beads of these statuses, or their outlines."""
        if statuses and not set(statuses) & {*TERMINAL}:
            found = self.store.made((Bead, Setting), live)
            return [bead for bead in found.values() if bead.status in statuses]
        where: dict[str, Any] = {"status": statuses} if statuses else {}
        return [bead for bead in self.store.find(kind, **where) if bead.status != TOMBSTONE]

    def lines(
        self,
        wanted: Filter,
        *,
        order: str = "priority",
        backwards: bool = False,
        everything: bool = False,
        at_most: int = 0,
        parent: str = "",
        top: bool = False,
    ) -> Listed:
        """A list: the children of `parent`, or with `top` only what has none."""

        def work() -> Listed:
            self._check_statuses(wanted)
            asked = self._narrowed(wanted, parent, deep=False, top=top)
            key = order_of(order)
            if at_most and asked.by_outline and order not in choosing.BY_WORDS:
                statuses = self._statuses(asked, everything)
                among = self._among(statuses, Outline, live_outlines)
                page = _paged(filter(asked.test(), among), key, at_most, backwards=backwards)
                return self._lined(Page(self.filled(page.beads), page.total))
            found = filter(asked.test(), self._all(asked, everything))
            return self._lined(_paged(found, key, at_most, backwards=backwards))

        return self.look(work)

    def _check_statuses(self, wanted: Filter) -> None:
        known = (*STATUSES, *self.statuses())
        for status in wanted.statuses:
            if status not in known:
                raise BadFieldError("status", f"{status!r} is none of {', '.join(known)}")

    def _narrowed(self, wanted: Filter, parent: str, *, deep: bool, top: bool = False) -> Filter:
        """The filter, held to beads under a parent, or to those under none."""
        if parent:
            near, above = self.near(), self.resolve(parent).id
            among = near.below(above) if deep else near.children(above)
            wanted = replace(wanted, among=frozenset(among))
        if top:
            links = self.store.find(Link, type="parent-child")
            wanted = replace(wanted, outside=frozenset(link.issue_id for link in links))
        return wanted

    def _lined(self, page: Page[Bead]) -> Listed:
        ids = tuple(bead.id for bead in page.beads)
        near = self.near(around=ids)
        said = standing.spoken(self.store.find(Comment, issue_id=ids)) if ids else {}
        return Listed(
            lines=[self._line(bead, near, said.get(bead.id, 0)) for bead in page.beads],
            total=page.total,
        )

    def _line(self, bead: Bead, near: Graph, comments: int) -> Line:
        links = near.needs(bead.id)
        return Line(
            bead=bead,
            links=links,
            needs=sum(link.type == BLOCKS for link in links),
            needed=sum(link.type == BLOCKS for link in near.needed(bead.id)),
            comments=comments,
            parent=near.parent(bead.id),
        )

    # --- what is ready, and what is not

    def ready(self, wanted: Filter, *, sort: standing.Sort = "priority") -> list[Bead]:
        """The beads that somebody could begin now."""
        return self.look(lambda: self._ready(wanted, sort, at_most=0).beads)

    def ready_lines(
        self,
        wanted: Filter,
        *,
        sort: standing.Sort = "priority",
        deferred: bool = False,
        parent: str = "",
        at_most: int = 0,
    ) -> Listed:
        """The beads that somebody could begin now, those below `parent` where it is said."""

        def work() -> Listed:
            asked = self._narrowed(wanted, parent, deep=True)
            return self._lined(self._ready(asked, sort, deferred=deferred, at_most=at_most))

        return self.look(work)

    def _ready(
        self, wanted: Filter, sort: standing.Sort, *, at_most: int, deferred: bool = False
    ) -> Page[Bead]:
        now = self.ports.now()
        how: dict[str, Any] = {"now": now, "deferred": deferred, "begun_from": self.begun_from()}
        key = standing.readiest(sort, now=now)
        if not at_most or not wanted.by_outline:
            whole = self.whole()
            beads = standing.ready(whole.live.values(), whole.graph, wanted, **how)
            return choosing.page(beads, key, at_most=at_most)
        outlines = self.outlines()
        found = standing.ready(outlines.live.values(), outlines.graph, wanted, **how)
        first = choosing.page(found, key, at_most=at_most)
        return Page(self.filled(first.beads), first.total)

    def claim_ready(
        self, wanted: Filter, *, sort: standing.Sort = "priority", parent: str = ""
    ) -> Listed:
        """The first bead that is ready and nobody else's, in the caller's hands; or nothing."""

        def work() -> tuple[Page[Bead], Change]:
            asked = self._narrowed(wanted, parent, deep=True)
            bead, change = self.claimed_next(asked, sort=sort, done={})
            return Page([bead] if bead is not None else [], bead is not None), change

        page = self.act("bd claim", work)
        return self.look(lambda: self._lined(page))

    def explained(
        self,
        wanted: Filter,
        *,
        sort: standing.Sort = "priority",
        parent: str = "",
        at_most: int = 0,
    ) -> Explained:
        """The ready and the blocked beads, and why they are so."""

        def work() -> Explained:
            asked = self._narrowed(wanted, parent, deep=True)
            page = self._ready(asked, sort, at_most=at_most)
            whole = self.whole()
            graph = whole.graph
            held = standing.blocked(whole.live.values(), graph, asked)
            return Explained(
                ready=[(bead, *_settled(bead, graph)) for bead in page.beads],
                blocked=[(bead, _holders(bead, graph)) for bead in held],
                total=page.total,
            )

        return self.look(work)

    def blocked(self, wanted: Filter, *, parent: str = "") -> list[tuple[Bead, Sequence[Blocker]]]:
        """The beads that wait for others, with what each waits for."""

        def work() -> list[tuple[Bead, Sequence[Blocker]]]:
            asked = self._narrowed(wanted, parent, deep=True)
            whole = self.whole()
            graph = whole.graph
            found = standing.blocked(whole.live.values(), graph, asked)
            return [(bead, graph.blockers(bead.id)) for bead in found]

        return self.look(work)

    def stale(self, *, days: int, statuses: tuple[str, ...] = ()) -> list[Bead]:
        """The live beads that nobody has touched for so many days, the longest first."""

        def work() -> list[Bead]:
            before = self.ports.now() - days * DAY_US
            wanted = Filter(statuses=statuses or ("open", "in_progress", "blocked", "hooked"))
            self._check_statuses(wanted)
            found = [
                b for b in filter(wanted.test(), self.live().values()) if b.updated_at < before
            ]
            return sorted(found, key=lambda bead: (bead.updated_at, bead.id))

        return self.look(work)

    # --- numbers

    def counted(self, wanted: Filter, by: str = "") -> tuple[int, dict[str, int]]:
        """How many beads are meant, closed ones too, and how many of each group."""

        def work() -> tuple[int, dict[str, int]]:
            self._check_statuses(wanted)
            found = list(filter(wanted.test(), self._all(wanted, everything=True)))
            names = standing.GROUPS.get(by)
            return len(found), standing.groups(found, names) if names else {}

        return self.look(work)

    def summary(self, *, mine: bool = False) -> Mapping[str, Any]:
        """How many beads there are of each standing."""
        actor = self.ports.caller.actor if mine else ""
        return self.look(
            lambda: standing.summary(
                self.store.find(Bead), self.whole().graph, now=self.ports.now(), actor=actor
            )
        )

    def labels(self) -> dict[str, int]:
        """Every label, and how many beads have it."""

        def work() -> dict[str, int]:
            found = self._all(Filter(), everything=True)
            return standing.groups(found, lambda bead: bead.labels)

        return self.look(work)

    def epics(self, *, only_done: bool = False) -> list[Progress]:
        """How far each epic is."""

        def work() -> list[Progress]:
            whole = self.whole()
            graph, found = whole.graph, []
            for epic in sorted(whole.live.values(), key=lambda bead: bead.id):
                if epic.issue_type == EPIC:
                    count = len(graph.children(epic.id))
                    left = len(standing.open_children(epic, graph))
                    found.append(Progress(epic=epic, children=count, closed=count - left))
            return [p for p in found if not only_done or (p.children and p.closed == p.children)]

        return self.look(work)


def _paged(
    found: Iterable[Some], key: Callable[[Some], Any], at_most: int, *, backwards: bool
) -> Page[Some]:
    """The first of them in the order of the key, or the last ones first."""
    if not backwards:
        return choosing.page(found, key, at_most=at_most)
    whole = sorted(found, key=key, reverse=True)
    return Page(whole[: at_most or None], len(whole))


def order_of(name: str) -> Any:
    """The key of an order by its name. Raises BadFieldError."""
    if name not in choosing.ORDERS:
        raise BadFieldError("sort", f"{name!r} is none of {', '.join(choosing.ORDERS)}")
    return choosing.ORDERS[name]


def _settled(bead: Bead, graph: Graph) -> tuple[list[str], int, str]:
    """The blockers that are closed, how many beads wait for this one, and its parent."""
    blockers = [link.depends_on_id for link in graph.needs(bead.id) if link.type == BLOCKS]
    waiting = sum(link.type == BLOCKS for link in graph.needed(bead.id))
    return blockers, waiting, graph.parent(bead.id)


def _holders(bead: Bead, graph: Graph) -> list[Bead | str]:
    return [graph.bead_of(one.id) or one.id for one in graph.blockers(bead.id)]
