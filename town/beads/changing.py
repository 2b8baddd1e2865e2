"""Changing beads: their fields, who has them, how they stand.

A verb takes several beads and does all of them or none; each is looked at as those before it in
the same command have left it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from ledger.beads import choosing, rules, standing
from ledger.beads.errors import (
    BadFieldError,
    BlockedError,
    NotOpenError,
    OpenChildrenError,
)
from ledger.beads.rows import (
    BLOCKED,
    BLOCKS,
    CLOSED,
    DEFERRED,
    EPIC,
    IN_PROGRESS,
    OPEN,
    PARENT_CHILD,
    TERMINAL,
    TOMBSTONE,
    Bead,
    Link,
)
from ledger.private.store import Change
from town.beads.making import Making

Step = Callable[[Bead, Mapping[str, Bead]], tuple[Bead, Change]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What closing beads led to."""

    closed: Sequence[Bead]
    unblocked: Sequence[Bead] = ()
    claimed: Bead | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to become of a bead; what is not said stays."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    claim: bool = False
    set_labels: Sequence[str] | None = None
    add_labels: Sequence[str] = ()
    remove_labels: Sequence[str] = ()
    append_notes: str = ""
    parent: str | None = None  # empty for none
    set_metadata: Mapping[str, Any] = field(default_factory=dict)
    unset_metadata: Sequence[str] = ()
    session: str = ""  # that closes it, where the status says so


