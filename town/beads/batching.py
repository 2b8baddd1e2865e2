"""Many steps on beads as one: each sees those before it, and all of them happen or none.

It knows no rule of its own: a step is what its command would be.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from ledger.beads import batch
from ledger.beads.batch import BadBatchError, Order, fields_said
from ledger.beads.errors import BeadError
from ledger.beads.markdown import PRIORITIES
from ledger.beads.rows import BLOCKS
from ledger.private.staged import StagedPrivate
from ledger.private.store import Change
from town.beads.acting import Acting
from town.beads.desk import Beads
from town.beads.making import Draft

Result = TypeVar("Result")
ARROW: Final = "->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that was done, and to what."""

    order: Order
    target: str


class Batching(Acting):
    """Does many steps for one caller."""

    def batch(self, orders: Sequence[Order], *, message: str = "") -> list[Step]:
        """The steps, done as one. Raises BeadError, which names the line."""

        def work() -> tuple[list[Step], Change]:
            staged = StagedPrivate(self.store)
            ports = replace(self.ports, run=_at_once, said=_unheard)
            beads = Beads(staged, ports)
            done = [Step(order=order, target=_done(beads, order)) for order in orders]
            return done, staged.change

        return self.act(message or "bd batch", work)


def _at_once(work: Callable[[], Result]) -> Result:
    """A step is in the turn of the whole."""
    return work()


def _unheard(what: str) -> None:
    """The history knows the whole by its own name."""
    del what


def _done(beads: Beads, order: Order) -> str:
    """What the step was done to. Raises BeadError with the number of the line in its words."""
    try:
        return _DEEDS[order.verb](beads, order)
    except BadBatchError:
        raise
    except BeadError as error:
        error.args = (f"line {order.line}: {error}",)
        raise


def _close(beads: Beads, order: Order) -> str:
    said, *reason = order.words
    return beads.close(said, reason=" ".join(reason)).id


def _update(beads: Beads, order: Order) -> str:
    said, *pairs = order.words
    fields: dict[str, Any] = {**fields_said(order.line, pairs)}
    if "priority" in fields:
        fields["priority"] = _priority(order, fields["priority"])
    return beads.update(said, fields).id


def _create(beads: Beads, order: Order) -> str:
    kind, priority, *title = order.words
    fields = {"issue_type": kind, "priority": _priority(order, priority)}
    return beads.create(Draft(title=" ".join(title), fields=fields)).id


def _priority(order: Order, said: str) -> int:
    if said not in PRIORITIES:
        raise BadBatchError(order.line, f"{said!r} is no priority; 0 (now) to 4 (some day) are")
    return PRIORITIES[said]


def _link(beads: Beads, order: Order) -> str:
    bead, needs, *kind = order.words
    (link,) = beads.link([(bead, needs, kind[0] if kind else BLOCKS)])
    return f"{link.issue_id}{ARROW}{link.depends_on_id}"


def _unlink(beads: Beads, order: Order) -> str:
    bead, needs, _ = beads.unlink(*order.words)
    return f"{bead}{ARROW}{needs}"


def _comment(beads: Beads, order: Order) -> str:
    said, *words = order.words
    return beads.comment(said, " ".join(words)).issue_id


_DEEDS: Final[Mapping[str, Callable[[Beads, Order], str]]] = {
    batch.CLOSE: _close,
    batch.REOPEN: lambda beads, order: beads.reopen(order.words[0]).id,
    batch.UPDATE: _update,
    batch.CREATE: _create,
    batch.SAY: _comment,
    batch.DEP_ADD: _link,
    batch.DEP_REMOVE: _unlink,
    batch.LABEL_ADD: lambda beads, order: beads.label(order.words[:1], add=order.words[1:])[0].id,
    batch.LABEL_REMOVE: lambda beads, order: (
        beads.label(order.words[:1], remove=order.words[1:])[0].id
    ),
}
