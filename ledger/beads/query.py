"""Questions about beads in one line: `(status=open OR label=urgent) AND priority<2`.

Pure. A word that is no field, a value that a field cannot have and whatever is left over are
refused with the place where they stand; nothing is guessed.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from operator import eq, ge, gt, le, lt, ne
from typing import Any, ClassVar, Final

from ledger.beads.dates import when
from ledger.beads.errors import BadFieldError, BeadError
from ledger.beads.rows import PINNED, Bead

QUERY_CHARS_MAX: Final = 4_096
DEPTH_MAX: Final = 50
DAY_US: Final = 86_400_000_000
Test = Callable[[Bead], bool]
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<mark>[()])|(?P<op>!=|>=|<=|=|>|<)|"(?P<said>[^"]*)"|'(?P<also>[^']*)'"""
    r"""|(?P<word>[^\s()=<>!"']+))"""
)
_AGO: Final = re.compile(r"\d{1,5}[hdwmy]")
_OPS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le,
}  # fmt: skip
_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")
_NONE: Final = ("none", "null", "")
_FIRST_WORDS: Final = ("and", "or", "not")
ALIASES: Final[Mapping[str, str]] = {
    "issue_type": "type", "labels": "label", "desc": "description", "spec_id": "spec",
    "created_at": "created", "updated_at": "updated", "closed_at": "closed",
    "started_at": "started", "due_at": "due",
}  # fmt: skip
EXACT: Final[Mapping[str, str]] = {
    "status": "status", "type": "issue_type", "assignee": "assignee", "owner": "owner",
    "mol_type": "mol_type", "created_by": "created_by",
}  # fmt: skip
HOLDING: Final = ("title", "description", "notes")
MATCHING: Final[Mapping[str, str]] = {"id": "id", "spec": "spec_id"}
DATES: Final[Mapping[str, str]] = {
    "created": "created_at", "updated": "updated_at", "closed": "closed_at",
    "started": "started_at", "due": "due_at",
}  # fmt: skip
TRUTHS: Final[Mapping[str, Callable[[Bead], bool]]] = {
    "pinned": lambda bead: bead.pinned or bead.status == PINNED,
    "ephemeral": lambda bead: bead.ephemeral,
    "template": lambda bead: bead.is_template,
}
NAMES: Final = (*EXACT, *HOLDING, *MATCHING, *DATES, *TRUTHS, "priority", "label", "parent")


class BadQueryError(BeadError):
    """A question cannot be understood."""

    code: ClassVar[str] = "bead.query"
    hint: ClassVar[str] = 'As in bd query "status=open AND (priority<2 OR label=urgent)".'
    exit: ClassVar[int] = 2

    def __init__(self, why: str, *, at: int = 0) -> None:
        super().__init__(f"{why}, at character {at}" if at else why)
        self.at = at


@dataclass(frozen=True, slots=True)
class Query:
    """What a question asks of a bead, and the fields that it names."""

    test: Test
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # mark, op, said (within quotes) or word
    text: str
    at: int


def read_query(
    text: str, *, now: int, parent: Callable[[str], str], known: Mapping[str, Collection[str]]
) -> Query:
    """The question; `parent` finds the bead above another one. Raises BadQueryError.

    `known` are the values that a field can have, of fields that cannot have any.
    """
    if len(text) > QUERY_CHARS_MAX:
        raise BadQueryError(f"it is longer than {QUERY_CHARS_MAX} characters")
    reader = _Reader(_tokens(text), now, parent, known)
    test = reader.either(0)
    if reader.left:
        raise reader.wrong(f"{reader.left[0].text!r} is left over")
    return Query(test, frozenset(reader.names))


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadQueryError(f"{text[at:].strip()[:1]!r} cannot stand here", at=at + 1)
        kind = str(match.lastgroup)
        start = match.end() - len(match[0].lstrip()) + 1
        found.append(_Token("said" if kind == "also" else kind, str(match[kind]), start))
        at = match.end()
    return found


