"""Making beads: one, or a whole plan of them, with their links, in one step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from ledger.beads import ids, rules
from ledger.beads.errors import OtherPrefixError, TakenIdError
from ledger.beads.plan import Plan, PlanNode, parents_first
from ledger.beads.rows import BLOCKS, DEFERRED, PARENT_CHILD, WAITS_FOR, Bead, Comment, Link
from ledger.private.store import Change
from town.beads.linking import Linking

CHILDREN_MAX = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A bead to be made: fields by their names, and what it is linked to."""

    title: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    prefix: str = ""
    parent: str = ""
    links: Sequence[tuple[str, str]] = ()  # (kind, id of the bead that it depends on)
    blocks: Sequence[str] = ()  # beads that wait for it
    waits_for: str = ""  # whose children it waits for
    gate: str = ""  # for which of them: `all-children` or `any-children`
    inherit: bool = True  # whether it has its parent's labels
    any_prefix: bool = False


class Making(Linking):
    """Makes beads for one caller."""

    def create(self, draft: Draft) -> Bead:
        """A new bead, with its links. Raises BeadError."""
        return self.create_all((draft,))[0]

    def create_all(self, drafts: Sequence[Draft]) -> list[Bead]:
        """New beads with their links, all of them or none. Raises BeadError."""

        def work() -> tuple[list[Bead], Change]:
            made: dict[str, Bead] = {}
            links: list[Link] = []
            for draft in drafts:
                bead = self._bead(draft, made)
                made[bead.id] = bead
                links += self._links(draft, bead.id)
            return list(made.values()), self._made(made, links)

        return self.act("bd create", work)

    def draft(self, draft: Draft) -> Bead:
        """The bead as it would be, without an id; nothing is made."""
        return self.look(lambda: replace(self._bead(draft, {}), id=draft.id))

    def _made(self, made: Mapping[str, Bead], links: Sequence[Link]) -> Change:
        return Change(
            puts=tuple(made.values()),
            events=tuple(
                replace(self.event("bead.created", b.id, title=b.title), at=b.created_at)
                for b in made.values()
            ),
            seen=tuple(self.missing(Bead, bead) for bead in made),
        ) + self.linked(links, made=made)

    def _bead(self, draft: Draft, made: Mapping[str, Bead]) -> Bead:
        now = self.ports.now()
        parent = self._parent(draft, made)
        fields = {"owner": self.ports.caller.owner, **draft.fields}
        if parent is not None and draft.inherit:
            fields["labels"] = (*parent.labels, *fields.get("labels", ()))
        if fields.get("defer_until", 0) > now:
            fields.setdefault("status", DEFERRED)
        bead = Bead(
            id=self._new_id(draft, parent.id if parent else "", made),
            title=draft.title,
            created_at=now,
            updated_at=now,
            created_by=self.ports.caller.actor,
            **fields,
        )
        return self.checked(rules.labelled(bead))

    def _parent(self, draft: Draft, made: Mapping[str, Bead]) -> Bead | None:
        if not draft.parent:
            return None
        return made.get(draft.parent) or self.resolve(draft.parent)

    def _new_id(self, draft: Draft, parent: str, made: Mapping[str, Bead]) -> str:
        if draft.id:
            return self._asked_id(draft)
        if parent:
            there = self.store.keys(Bead, f"{parent}.", at_most=CHILDREN_MAX)
            return ids.next_child(parent, (*(str(key[0]) for key in there), *made))
        prefix = ids.checked_prefix(draft.prefix or self.prefix())
        return ids.new_id(prefix, self.ports.new_secret, lambda id_: self._taken(id_, made))

    def _asked_id(self, draft: Draft) -> str:
        bead = ids.checked_id(draft.id)
        if self.store.get(Bead, bead) is not None:
            raise TakenIdError(bead)
        prefixes = self.prefixes()
        if not draft.any_prefix and not bead.startswith(tuple(f"{one}-" for one in prefixes)):
            raise OtherPrefixError(bead, prefixes[0])
        return bead

    def _taken(self, bead: str, made: Mapping[str, Bead]) -> bool:
        return bead in made or self.store.get(Bead, bead) is not None

    def _links(self, draft: Draft, bead: str) -> list[Link]:
        found = [self.asked_link(bead, self._needed(to), kind) for kind, to in draft.links]
        found += [self.asked_link(self.resolve(to).id, bead, BLOCKS) for to in draft.blocks]
        if draft.waits_for:
            spawner = self.resolve(draft.waits_for).id
            gate = f'{{"gate": "{draft.gate or "all-children"}"}}'
            found.append(self.new_link(bead, spawner, WAITS_FOR, metadata=gate))
        if draft.parent:
            parent = ids.parent_of(bead) if not draft.id else ""
            found.append(self.new_link(bead, parent or self.resolve(draft.parent).id, PARENT_CHILD))
        return found

    # --- plans

    def create_plan(self, plan: Plan, *, dry: bool = False, **fields: Any) -> dict[str, str]:
        """The id of each node of the plan by its key; all of them are made, or none if `dry`."""

        def work() -> tuple[dict[str, str], Change]:
            made: dict[str, Bead] = {}
            known: dict[str, str] = {}
            for node in parents_first(plan):
                bead = self._bead(_draft_of(node, known, fields), made)
                made[bead.id] = bead
                known[node.key] = bead.id
            links = [*self._edges(plan, known)]
            for node in plan.nodes:
                bead = made[known[node.key]]
                more = {name: known[key] for name, key in node.metadata_refs.items()}
                made[bead.id] = replace(bead, metadata={**bead.metadata, **more})
            change = self._made(made, links)  # refuses what cannot be
            return known, Change() if dry else change

        return self.act("bd create --graph", work)

    def _edges(self, plan: Plan, known: Mapping[str, str]) -> Iterable[Link]:
        for node in plan.nodes:
            above = known[node.parent_key] if node.parent_key else node.parent_id
            if above:
                parent = above if node.parent_key else self.resolve(above).id
                yield self.new_link(known[node.key], parent, PARENT_CHILD)
        for edge in plan.edges:
            bead = known[edge.from_key] if edge.from_key else self.resolve(edge.from_id).id
            needs = known[edge.to_key] if edge.to_key else self._needed(edge.to_id)
            yield self.asked_link(bead, needs, edge.type)

    # --- comments

    def comment(self, said: str, text: str, *, author: str = "") -> Comment:
        """The comment, kept beside its bead."""
        rules.check_comment(text)

        def work() -> tuple[Comment, Change]:
            bead, now = self.resolve(said), self.ports.now()
            comment = Comment(
                issue_id=bead.id,
                id=ids.comment_id(now, self.ports.new_secret()),
                author=author or self.ports.caller.actor,
                text=text,
                created_at=now,
            )
            told = self.event("bead.commented", bead.id, text=text[: rules.TITLE_CHARS_MAX])
            told = replace(told, at=now)
            return comment, Change(
                puts=(comment, replace(bead, updated_at=now)),
                events=(told,),
                seen=(self.seen(bead), self.missing(Comment, *comment.key)),
            )

        return self.act("bd comment", work)

    def comments(self, said: str) -> list[Comment]:
        """What was said about the bead, the first first."""
        return self.look(lambda: self.comments_of(self.resolve(said).id))

    def comments_of(self, bead: str) -> list[Comment]:
        """What was said about the bead with this id. Only within a turn."""
        found = self.store.find(Comment, issue_id=bead)
        return sorted(found, key=lambda comment: (comment.created_at, comment.id))


def _draft_of(node: PlanNode, known: Mapping[str, str], fields: Mapping[str, Any]) -> Draft:
    """The bead that a node asks for, under a parent that has an id by now."""
    told: dict[str, Any] = {
        "description": node.description,
        "assignee": node.assignee,
        "labels": node.labels,
        "metadata": node.metadata,
        **fields,
    }
    told |= {"issue_type": node.type} if node.type else {}
    told |= {"priority": node.priority} if node.priority is not None else {}
    parent = known[node.parent_key] if node.parent_key else node.parent_id
    return Draft(title=node.title, fields=told, parent=parent)
