"""Beads written down in Markdown, as `bd create --file` reads them: a heading each, sections below.

Pure. A heading of the second level is a title, one of the third a section; a section that has no
field stays in the description, so that nothing is lost.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from ledger.beads.errors import BeadError
from ledger.beads.rows import BLOCKS

WRITTEN_MAX: Final = 10_000
FILE_CHARS_MAX: Final = 16 << 20
PRIORITIES: Final = {f"{mark}{number}": number for number in range(5) for mark in ("", "P", "p")}
FIELDS: Final[Mapping[str, str]] = {
    "description": "description",
    "design": "design",
    "acceptance": "acceptance_criteria",
    "acceptance criteria": "acceptance_criteria",
    "notes": "notes",
    "assignee": "assignee",
}
_TITLE: Final = re.compile(r"##\s+(.+?)(?:\s+#+)?\s*")
_SECTION: Final = re.compile(r"###\s+(.+?)(?:\s+#+)?\s*")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")


class BadMarkdownError(BeadError):
    """Beads that somebody wrote down cannot be made as they stand."""

    code: ClassVar[str] = "bead.markdown"
    hint: ClassVar[str] = "Mend the file; nothing of it was made."
    exit: ClassVar[int] = 2

    def __init__(self, why: str, *, line: int = 0) -> None:
        super().__init__(f"line {line}: {why}" if line else why)
        self.line = line


@dataclass(slots=True)
class Written:
    """One bead as it was written down; `line` is where its title stands."""

    title: str
    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    needs: list[tuple[str, str]] = field(default_factory=list)  # (kind, id)
    prose: list[str] = field(default_factory=list)


def read_markdown(text: str) -> Sequence[Written]:
    """The beads of the text, in its order. Raises BadMarkdownError."""
    if len(text) > FILE_CHARS_MAX:
        raise BadMarkdownError(f"it is longer than {FILE_CHARS_MAX} characters")
    found: list[Written] = []
    for number, name, lines in _sections(text.removeprefix("\ufeff")):
        if name is None:
            found.append(Written(title=lines[0], line=number, prose=lines[1:]))
        elif found:
            _take(found[-1], number, name, lines)
    if not 0 < len(found) <= WRITTEN_MAX:
        why = f"it has {len(found)} beads, each under a heading `## Title`; 1 to {WRITTEN_MAX}"
        raise BadMarkdownError(f"{why} can be made")
    for one in found:
        prose = "\n".join(one.prose).strip()
        if prose:
            said = one.fields.get("description", "")
            one.fields["description"] = f"{prose}\n\n{said}" if said else prose
    return found


def _sections(text: str) -> Iterable[tuple[int, str | None, list[str]]]:
    """Each part with the number of its heading's line: `None` and a title, or a section's name."""
    number, lines, fence = 0, list[str](), ""
    name: str | None = ""
    for at, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        title = None if fence else _TITLE.fullmatch(line)
        section = None if fence else _SECTION.fullmatch(line)
        if title is None and section is None:
            lines.append(line)
            continue
        yield number, name, lines
        number, lines = at, []
        name = section[1] if section is not None else None
        if title is not None:
            lines.append(title[1])
    yield number, name, lines


def _take(bead: Written, number: int, name: str, lines: Sequence[str]) -> None:
    """The section is where it belongs in the bead. Raises BadMarkdownError."""
    text, word = "\n".join(lines).strip("\n").rstrip(), name.strip().casefold()
    if word in FIELDS:
        if FIELDS[word] in bead.fields:
            raise BadMarkdownError(f"{name} stands twice in {bead.title!r}", line=number)
        bead.fields[FIELDS[word]] = text.strip()
    elif word == "priority":
        if text.strip() not in PRIORITIES:
            raise BadMarkdownError(f"{text.strip()[:40]!r} is no priority, 0 to 4", line=number)
        bead.fields["priority"] = PRIORITIES[text.strip()]
    elif word == "type":
        bead.fields["issue_type"] = text.strip().lower()
    elif word == "labels":
        bead.labels = tuple(_words(text))
    elif word in ("dependencies", "deps"):
        bead.needs += [_need(one) for one in _words(text)]
    else:
        between = [""] if bead.prose and bead.prose[-1].strip() else []
        bead.prose += [*between, f"### {name}", text]


def _words(text: str) -> list[str]:
    """Words with commas or spaces between them, or a list of them."""
    return [word for word in re.split(r"[,\s]+", text) if word not in ("", "-", "*")]


def _need(word: str) -> tuple[str, str]:
    kind, colon, bead = word.partition(":")
    return (kind, bead) if colon and kind != "external" else (BLOCKS, word)
