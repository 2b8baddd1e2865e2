"""The desk at which convoys are made, added to, looked at, closed, landed and watched.

One method a verb; each is one turn and one change. A convoy is made with its members or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ledger.beads import ids
from ledger.beads.rows import OPEN, TERMINAL, Bead
from ledger.beads.waiting import Graph
from ledger.private.rows import Row
from ledger.private.store import Change, Dropped
from ledger.workspace import convoys
from ledger.workspace.addresses import one as one_address
from ledger.workspace.addresses import resolved
from ledger.workspace.rows import Agent
from ledger.workspace.talk import (
    BY_MAIL,
    BY_NUDGE,
    CLOSED_CONVOY,
    NOTIFY,
    OPEN_CONVOY,
    WATCH,
    Convoy,
    ConvoyItem,
    Subscription,
)
from ledger.workspace.work import MERGE_WAYS, Assignment
from town.convoys.errors import BadConvoyError, NotOwnedError, OpenItemsError
from town.convoys.landing import Landed, Landing
from town.convoys.members import CONVOY_PREFIX, View

TITLE_CHARS_MAX: Final = 500
MEMBERS_MAX: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConvoy:
    """A convoy as somebody wants it."""

    title: str
    beads: Sequence[str] = ()
    from_epic: str = ""
    owner: str = ""
    notify: Sequence[str] = ()
    merge: str = ""
    base_branch: str = ""
    owned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A convoy that was ended by somebody: whether it was open until now, and what stays."""

    convoy: Convoy
    fresh: bool
    worktrees: Sequence[str] = ()


