"""A plan of several beads at once, as `bd create --graph` reads it: nodes by key, and edges.

Pure. Nothing of a plan is made unless all of it can be; an unknown field is refused, because a
plan that means something else than it says is worse than none.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

import msgspec

from ledger.beads.errors import BeadError
from ledger.beads.rows import BLOCKS

NODES_MAX: Final = 10_000
PLAN_BYTES_MAX: Final = 16 << 20
Said = Annotated[str, msgspec.Meta(min_length=1)]


class BadPlanError(BeadError):
    """A plan cannot be made as it stands."""

    code: ClassVar[str] = "bead.plan"
    hint: ClassVar[str] = "Mend the plan; nothing of it was made."
    exit: ClassVar[int] = 2

    def __init__(self, why: str) -> None:
        super().__init__(f"invalid graph plan: {why}")


class PlanNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bead to be made."""

    key: Said
    title: Said
    type: str = ""
    description: str = ""
    assignee: str = ""
    assign_after_create: bool = False
    priority: int | None = None
    labels: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = msgspec.field(default_factory=dict)
    metadata_refs: Mapping[str, str] = msgspec.field(default_factory=dict)
    parent_key: str = ""
    parent_id: str = ""


class PlanEdge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That one bead depends on another: each a key of the plan or an id."""

    from_key: str = ""
    from_id: str = ""
    to_key: str = ""
    to_id: str = ""
    type: str = BLOCKS


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Beads and what they depend on."""

    nodes: tuple[PlanNode, ...]
    edges: tuple[PlanEdge, ...] = ()
    commit_message: str = ""


def read_plan(text: str) -> Plan:
    """The plan that the text holds. Raises BadPlanError."""
    if len(text) > PLAN_BYTES_MAX:
        raise BadPlanError(f"is longer than {PLAN_BYTES_MAX} bytes")
    try:
        plan = msgspec.convert(json.loads(text), Plan)
    except (ValueError, msgspec.ValidationError) as error:
        raise BadPlanError(str(error)) from error
    _check(plan)
    return plan


def _check(plan: Plan) -> None:
    keys = [node.key for node in plan.nodes]
    known = set(keys)
    if not keys or len(keys) > NODES_MAX:
        raise BadPlanError(f"it has {len(keys)} nodes; 1 to {NODES_MAX} can be made")
    if len(known) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadPlanError(f"two nodes have the key {twice!r}")
    for key in _keys_named(plan):
        if key and key not in known:
            raise BadPlanError(f"no node has the key {key!r}")
    _check_ends(plan)


def _check_ends(plan: Plan) -> None:
    for edge in plan.edges:
        if bool(edge.from_key) == bool(edge.from_id) or bool(edge.to_key) == bool(edge.to_id):
            raise BadPlanError("an edge names each end by a key or by an id, and not by both")
    for node in plan.nodes:
        if node.parent_key and node.parent_id:
            raise BadPlanError(f"node {node.key!r} has two parents")


def _keys_named(plan: Plan) -> Iterable[str]:
    for node in plan.nodes:
        yield node.parent_key
        yield from node.metadata_refs.values()
    for edge in plan.edges:
        yield edge.from_key
        yield edge.to_key


def parents_first(plan: Plan) -> Sequence[PlanNode]:
    """The nodes, each behind its parent. Raises BadPlanError where parents go round in a circle."""
    by_key = {node.key: node for node in plan.nodes}
    order: dict[str, PlanNode] = {}
    for node in plan.nodes:
        way: list[PlanNode] = []
        at: PlanNode | None = node
        while at is not None and at.key not in order:
            if at in way:
                raise BadPlanError(f"node {at.key!r} is above itself")
            way.append(at)
            at = by_key.get(at.parent_key)
        order |= {one.key: one for one in reversed(way)}
    return list(order.values())
