r"""Many steps on beads as lines of text, as `bd batch` reads them: a word, then what it is about.

Pure. A line that cannot be meant is refused with its number before anything is done. Words are
parted by blanks; between double quotes a blank is a blank, and \" and \\ stand for themselves.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from ledger.beads.errors import BeadError

LINES_MAX: Final = 10_000
TEXT_CHARS_MAX: Final = 16 << 20
COMMENT: Final = "#"

CLOSE: Final = "close"
REOPEN: Final = "reopen"
UPDATE: Final = "update"
CREATE: Final = "create"
SAY: Final = "comment"
DEP_ADD: Final = "dep.add"
DEP_REMOVE: Final = "dep.remove"
LABEL_ADD: Final = "label.add"
LABEL_REMOVE: Final = "label.remove"
# What a line can do: how many words must follow, how many may, and how it is written.
VERBS: Final[Mapping[str, tuple[int, int, str]]] = {
    CLOSE: (1, LINES_MAX, "close ID [REASON...]"),
    REOPEN: (1, 1, "reopen ID"),
    UPDATE: (2, LINES_MAX, "update ID KEY=VALUE..."),
    CREATE: (3, LINES_MAX, "create TYPE PRIORITY TITLE..."),
    SAY: (2, LINES_MAX, "comment ID TEXT..."),
    DEP_ADD: (2, 3, "dep add ID NEEDED [KIND]"),
    DEP_REMOVE: (2, 2, "dep remove ID NEEDED"),
    LABEL_ADD: (2, LINES_MAX, "label add ID LABEL..."),
    LABEL_REMOVE: (2, LINES_MAX, "label remove ID LABEL..."),
}
GROUPS: Final = tuple(dict.fromkeys(verb.split(".")[0] for verb in VERBS if "." in verb))
OTHER_WORDS: Final[Mapping[str, str]] = {"dep.rm": DEP_REMOVE, "label.rm": LABEL_REMOVE}
# What `update` may change by a line, and the field that it is.
FIELDS: Final[Mapping[str, str]] = {
    "status": "status", "priority": "priority", "title": "title", "assignee": "assignee",
    "type": "issue_type", "description": "description", "design": "design", "notes": "notes",
    "acceptance": "acceptance_criteria",
}  # fmt: skip


class BadBatchError(BeadError):
    """A line says nothing that can be done."""

    code: ClassVar[str] = "bead.batch"
    hint: ClassVar[str] = "Mend the line; nothing of the batch was done."
    exit: ClassVar[int] = 2

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}" if line else why)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One line: what it does, to what, and how it was written."""

    line: int
    text: str
    verb: str
    words: Sequence[str]


def read_batch(text: str) -> list[Order]:
    """What the lines say, in their order. Raises BadBatchError."""
    if len(text) > TEXT_CHARS_MAX:
        raise BadBatchError(0, f"it is longer than {TEXT_CHARS_MAX} characters")
    found = []
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = raw.strip()
        if line and not line.startswith(COMMENT):
            found.append(_order(number, line))
    if len(found) > LINES_MAX:
        raise BadBatchError(0, f"it has {len(found)} steps; at most {LINES_MAX} are one")
    return found


def _order(number: int, line: str) -> Order:
    words = _words(number, line)
    verb = words.pop(0)
    if verb in GROUPS:
        verb = f"{verb}.{words.pop(0)}" if words else verb
    verb = OTHER_WORDS.get(verb, verb)
    if verb not in VERBS:
        known = ", ".join(one.replace(".", " ") for one in VERBS)
        raise BadBatchError(number, f"{verb.replace('.', ' ')!r} is none of {known}")
    least, most, form = VERBS[verb]
    if not least <= len(words) <= most:
        raise BadBatchError(number, f"it is not as {form}")
    return Order(line=number, text=line, verb=verb, words=tuple(words))


_WORD: Final = re.compile(r'(?:[^ \t"]|"(?:[^"\\]|\\.?)*+(?P<end>"|$))+', re.DOTALL)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.?)*+)"', re.DOTALL)
_ESCAPED: Final = re.compile(r'\\(["\\])')


def _words(number: int, line: str) -> list[str]:
    """The words of a line; there is at least one. Raises BadBatchError."""
    found = []
    for match in _WORD.finditer(line):
        if match["end"] == "":
            raise BadBatchError(number, 'a " has no other one')
        found.append(_QUOTED.sub(lambda one: _ESCAPED.sub(r"\1", one[1]), match[0]))
    return found


def fields_said(number: int, words: Sequence[str]) -> dict[str, str]:
    """The fields that `KEY=VALUE` words name, each with what it is to be. Raises BadBatchError."""
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in FIELDS:
            raise BadBatchError(number, f"{word!r} is no KEY=VALUE; KEY is {', '.join(FIELDS)}")
        found[FIELDS[key]] = value
    return found
