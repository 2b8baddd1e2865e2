"""Which beads somebody means: filters, and the tests that they are made of.

Pure. A filter without a word lets everything through that is not the town's own bookkeeping.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from heapq import nsmallest
from typing import Any, Final, Generic, TypeVar

import msgspec

from ledger.beads.rows import TERMINAL, TOWN_TYPES, Bead, Outline

Test = Callable[[Any], bool]  # of a bead, or of an outline where that says enough
Some = TypeVar("Some", bound=Outline)
Span = tuple[int, int]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a bead must be. Empty fields ask nothing; times are microseconds since 1970 UTC."""

    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    not_types: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    priority_min: int | None = None
    priority_max: int | None = None
    labels: tuple[str, ...] = ()  # all of them
    labels_any: tuple[str, ...] = ()  # at least one
    not_labels: tuple[str, ...] = ()
    label_pattern: str = ""
    no_labels: bool = False
    assignee: str = ""
    unassigned: bool = False
    words: str = ""  # in title, description, notes or id
    title: str = ""
    description: str = ""
    notes: str = ""
    no_description: bool = False
    ids: tuple[str, ...] = ()
    among: Collection[str] | None = None  # only these: the children of somebody
    outside: Collection[str] | None = None  # not these: whatever has a parent
    created: Span | None = None
    updated: Span | None = None
    closed: Span | None = None
    due: Span | None = None
    defer: Span | None = None
    deferred: bool = False  # only what has a day to wait for
    overdue_at: int = 0  # due before this, and not closed
    pinned: bool | None = None
    metadata: Mapping[str, str] = msgspec.field(default_factory=dict)
    metadata_key: str = ""
    spec: str = ""
    wisp_type: str = ""
    mol_type: str = ""
    external_ref: str = ""
    bookkeeping: bool = False  # the town's own types too
    gates: bool = False
    templates: bool = False
    ephemeral: bool = False

    def test(self) -> Test:
        """Whether a bead is meant; made once for a whole list."""
        tests = [_kinds(self)]
        for name, make in TESTS.items():
            said = getattr(self, name)
            if said or (said is not None and name in SAID_WHEN_EMPTY):
                tests.append(make(said))
        if len(tests) == 1:
            return tests[0]
        return lambda bead: all(test(bead) for test in tests)

    def takes(self, bead: Bead) -> bool:
        """Whether the bead is meant."""
        return self.test()(bead)

    @property
    def by_outline(self) -> bool:
        """Whether a bead's outline says all that is asked."""
        return not any(getattr(self, name) for name in OF_WORDS)


def _kinds(wanted: Filter) -> Test:
    """What every list asks: no bookkeeping, no template, nothing fleeting, unless it is meant."""
    types = wanted.types
    hidden = set() if types or wanted.bookkeeping else set(TOWN_TYPES)
    hidden -= {"gate"} if wanted.gates else set()
    hidden |= set(wanted.not_types)
    ephemeral, templates = wanted.ephemeral, wanted.templates

    def test(bead: Bead) -> bool:
        return (
            bead.issue_type not in hidden
            and (not types or bead.issue_type in types)
            and (ephemeral or not bead.ephemeral)
            and (templates or not bead.is_template)
        )

    return test


def _said(name: str) -> Callable[[str], Test]:
    """That a field is this text."""
    return lambda said: lambda bead: getattr(bead, name) == said


def _holding(*names: str) -> Callable[[str], Test]:
    """That the words stand in one of these fields, in letters of any size."""

    def make(said: str) -> Test:
        folded = said.casefold()
        return lambda bead: any(folded in getattr(bead, name).casefold() for name in names)

    return make


def _within(name: str) -> Callable[[Span], Test]:
    def make(span: Span) -> Test:
        start, end = span
        return lambda bead: start <= getattr(bead, name) < end and getattr(bead, name) > 0

    return make


def _words(said: str) -> Test:
    words = said.casefold().split()

    def test(bead: Bead) -> bool:
        text = f"{bead.id}\n{bead.title}\n{bead.description}\n{bead.notes}".casefold()
        return all(word in text for word in words)

    return test


def _values(said: Mapping[str, str]) -> Test:
    def test(bead: Bead) -> bool:
        return all(_shown(bead.metadata.get(name)) == value for name, value in said.items())

    return test