class Convoys(Landing):
    """The convoys of a town, as one caller works on them."""

    # --- making

    def create(self, wanted: NewConvoy, *, status: str = OPEN_CONVOY) -> Convoy:
        """The convoy follows its beads. Raises ConvoyError, BeadError, AddressError."""

        def work() -> tuple[Convoy, Change]:
            return self.made(wanted, self._meant(wanted), status=status)

        return self.act("gt convoy create", work)

    def made(
        self, wanted: NewConvoy, beads: Sequence[Bead], *, status: str
    ) -> tuple[Convoy, Change]:
        """The step that makes the convoy with these beads."""
        _check(wanted, len(beads))
        known, now = self.post.directory(), self.ports.now()
        owner = one_address(wanted.owner, known) if wanted.owner else self.post.me()
        notify = resolved(wanted.notify, known)
        made = Convoy(
            id=ids.new_id(CONVOY_PREFIX, self.ports.new_secret, self._taken),
            title=wanted.title.strip(),
            status=status,
            owner=owner,
            merge=wanted.merge,
            base_branch=wanted.base_branch,
            owned=wanted.owned,
            created_at=now,
            created_by=self.ports.caller.actor,
            changed_at=now,
        )
        rows: list[Row] = [made, *self._items(made.id, beads)]
        rows += [Subscription(convoy=made.id, address=one, part=NOTIFY) for one in notify]
        told = self.event("convoy.created", made.id, title=made.title, members=len(beads))
        return made, Change(puts=tuple(rows), events=(told,), seen=(self.missing(Convoy, made.id),))

    def _taken(self, name: str) -> bool:
        return self.store.get(Convoy, name) is not None

    def _items(self, convoy: str, beads: Sequence[Bead]) -> list[ConvoyItem]:
        now = self.ports.now()
        return [
            ConvoyItem(convoy=convoy, bead=bead.id, added_at=now + place)
            for place, bead in enumerate(beads)
        ]

    def _meant(self, wanted: NewConvoy) -> list[Bead]:
        """The beads that are named, and those of the epic, each once."""
        found = {bead.id: bead for bead in map(self.resolve, wanted.beads)}
        if wanted.from_epic:
            found.update((bead.id, bead) for bead in self.below(wanted.from_epic))
        return list(found.values())

    def below(self, epic: str) -> list[Bead]:
        """The beads under an epic that a worker can be given, however deep."""
        near, left = self.near(), [self.resolve(epic).id]
        found: dict[str, Bead] = {}
        met = set(left)
        while left:
            for child in near.children(left.pop(0)):
                bead = self.bead_of(child)
                if bead is None or child in met:
                    continue
                met.add(child)
                left.append(child)
                if bead.issue_type in convoys.SLINGABLE and bead.status not in TERMINAL:
                    found[child] = bead
        if not found:
            raise BadConvoyError(f"{epic} has nothing under it that a worker could be given")
        return list(found.values())

    def add(self, said: str, beads: Sequence[str]) -> tuple[Convoy, list[str]]:
        """The convoy follows these beads too, and is open again; which of them are new."""

        def work() -> tuple[tuple[Convoy, list[str]], Change]:
            convoy = self.convoy(said)
            there = {item.bead for item in self.items(convoy.id)}
            named = {bead.id: bead for bead in map(self.resolve, beads)}
            fresh = [bead for name, bead in named.items() if name not in there]
            if not fresh:
                return (convoy, []), Change()
            if len(there) + len(fresh) > MEMBERS_MAX:
                raise BadConvoyError(f"{convoy.id} would follow more than {MEMBERS_MAX} beads")
            # Always another row than before: a landing that looked before this one must not happen.
            new = replace(convoy, changed_at=max(self.ports.now(), convoy.changed_at + 1))
            if convoy.status == CLOSED_CONVOY:
                new = replace(new, status=OPEN_CONVOY, closed_at=0, close_reason="")
            told = self.event(
                "convoy.reopened" if new.status != convoy.status else "convoy.added",
                convoy.id,
                beads=[bead.id for bead in fresh],
            )
            rows = (new, *self._items(convoy.id, fresh))
            change = Change(puts=rows, events=(told,), seen=(self.seen(convoy),))
            return (new, [bead.id for bead in fresh]), change

        return self.act("gt convoy add", work)

    # --- looking

    def listed(self, *, everything: bool = False, status: str = "") -> list[View]:
        """The convoys, the oldest first; closed ones only where that is asked for."""

        def work() -> list[View]:
            found = self.in_order(everything=everything or bool(status))
            wanted = [c for c in found if not status or c.status.startswith(status)]
            return self.views(wanted)

        return self.look(work)

    def show(self, said: str) -> View:
        """The convoy with this id or number. Raises ConvoyError."""
        return self.look(lambda: self.views([self.convoy(said)])[0])

    def tracking(self, bead: str) -> list[str]:
        """The convoys that follow a bead."""
        return self.look(lambda: [item.convoy for item in self.store.find(ConvoyItem, bead=bead)])

    # --- feeding

    def feeding(self, bead: str) -> list[str]:
        """The convoys that would give the bead to a worker by themselves, as things stand."""
        return sorted(
            {
                convoy.id
                for convoy, one in self.ready_members(self.ports.now())
                if one.id == bead and self.town.dispatching()
            }
        )

    def ready_members(self, now: int) -> list[tuple[Convoy, Bead]]:
        """Every bead of an open convoy that is to be given to a worker now, within capacity.

        The most urgent first; each once, however many convoys follow it.
        """

        def work() -> list[tuple[Convoy, Bead]]:
            dispatch, near = self.dispatch(), self.near()
            if dispatch.paused:
                return []
            found: dict[str, tuple[Convoy, Bead]] = {}
            for convoy in self.in_order():
                if convoy.status == OPEN_CONVOY and not convoy.owned:
                    for bead in self._ready(convoy, near, now):
                        found.setdefault(bead.id, (convoy, bead))
            order = sorted(found.values(), key=lambda p: (p[1].priority, p[0].created_at, p[1].id))
            return self._with_room(order)[: dispatch.free]

        return self.look(work)

    def _with_room(self, order: Sequence[tuple[Convoy, Bead]]) -> list[tuple[Convoy, Bead]]:
        """The first of them, as many of each rig as may have a worker."""
        left: dict[str, int | None] = {}
        found = []
        for convoy, bead in order:
            rig = self.rig_of(bead.id)
            name = rig.name if rig is not None else ""
            room = left[name] if name in left else self.room(name)
            if room != 0:
                found.append((convoy, bead))
            left[name] = room - 1 if room else room
        return found

    def _ready(self, convoy: Convoy, near: Graph, now: int) -> list[Bead]:
        found = [bead for _, bead in self.beads(convoy.id) if bead is not None]
        live = [bead for bead in found if bead.status == OPEN and not bead.assignee]
        return [one for one in live if convoys.is_ready(self.standing(one, near), now=now)]

    def stranded(self) -> list[View]:
        """The open convoys with something ready that nobody has, or with nothing in them."""

        def work() -> list[View]:
            found = [c for c in self.in_order() if c.status == OPEN_CONVOY]
            views = self.views(found)
            return [view for view in views if not view.members or self.ready_of(view)]

        return self.look(work)

    def ready_of(self, view: View) -> list[str]:
        """The members that could be given to a worker now, by id."""
        now = self.ports.now()
        standings = [one.standing for one in view.members if one.standing is not None]
        return [one.bead.id for one in standings if convoys.is_ready(one, now=now)]

    # --- ending

    def check(self, said: str = "", *, dry: bool = False) -> list[Landed]:
        """The convoys that landed by being looked at; with `dry`, that would."""
        names = self.look(
            lambda: [self.convoy(said).id] if said else [c.id for c in self.in_order()]
        )
        found = [self.try_landing(name, dry=dry) for name in names]
        return [one for one in found if one is not None]

    def close(self, said: str, *, reason: str = "", force: bool = False, notify: str = "") -> Ended:
        """The convoy is closed. Raises OpenItemsError where beads of it are open, unless forced."""

        def work() -> tuple[Ended, Change]:
            convoy = self.convoy(said)
            if convoy.status == CLOSED_CONVOY:
                return Ended(convoy=convoy, fresh=False), Change()
            self._all_done(convoy, force=force)
            also = resolved((notify,), self.post.directory()) if notify else ()
            over, change = self.closed(convoy, reason or "closed by hand", also=also)
            return Ended(convoy=over, fresh=True), change

        return self.act("gt convoy close", work)

    def land(self, said: str, *, force: bool = False, dry: bool = False) -> Ended:
        """The owned convoy is closed, and everybody told. Raises NotOwnedError, OpenItemsError.

        It names the worktrees in which its beads were worked on.
        """

        def work() -> tuple[Ended, Change]:
            convoy = self.convoy(said)
            if not convoy.owned:
                raise NotOwnedError(convoy.id)
            trees = self._worktrees(convoy.id)
            if convoy.status == CLOSED_CONVOY:
                return Ended(convoy=convoy, fresh=False, worktrees=trees), Change()
            self._all_done(convoy, force=force)
            over, change = self.closed(convoy, convoys.BY_OWNER)
            ended = Ended(convoy=over, fresh=True, worktrees=trees)
            return ended, Change() if dry else change

        return self.act("gt convoy land", work)

    def _all_done(self, convoy: Convoy, *, force: bool) -> None:
        beads = [bead for _, bead in self.beads(convoy.id) if bead is not None]
        left = [bead.id for bead in beads if bead.status not in TERMINAL]
        if left and not force:
            raise OpenItemsError(convoy.id, left)

    def _worktrees(self, convoy: str) -> list[str]:
        """The worktrees in which its beads were worked on, of workers who have no work now."""
        beads = tuple(item.bead for item in self.items(convoy))
        works = self.store.find(Assignment, bead=beads) if beads else ()
        agents = {work.agent: self.store.get(Agent, work.agent) for work in works}
        free = [name for name, agent in agents.items() if agent is not None and not agent.hook_bead]
        return sorted({work.worktree for work in works if work.worktree and work.agent in free})

    # --- watching

    def watch(self, said: str, *, address: str = "", nudge: bool = False) -> Subscription:
        """Somebody, the caller where nobody is named, is told when the convoy lands."""

        def work() -> tuple[Subscription, Change]:
            convoy, who = self.convoy(said), self._watcher(address)
            old = self.store.get(Subscription, convoy.id, who)
            how = BY_NUDGE if nudge else BY_MAIL
            new = Subscription(
                convoy=convoy.id, address=who, how=how, part=old.part if old else WATCH
            )
            rests = self.seen(old) if old else self.missing(Subscription, convoy.id, who)
            told = self.event("convoy.watched", convoy.id, address=who, how=how)
            return new, Change() if new == old else Change(
                puts=(new,), events=(told,), seen=(rests, self.seen(convoy))
            )

        return self.act("gt convoy watch", work)

    def unwatch(self, said: str, *, address: str = "") -> bool:
        """Whether somebody was to be told; they are not any more."""

        def work() -> tuple[bool, Change]:
            convoy, who = self.convoy(said), self._watcher(address)
            old = self.store.get(Subscription, convoy.id, who)
            if old is None:
                return False, Change()
            told = self.event("convoy.unwatched", convoy.id, address=who)
            drop = Dropped(kind=Subscription, key=old.key)
            return True, Change(drops=(drop,), events=(told,), seen=(self.seen(old),))

        return self.act("gt convoy unwatch", work)

    def _watcher(self, address: str) -> str:
        return one_address(address, self.post.directory()) if address else self.post.me()


def _check(wanted: NewConvoy, members: int) -> None:
    if not wanted.title.strip():
        raise BadConvoyError("a convoy needs a name")
    if len(wanted.title) > TITLE_CHARS_MAX:
        raise BadConvoyError(f"the name is longer than {TITLE_CHARS_MAX} characters")
    if wanted.merge not in ("", *MERGE_WAYS):
        raise BadConvoyError(f"merge {wanted.merge!r} is none of {', '.join(MERGE_WAYS)}")
    if members > MEMBERS_MAX:
        raise BadConvoyError(f"it would follow more than {MEMBERS_MAX} beads")
