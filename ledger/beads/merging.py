"""What a file of beads and a database become together: for each bead, which of two is kept.

Pure. The newer one wins by `updated_at`; of two of one moment that of the file. Comments are
never lost: those of both are kept. Nothing here depends on the order of lines.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import ClassVar, Final, Literal

from msgspec.structs import replace

from ledger.beads import reading
from ledger.beads.errors import BeadError
from ledger.beads.ids import prefix_of
from ledger.beads.jsonl import TIMES, Whole
from ledger.beads.memories import KEY_CHARS_MAX, VALUE_CHARS_MAX
from ledger.beads.reading import BadLineError
from ledger.beads.rows import BLOCKING, Bead, Comment, Link
from ledger.private.store import Dropped

FILE_BYTES_MAX: Final = 1 << 30
LINES_MAX: Final = 2_000_000
MARKERS: Final = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")
BOM: Final = b"\xef\xbb\xbf"
SECOND_US: Final = 1_000_000
OnConflict = Literal["newer", "keep", "replace"]
ON_CONFLICT: Final = ("newer", "keep", "replace")
Fate = Literal["new", "changed", "same", "older"]


class ConflictMarkersError(BeadError):
    """Git could not merge the file, and nobody has finished it."""

    code: ClassVar[str] = "bead.conflict"
    hint: ClassVar[str] = (
        "Remove the marker lines and keep the lines of both sides: of two lines of one bead the "
        "newer is taken. Then repeat the command."
    )
    exit: ClassVar[int] = 1

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number} is a conflict marker of git; nothing was imported")
        self.number = number


class TooLargeError(BeadError):
    """The file has more in it than is read at once."""

    code: ClassVar[str] = "bead.too_large"
    hint: ClassVar[str] = "Split it, and import the parts one after the other."
    exit: ClassVar[int] = 2


@dataclass(slots=True)
class Beadfile:
    """What a file said: each bead once, with the number of its line, and memories by key."""

    beads: dict[str, tuple[int, Whole]] = field(default_factory=dict)
    nameless: list[tuple[int, bytes, Whole]] = field(default_factory=list)
    memories: dict[str, str] = field(default_factory=dict)
    _again: dict[str, list[tuple[int, Whole]]] = field(default_factory=dict)

    def take(self, number: int, whole: Whole) -> None:
        """One more bead; of several lines of one bead the newest will count."""
        if self.beads.setdefault(whole.bead.id, (number, whole))[0] != number:
            self._again.setdefault(whole.bead.id, []).append((number, whole))

    @property
    def prefix(self) -> str:
        """What most ids begin with; empty for a file without beads."""
        found = Counter(prefix_of(bead) for bead in sorted(self.beads))
        return found.most_common(1)[0][0] if found else ""

    def settle(self) -> None:
        """Each bead is there once. Raises BadLineError where two forms of it are equally new."""
        for bead, others in self._again.items():
            lines = [self.beads[bead], *others]
            comments = _both(*(whole.comments for _, whole in lines))
            at = max(whole.bead.updated_at for _, whole in lines)
            newest = [(line, whole) for line, whole in lines if whole.bead.updated_at == at]
            line, first = newest[0]
            for number, other in newest[1:]:
                if (other.bead, other.links) != (first.bead, first.links):
                    raise BadLineError(number, f"{bead} stands in line {line} in another form")
            self.beads[bead] = (line, with_comments(first, comments))
        self._again.clear()


def read_file(payload: bytes) -> Beadfile:
    """What the file says. Raises BadLineError, ConflictMarkersError, TooLargeError."""
    if len(payload) > FILE_BYTES_MAX:
        raise TooLargeError(f"it has more than {FILE_BYTES_MAX} bytes")
    lines = payload.removeprefix(BOM).split(b"\n")
    if len(lines) > LINES_MAX:
        raise TooLargeError(f"it has more than {LINES_MAX} lines")
    found = Beadfile()
    for number, line in enumerate(lines, 1):
        if line.startswith(MARKERS):
            raise ConflictMarkersError(number)
        if line and not line.isspace():
            _take_line(found, number, line)
    found.settle()
    return found


def _take_line(found: Beadfile, number: int, line: bytes) -> None:
    facts = reading.facts_of(number, line)
    kind = facts.get("_type", "issue")
    if "_schema" in facts:  # what some writers put into the first line
        return
    if kind == "memory":
        key, value = facts.get("key"), facts.get("value")
        if not isinstance(key, str) or not isinstance(value, str) or not key:
            raise BadLineError(number, "is no memory with a key and a value")
        if len(key) > KEY_CHARS_MAX or len(value) > VALUE_CHARS_MAX:
            raise BadLineError(number, f"the memory {key[:40]!r} is too long")
        if found.memories.setdefault(key, value) != value:
            raise BadLineError(number, f"the memory {key[:40]!r} is there with another value")
        return
    if kind != "issue":
        raise BadLineError(number, f"holds {str(kind)[:40]!r}, and only beads can be imported")
    whole = reading.read(number, facts)
    if whole.bead.id:
        found.take(number, whole)
    else:
        found.nameless.append((number, line, whole))


def named(whole: Whole, bead: str) -> Whole:
    """The same under this id."""
    return Whole(
        replace(whole.bead, id=bead),
        tuple(replace(link, issue_id=bead) for link in whole.links),
        tuple(replace(comment, issue_id=bead) for comment in whole.comments),
    )


def with_comments(whole: Whole, comments: tuple[Comment, ...]) -> Whole:
    """The same with these comments."""
    return whole if comments == whole.comments else Whole(whole.bead, whole.links, comments)


def _both(*several: Iterable[Comment]) -> tuple[Comment, ...]:
    """The comments of all; of two with one id that of a full second, else the later or longer."""
    found: dict[str, Comment] = {}
    for comment in chain.from_iterable(several):
        before = found.get(comment.id)
        found[comment.id] = max(before, comment, key=_weight) if before is not None else comment
    return tuple(sorted(found.values(), key=lambda one: (one.created_at, one.id)))


def _weight(comment: Comment) -> tuple[bool, int, str, str]:
    full = comment.created_at % SECOND_US == 0  # what another program has read and written again
    return full, comment.created_at, comment.text, comment.author


@dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of one bead of the file."""

    fate: Fate
    whole: Whole
    dropped: tuple[Dropped, ...] = ()