def _shown(value: Any) -> str | None:
    """A value of the metadata as a person types it."""
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


# Fields of a filter that ask for more than an outline of a bead has.
OF_WORDS: Final = (
    *("words", "title", "description", "notes", "no_description", "closed", "metadata"),
    *("metadata_key", "spec", "wisp_type", "mol_type", "external_ref"),
)
SAID_WHEN_EMPTY: Final = frozenset(("priority_min", "priority_max", "among", "outside", "pinned"))
# What each field of a filter asks of a bead.
TESTS: Final[Mapping[str, Callable[[Any], Test]]] = {
    "statuses": lambda said: lambda bead: bead.status in said,
    "priorities": lambda said: lambda bead: bead.priority in said,
    "priority_min": lambda said: lambda bead: bead.priority >= said,
    "priority_max": lambda said: lambda bead: bead.priority <= said,
    "labels": lambda said: lambda bead: set(said).issubset(bead.labels),
    "labels_any": lambda said: lambda bead: not set(said).isdisjoint(bead.labels),
    "not_labels": lambda said: lambda bead: set(said).isdisjoint(bead.labels),
    "label_pattern": lambda said: lambda bead: any(fnmatchcase(one, said) for one in bead.labels),
    "no_labels": lambda _: lambda bead: not bead.labels,
    "assignee": _said("assignee"),
    "unassigned": lambda _: lambda bead: not bead.assignee,
    "words": _words,
    "title": _holding("title"),
    "description": _holding("description"),
    "notes": _holding("notes"),
    "no_description": lambda _: lambda bead: not bead.description.strip(),
    "ids": lambda said: lambda bead: bead.id in said,
    "among": lambda said: lambda bead: bead.id in said,
    "outside": lambda said: lambda bead: bead.id not in said,
    "created": _within("created_at"),
    "updated": _within("updated_at"),
    "closed": _within("closed_at"),
    "due": _within("due_at"),
    "defer": _within("defer_until"),
    "deferred": lambda _: lambda bead: bead.defer_until > 0,
    "overdue_at": lambda at: lambda bead: 0 < bead.due_at < at and bead.status not in TERMINAL,
    "pinned": lambda said: lambda bead: (bead.pinned or bead.status == "pinned") == said,
    "metadata": _values,
    "metadata_key": lambda said: lambda bead: said in bead.metadata,
    "spec": lambda said: lambda bead: bead.spec_id.startswith(said),
    "wisp_type": _said("wisp_type"),
    "mol_type": _said("mol_type"),
    "external_ref": _holding("external_ref"),
}

# What a list can be sorted by; priority first, then the newest, as everywhere.
ORDERS: Final[dict[str, Callable[[Bead], Any]]] = {
    "priority": lambda bead: (bead.priority, -bead.created_at, bead.id),
    "created": lambda bead: (-bead.created_at, bead.id),
    "updated": lambda bead: (-bead.updated_at, bead.id),
    "closed": lambda bead: (-bead.closed_at, bead.id),
    "status": lambda bead: (bead.status, bead.priority, bead.id),
    "id": lambda bead: bead.id,
    "title": lambda bead: (bead.title.casefold(), bead.id),
    "type": lambda bead: (bead.issue_type, bead.priority, bead.id),
    "assignee": lambda bead: (bead.assignee, bead.priority, bead.id),
}
BY_WORDS: Final = ("title", "closed")  # orders of what an outline does not have


@dataclass(frozen=True, slots=True)
class Page(Generic[Some]):
    """The first of some beads, and how many there are."""

    beads: list[Some]
    total: int


def page(beads: Iterable[Some], key: Callable[[Some], Any], *, at_most: int) -> Page[Some]:
    """The first beads in the order of the key; 0 for all of them."""
    found = list(beads)
    first = nsmallest(at_most, found, key=key) if at_most else sorted(found, key=key)
    return Page(first, len(found))


def listed(beads: Iterable[Bead], wanted: Filter, *, order: str = "priority") -> list[Bead]:
    """The beads that are meant, in this order of `ORDERS`."""
    return sorted(filter(wanted.test(), beads), key=ORDERS[order])
