"""Links between beads: made where they close no circle, cut, and followed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from ledger.beads import branches, rules, waiting
from ledger.beads.errors import (
    BadFieldError,
    CycleError,
    LinkedError,
    NoBeadError,
    SecondParentError,
)
from ledger.beads.rows import BLOCKING, PARENT_CHILD, RELATED, Bead, Link
from ledger.beads.waiting import OUTSIDE
from ledger.private.rows import SHORT_CHARS_MAX, Cursor
from ledger.private.store import Change, Dropped, Seen
from town.beads.finding import Finding

LINKS_WRITTEN: Final = "links written"
Asked = tuple[str, str, str]  # (bead, what it depends on, kind)
LOOSE: Final = ("relates-to", RELATED)


class Linking(Finding):
    """Links and unlinks beads."""

    def link(self, asked: Sequence[Asked], *, unchecked: bool = False) -> list[Link]:
        """The links, all of them or none. Raises CycleError, LinkedError, SecondParentError."""

        def work() -> tuple[list[Link], Change]:
            links = [
                self.asked_link(self.resolve(bead).id, self._needed(needs), kind)
                for bead, needs, kind in asked
            ]
            return links, self._touched(self.linked(links, unchecked=unchecked))

        return self.act("bd dep add", work)

    def _needed(self, said: str) -> str:
        """The id of what is depended on, which may be something outside."""
        if not said.startswith(OUTSIDE):
            return self.resolve(said).id
        if len(said) > SHORT_CHARS_MAX or said.count(":") < 2 or said.endswith(":"):  # noqa: PLR2004
            raise BadFieldError("id", f"{said!r} is none; external:<project>:<capability> is")
        return said

    def asked_link(self, bead: str, needs: str, kind: str) -> Link:
        """The link that somebody asks for; to itself a bead has none. Raises CycleError."""
        if bead == needs:
            raise CycleError((bead, needs))
        return self.new_link(bead, needs, kind)

    def new_link(self, bead: str, needs: str, kind: str, *, metadata: str = "") -> Link:
        """The link as the caller makes it now."""
        return Link(
            issue_id=bead,
            depends_on_id=needs,
            type=rules.checked_link_kind(kind),
            created_at=self.ports.now(),
            created_by=self.ports.caller.actor,
            metadata=metadata,
        )

    def linked(
        self,
        links: Sequence[Link],
        *,
        made: Mapping[str, Bead] | None = None,
        cut: Iterable[Link] = (),
        unchecked: bool = False,
        mark: Seen | None = None,
    ) -> Change:
        """The step that makes these links and cuts others; beads in `made` come with it.

        Every such step rests on the one before, so that two that are fine alone and a circle
        together cannot both happen. `mark` was taken before any link was looked at.
        """
        mark = mark or self.mark()
        gone = {link.key for link in cut}
        new = [link for link in links if self._is_new(link, gone)]
        if not new and not gone:
            return Change()
        near = self.near(new, made)
        if gone:
            needs = near.needs
            near.needs = lambda bead: [one for one in needs(bead) if one.key not in gone]
        for link in new:
            if link.type == PARENT_CHILD:
                self._check_one_parent(link, near)
            if link.type in BLOCKING and not unchecked:
                way = near.cycle(link.issue_id, link.depends_on_id)
                if way:
                    raise CycleError(way)
        return self._step(new, gone, mark)

    def _is_new(self, link: Link, gone: set[tuple[str | int, ...]]) -> bool:
        there = self.store.get(Link, *link.key)
        if there is None or there.key in gone:
            return True
        if there.type != link.type:
            raise LinkedError(link.issue_id, link.depends_on_id, there.type)
        return False

    def _check_one_parent(self, link: Link, near: waiting.Graph) -> None:
        parents = [one for one in near.needs(link.issue_id) if one.type == PARENT_CHILD]
        others = [one.depends_on_id for one in parents if one.depends_on_id != link.depends_on_id]
        if others:
            raise SecondParentError(link.issue_id, others[0])

    def mark(self) -> Seen:
        """Which step of links was the last one, as the next rests on it."""
        last = self.store.get(Cursor, LINKS_WRITTEN)
        return Seen(kind=Cursor, key=(LINKS_WRITTEN,), row=last)

    def _step(
        self, new: Sequence[Link], gone: Iterable[tuple[str | int, ...]], mark: Seen
    ) -> Change:
        kept = {link.key for link in new}
        dropped = [key for key in gone if key not in kept]
        told = [self.event("link.added", a.issue_id, to=a.depends_on_id, type=a.type) for a in new]
        told += [self.event("link.removed", str(bead), to=str(to)) for bead, to in dropped]
        return self.links_written(mark) + Change(
            puts=tuple(new),
            drops=tuple(Dropped(kind=Link, key=key) for key in dropped),
            events=tuple(told),
        )

    def links_written(self, mark: Seen | None = None) -> Change:
        """That links are written now: whoever looked for a circle meanwhile looks again."""
        rests = mark or self.mark()
        last = rests.row.seq if isinstance(rests.row, Cursor) else 0
        return Change(puts=(Cursor(name=LINKS_WRITTEN, seq=last + 1),), seen=(rests,))

    def _touched(self, change: Change) -> Change:
        """The same, and the beads whose links these are were changed now: a file is older."""
        beads = {row.issue_id for row in change.puts if isinstance(row, Link)}
        beads |= {str(drop.key[0]) for drop in change.drops}
        found = [bead for one in sorted(beads) if (bead := self.bead_of(one)) is not None]
        now = self.ports.now()
        return change + Change(
            puts=tuple(replace(bead, updated_at=now) for bead in found),
            seen=tuple(self.seen(bead) for bead in found),
        )

    def unlink(self, said: str, needs: str) -> tuple[str, str, bool]:
        """Both ids, and whether there was a link to cut."""

        def work() -> tuple[tuple[str, str, bool], Change]:
            bead, other = self.resolve(said).id, self._needed_or_gone(needs)
            there = self.store.get(Link, bead, other)
            cut = self.linked((), cut=(there,)) if there is not None else Change()
            return (bead, other, there is not None), self._touched(cut)

        return self.act("bd dep remove", work)

    def _needed_or_gone(self, said: str) -> str:
        """The id of a link's other end, also where the bead is no more."""
        try:
            return self._needed(said)
        except NoBeadError:
            if self.store.find(Link, depends_on_id=said):
                return said
            raise

    def relate(self, one: str, other: str, *, apart: bool = False) -> tuple[str, str]:
        """The two beads are related, each to the other; or no more, where `apart`."""

        def work() -> tuple[tuple[str, str], Change]:
            pair = (self.resolve(one).id, self.resolve(other).id)
            ways = (pair, pair[::-1])
            if apart:
                there = [link for way in ways if (link := self.store.get(Link, *way)) is not None]
                loose = [link for link in there if link.type in LOOSE]
                return pair, self._touched(self.linked((), cut=loose))
            links = [self.asked_link(*way, LOOSE[0]) for way in ways]
            return pair, self._touched(self.linked(links))

        return self.act("bd dep relate", work)

    # --- following

    def ends(
        self, said: Sequence[str], *, up: bool = False, kind: str = ""
    ) -> list[tuple[Link, Bead | None]]:
        """The links of these beads, each with the bead at its other end."""

        def work() -> list[tuple[Link, Bead | None]]:
            ids = [self.resolve(one).id for one in said]
            near = self.near()
            links = [link for one in ids for link in (near.needed if up else near.needs)(one)]
            return [
                (link, self.bead_of(link.issue_id if up else link.depends_on_id))
                for link in links
                if not kind or link.type == kind
            ]

        return self.look(work)

    def tree(
        self,
        said: str,
        *,
        direction: Literal["down", "up"] = "down",
        deepest: int = branches.DEPTH_DEFAULT,
        every_way: bool = False,
    ) -> list[branches.Node]:
        """What hangs on the bead."""

        def work() -> list[branches.Node]:
            return branches.branches(
                self.near(),
                self.resolve(said),
                direction=direction,
                deepest=deepest,
                every_way=every_way,
            )

        return self.look(work)

    def circles(self) -> list[list[Bead]]:
        """The beads of each circle, in its order; there is none unless an import brought one."""

        def work() -> list[list[Bead]]:
            ways = waiting.cycles(self.store.find(Link))
            return [[bead for one in way[:-1] if (bead := self.bead_of(one))] for way in ways]

        return self.look(work)