class Changing(Making):
    """Changes beads for one caller."""

    def each(self, what: str, said: Sequence[str], step: Step) -> list[Bead]:
        """Every bead as the step leaves it, all in one change."""

        def work() -> tuple[list[Bead], Change]:
            done, change = self.stepped(said, step)
            return list(done.values()), change

        return self.act(what, work)

    def stepped(self, said: Sequence[str], step: Step) -> tuple[dict[str, Bead], Change]:
        """Every bead as the step leaves it, by id, and the change of all. Only within a turn."""
        done: dict[str, Bead] = {}
        whole = Change()
        for one in said:
            found = self.resolve(one)
            if found.id in done:
                continue  # named twice
            new, change = step(found, done)
            done[found.id] = new
            whole += change
        return done, whole

    # --- fields

    def update(self, said: str, fields: Mapping[str, Any]) -> Bead:
        """The bead with other fields; `status` moves it. Raises BeadError."""
        return self.edit((said,), Edit(fields=fields))[0]

    def edit(self, said: Sequence[str], edit: Edit) -> list[Bead]:
        """The beads, changed as the edit says. Raises BeadError."""
        return self.each("bd update", said, lambda old, done: self._edited(old, edit, done))

    def _edited(self, old: Bead, edit: Edit, done: Mapping[str, Bead]) -> tuple[Bead, Change]:
        now = self.ports.now()
        held = rules.claimed(old, self.ports.caller.actor, now=now) if edit.claim else old
        told = {**edit.fields}
        new = self._moved(held, told.pop("status", held.status), done, edit.session)
        new = replace(new, **told, **_notes(held, edit), **_metadata(held, edit))
        start = new if edit.set_labels is None else replace(new, labels=tuple(edit.set_labels))
        new = rules.labelled(start, add=edit.add_labels, remove=edit.remove_labels)
        new = self.checked(_deferred(old, new, edit.fields, now), old)
        links = Change() if edit.parent is None else self._under(old, edit.parent)
        if links or replace(new, updated_at=old.updated_at) != old:
            new = replace(new, updated_at=now)
        kind = "bead.claimed" if edit.claim and held is not old else "bead.updated"
        return new, self.changed(old, new, kind) + links

    def _moved(self, bead: Bead, status: str, done: Mapping[str, Bead], session: str) -> Bead:
        """The bead in another status; closing and opening again by their own rules."""
        if status == bead.status:
            return bead
        if status == TOMBSTONE:
            raise BadFieldError("status", "tombstone is what `bd delete` leaves")
        if status == CLOSED:
            return self._closed(bead, done, session=session)
        now = self.ports.now()
        if bead.status == CLOSED and status == OPEN:
            return rules.reopened(bead, now=now)
        if bead.status == TOMBSTONE:
            raise NotOpenError(bead.id, bead.status)
        return rules.moved(bead, status, now=now)

    def _under(self, bead: Bead, said: str) -> Change:
        """The step that puts the bead under another one, or under none."""
        above = self.store.find(Link, issue_id=bead.id)
        old = [link for link in above if link.type == PARENT_CHILD]
        if not said:
            return self.linked((), cut=old)
        parent = self.resolve(said).id
        if [link.depends_on_id for link in old] == [parent]:
            return Change()
        return self.linked([self.asked_link(bead.id, parent, PARENT_CHILD)], cut=old)

    # --- whose it is

    def claim(self, said: str) -> Bead:
        """The bead, in the caller's hands. Raises ClaimedError, NotOpenError."""
        return self.edit((said,), Edit(claim=True))[0]

    def claimed_next(
        self, wanted: choosing.Filter, *, sort: standing.Sort, done: Mapping[str, Bead]
    ) -> tuple[Bead | None, Change]:
        """The first bead that is ready and nobody else's, in the caller's hands, and the step."""
        now, actor = self.ports.now(), self.ports.caller.actor
        whole = self.outlines() if wanted.by_outline else self.whole()
        live = {**whole.live, **done}
        graph = whole.graph.with_beads(done) if done else whole.graph
        found = standing.ready(live.values(), graph, wanted, now=now, begun_from=self.begun_from())
        free = (bead for bead in found if bead.assignee in ("", actor))
        first = min(free, key=standing.readiest(sort, now=now), default=None)
        if first is None:
            return None, Change()
        bead = self.whole_one(first)
        new = rules.claimed(bead, actor, now=now)
        return new, self.changed(bead, new, "bead.claimed")

    def assign(self, said: str, whose: str) -> Bead:
        """The bead, given to somebody, or to nobody."""
        return self.update(said, {"assignee": whose})

    # --- closed and open again

    def close(self, said: str, *, reason: str = "", force: bool = False) -> Bead:
        """The bead, closed. Raises BlockedError, PinnedError, NotOpenError, OpenChildrenError."""
        return self.close_all({said: reason}, force=force).closed[0]

    def close_all(
        self,
        reasons: Mapping[str, str],
        *,
        force: bool = False,
        session: str = "",
        suggest: bool = False,
        claim_next: bool = False,
    ) -> Closing:
        """The beads, closed for their reasons, and what that led to."""

        def work() -> tuple[Closing, Change]:
            def step(old: Bead, done: Mapping[str, Bead]) -> tuple[Bead, Change]:
                why = why_of.get(old.id, "")
                new = self._closed(old, done, reason=why, force=force, session=session)
                return new, self.changed(old, new, "bead.closed")

            why_of = {self.resolve(one).id: why for one, why in reasons.items()}
            done, change = self.stepped(tuple(reasons), step)
            freed = self._freed(done) if suggest else ()
            claimed = None
            if claim_next:
                claimed, more = self.claimed_next(choosing.Filter(), sort="priority", done=done)
                change += more
            return Closing(closed=list(done.values()), unblocked=freed, claimed=claimed), change

        return self.act("bd close", work)

    def _closed(
        self,
        old: Bead,
        done: Mapping[str, Bead],
        *,
        reason: str = "",
        force: bool = False,
        session: str = "",
    ) -> Bead:
        near = self.near(beads=done)
        if not force and old.status not in TERMINAL:
            found = near.blockers(old.id)
            open_ones = [blocker.id for blocker in found if blocker.how in ("open", "outside")]
            if open_ones:
                raise BlockedError(old.id, open_ones)
            if old.issue_type == EPIC and (left := standing.open_children(old, near)):
                raise OpenChildrenError(old.id, left)
        session = session or self.ports.caller.session
        now = self.ports.now()
        return rules.closed(old, now=now, reason=reason, session=session, force=force)

    def _freed(self, done: Mapping[str, Bead]) -> list[Bead]:
        """The live beads that waited for these, and wait for nothing any more."""
        near = self.near(beads=done)
        waiting = {
            link.issue_id: None
            for bead in done
            for link in near.needed(bead)
            if link.type == BLOCKS
        }
        found = [near.bead_of(bead) for bead in waiting if not near.blockers(bead)]
        return [bead for bead in found if bead is not None and bead.status not in TERMINAL]

    def reopen(self, said: str) -> Bead:
        """The bead, open again."""
        return self.reopen_all((said,))[0]

    def reopen_all(self, said: Sequence[str], *, reason: str = "") -> list[Bead]:
        """The beads, open again."""

        def step(old: Bead, _: Mapping[str, Bead]) -> tuple[Bead, Change]:
            new = rules.reopened(old, now=self.ports.now())
            told = {"reason": reason} if reason else {}
            return new, self.changed(old, new, "bead.reopened", **told)

        return self.each("bd reopen", said, step)

    def defer(self, said: Sequence[str], until: int = 0) -> list[Bead]:
        """The beads wait until a moment, or until somebody says otherwise."""

        def step(old: Bead, _: Mapping[str, Bead]) -> tuple[Bead, Change]:
            if old.status in TERMINAL:
                raise NotOpenError(old.id, old.status)
            new = rules.deferred(old, until, now=self.ports.now())
            return new, self.changed(old, new, "bead.deferred")

        return self.each("bd defer", said, step)

    def undefer(self, said: Sequence[str]) -> list[Bead]:
        """The beads wait for no day any more."""

        def step(old: Bead, _: Mapping[str, Bead]) -> tuple[Bead, Change]:
            if old.status != DEFERRED and not old.defer_until:
                return old, Change()
            status = OPEN if old.status == DEFERRED else old.status
            new = rules.moved(old, status, now=self.ports.now(), defer_until=0)
            return new, self.changed(old, new, "bead.undeferred")

        return self.each("bd undefer", said, step)


def _notes(bead: Bead, edit: Edit) -> dict[str, Any]:
    if not edit.append_notes:
        return {}
    before = edit.fields.get("notes", bead.notes)
    return {"notes": f"{before}\n{edit.append_notes}" if before else edit.append_notes}


def _metadata(bead: Bead, edit: Edit) -> dict[str, Any]:
    if not edit.set_metadata and not edit.unset_metadata:
        return {}
    whole = {**edit.fields.get("metadata", bead.metadata), **edit.set_metadata}
    return {"metadata": {key: it for key, it in whole.items() if key not in edit.unset_metadata}}


def _deferred(old: Bead, new: Bead, fields: Mapping[str, Any], now: int) -> Bead:
    """A day to wait for puts the bead aside; taking it back opens it."""
    if "defer_until" not in fields or "status" in fields:
        return new
    if new.defer_until > now and old.status in (OPEN, IN_PROGRESS, BLOCKED):
        return rules.moved(new, DEFERRED, now=now)
    if not new.defer_until and old.status == DEFERRED:
        return rules.moved(new, OPEN, now=now)
    return new