def merged(mine: Whole | None, theirs: Whole, *, now: int, on: OnConflict = "newer") -> Merged:
    """The bead as it will be. A line that says no time is one of now, of a bead that was there."""
    theirs = _dated(mine, theirs, now)
    if mine is None:
        return Merged("new", theirs)
    ours, other = mine.bead, theirs.bead
    comments = _both(mine.comments, theirs.comments)
    kept = with_comments(mine, comments)
    if _rounded(mine, theirs):
        return Merged(
            "changed", Whole(replace(other, attempts=ours.attempts), theirs.links, comments)
        )
    if on == "keep" or (on == "newer" and other.updated_at < ours.updated_at):
        return Merged("older" if kept == mine else "changed", kept)
    links = theirs.links
    if other.updated_at == ours.updated_at:  # a link may have come without moving the time
        links = _united(mine.links, links)
    whole = Whole(replace(other, attempts=ours.attempts), links, comments)
    if whole == mine:
        return Merged("same", mine)
    gone = {link.key for link in mine.links} - {link.key for link in links}
    return Merged("changed", whole, tuple(Dropped(kind=Link, key=key) for key in sorted(gone)))


def _rounded(mine: Whole, theirs: Whole) -> bool:
    """Whether it is the same, its times rounded to the second, as `bd` keeps them.

    Such a line is taken as it is, or two programs would write it anew in turns for ever.
    """
    ours, other = mine.bead, theirs.bead
    if ours.updated_at == other.updated_at or ours.updated_at % SECOND_US == 0:
        return False
    for name in TIMES:
        at, said = getattr(ours, name), getattr(other, name)
        if said % SECOND_US or abs(at - said) >= SECOND_US or bool(at) != bool(said):
            return False
    times = {name: getattr(ours, name) for name in TIMES}
    return (
        replace(other, attempts=ours.attempts, **times) == ours
        and {(link.key, link.type) for link in mine.links}
        == {(link.key, link.type) for link in theirs.links}
        and {comment.id for comment in mine.comments} <= {one.id for one in theirs.comments}
    )


def _dated(mine: Whole | None, theirs: Whole, now: int) -> Whole:
    bead = theirs.bead
    if bead.created_at and bead.updated_at:
        return theirs
    created = bead.created_at or (mine.bead.created_at if mine is not None else 0) or now
    updated = bead.updated_at
    if not updated and mine is not None:
        alike = replace(bead, created_at=created, updated_at=mine.bead.updated_at)
        same = replace(alike, attempts=mine.bead.attempts) == mine.bead
        updated = mine.bead.updated_at if same else now
    dated = replace(bead, created_at=created, updated_at=updated or bead.created_at or now)
    return Whole(dated, theirs.links, theirs.comments)


def _united(mine: tuple[Link, ...], theirs: tuple[Link, ...]) -> tuple[Link, ...]:
    found = {link.depends_on_id: link for link in (*mine, *theirs)}
    return tuple(found[needs] for needs in sorted(found))


def new_words(beads: Iterable[Bead], name: str, known: Iterable[str]) -> list[str]:
    """The statuses or types (`name`) of these beads that nobody has named so far, in order."""
    there = set(known)
    return sorted({str(getattr(bead, name)) for bead in beads} - there)


def dependents(wholes: Iterable[Whole], kind: str) -> Mapping[str, int]:
    """How many beads have a link of this kind to each bead."""
    found: dict[str, int] = {}
    for whole in wholes:
        for link in whole.links:
            if link.type == kind:
                found[link.depends_on_id] = found.get(link.depends_on_id, 0) + 1
    return found


def circle(links: Iterable[Link]) -> tuple[str, ...]:
    """Beads that would wait for each other, from one round to itself; empty where none do."""
    needs: dict[str, set[str]] = {}
    for link in links:
        if link.type in BLOCKING:
            needs.setdefault(link.issue_id, set()).add(link.depends_on_id)
    try:
        TopologicalSorter({bead: sorted(needs[bead]) for bead in sorted(needs)}).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()