@dataclass(slots=True)
class _Reader:
    """Reads from the left; `left` is what is not read."""

    left: list[_Token]
    now: int
    parent: Callable[[str], str]
    known: Mapping[str, Collection[str]]
    names: set[str] = field(default_factory=set)

    def wrong(self, why: str) -> BadQueryError:
        """The error for the place that was reached."""
        return BadQueryError(why, at=self.left[0].at) if self.left else BadQueryError(why)

    def _next(self, word: str) -> bool:
        """Whether this word or mark comes next; then it is read."""
        there = bool(self.left) and self.left[0].kind in ("word", "mark")
        if there and self.left[0].text.lower() == word:
            del self.left[0]
            return True
        return False

    def either(self, depth: int) -> Test:
        """One of several holds."""
        tests = [self.both(depth)]
        while self._next("or"):
            tests.append(self.both(depth))
        return tests[0] if len(tests) == 1 else lambda bead: any(test(bead) for test in tests)

    def both(self, depth: int) -> Test:
        """All of several hold."""
        tests = [self.one(depth)]
        while self._next("and"):
            tests.append(self.one(depth))
        return tests[0] if len(tests) == 1 else lambda bead: all(test(bead) for test in tests)

    def one(self, depth: int) -> Test:
        """A comparison, the contrary of something, or a question within brackets."""
        if depth > DEPTH_MAX:
            raise self.wrong(f"it is nested more than {DEPTH_MAX} deep")
        if self._next("not"):
            test = self.one(depth + 1)
            return lambda bead: not test(bead)
        if self._next("("):
            test = self.either(depth + 1)
            if not self._next(")"):
                raise self.wrong("a bracket is not closed")
            return test
        return self._compared()

    def _compared(self) -> Test:
        if not self.left or self.left[0].kind != "word" or self.left[0].text in _FIRST_WORDS:
            raise self.wrong("a field is missing")
        if len(self.left) < 3 or self.left[1].kind != "op":  # noqa: PLR2004  # field, op, value
            raise self.wrong(f"{self.left[0].text!r} is compared with nothing")
        name, op, value = self.left[:3]
        if value.kind not in ("word", "said"):
            raise BadQueryError("a value is missing", at=value.at)
        said = ALIASES.get(name.text.lower(), name.text.lower())
        if said not in NAMES:
            known = ", ".join(NAMES)
            raise BadQueryError(f"{name.text!r} is no field; {known} are", at=name.at)
        try:
            test = self._test(said, op.text, value.text)
        except BadFieldError as error:
            raise BadQueryError(str(error), at=value.at) from error
        self.names.add(said)
        del self.left[:3]
        return test

    def _test(self, name: str, op: str, value: str) -> Test:
        """What the comparison asks. Raises BadFieldError."""
        if name == "priority":
            return _priority(op, value)
        if name in DATES:
            return _date(DATES[name], op, value, self.now)
        if op not in ("=", "!="):
            raise BadFieldError(name, f"is compared by = and !=, not by {op}")
        test = self._equal(name, value)
        return test if op == "=" else lambda bead: not test(bead)

    def _equal(self, name: str, value: str) -> Test:
        if name in TRUTHS:
            if value.lower() not in (*_TRUE, *_FALSE):
                raise BadFieldError(name, f"is true or false, not {value!r}")
            wanted = value.lower() in _TRUE
            return lambda bead: TRUTHS[name](bead) == wanted
        if name == "parent":
            return lambda bead: self.parent(bead.id) == ("" if value in _NONE else value)
        if name == "label":
            return _labelled(value)
        if name in MATCHING:
            return lambda bead: fnmatchcase(getattr(bead, MATCHING[name]), value)
        words = self.known.get(name, ())
        if words and value.lower() not in words:
            raise BadFieldError(name, f"{value!r} is none of {', '.join(words)}")
        return _text(name, value)


def _text(name: str, value: str) -> Test:
    if value.lower() in _NONE:
        return lambda bead: not getattr(bead, EXACT.get(name, name))
    if name in HOLDING:
        folded = value.casefold()
        return lambda bead: folded in getattr(bead, name).casefold()
    exact = value.lower() if name in ("status", "type") else value
    return lambda bead: getattr(bead, EXACT[name]) == exact


def _labelled(value: str) -> Test:
    if value.lower() in _NONE:
        return lambda bead: not bead.labels
    return lambda bead: value in bead.labels


def _priority(op: str, value: str) -> Test:
    digits = value.upper().removeprefix("P")
    if digits not in ("0", "1", "2", "3", "4"):
        raise BadFieldError("priority", f"is 0 (now) to 4 (some day), not {value!r}")
    compare, number = _OPS[op], int(digits)
    return lambda bead: compare(bead.priority, number)


def _date(name: str, op: str, value: str, now: int) -> Test:
    """A day of its own is all of it; a length of time is so long ago. What has no date has none."""
    at = when(f"-{value}" if _AGO.fullmatch(value) else value, now=now, name=name)
    compare = _OPS[op]
    if op in ("=", "!="):
        day = at // DAY_US
        return lambda bead: getattr(bead, name) > 0 and compare(getattr(bead, name) // DAY_US, day)
    return lambda bead: getattr(bead, name) > 0 and compare(getattr(bead, name), at)
