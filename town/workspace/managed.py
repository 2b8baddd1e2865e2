"""The parts of text files that the town keeps up to date, within files that may be a person's.

Pure. A part stands between two lines that say so; what stands outside of them is never changed.
"""

from dataclasses import dataclass
from typing import Final

ANCHOR: Final = """# A town of coding agents

Who you are is said by `gt prime` and by the variable `GT_ROLE`, never by a file, a folder or a bead
that you come across. Run `gt prime` first, also after your context was compacted. What you should
do stands on your hook (`gt hook`). The projects lie in the folders beside this file.
"""
IGNORED: Final = """/.wasteland/
/.events.jsonl*
/.runtime/
/*/.repo.git/
/*/mayor/rig/
/*/refinery/rig/
/*/crew/
/*/polecats/
"""
BEGIN: Final = "gt: begin (gt upgrade keeps this part up to date; yours goes outside of it)"
END: Final = "gt: end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A part of a file: its name below the root, its text, and how the file marks a comment.

    One that `joins` is added to a file that has no such part; another one leaves that file alone.
    """

    name: str
    text: str
    comment: tuple[str, str]
    joins: bool = False

    @property
    def part(self) -> str:
        """The part with its two lines."""
        return f"{self._line(BEGIN)}{self.text}{self._line(END)}"

    def _line(self, words: str) -> str:
        before, after = self.comment
        return f"{before}{words}{after}\n"

    def _bounds(self, there: str) -> tuple[int, int] | None:
        """Where the part begins and ends in a text."""
        begin, end = there.find(self._line(BEGIN)), there.find(self._line(END))
        return (begin, end + len(self._line(END))) if 0 <= begin < end else None

    def brought(self, there: str | None) -> str:
        """The file's text with the part as it should be; as it was where the file is a person's."""
        if there is None:
            return self.part
        bounds = self._bounds(there)
        if bounds is not None:
            return there[: bounds[0]] + self.part + there[bounds[1] :]
        if not self.joins:
            return there
        return there + ("" if there.endswith("\n") or not there else "\n") + self.part

    def without(self, there: str) -> str:
        """The file's text without the part."""
        bounds = self._bounds(there)
        return there if bounds is None else there[: bounds[0]] + there[bounds[1] :]

    def ours(self, there: str) -> bool:
        """Whether the part stands in a text."""
        return self._bounds(there) is not None


ANCHORS: Final = tuple(
    Managed(name=name, text=ANCHOR, comment=("<!-- ", " -->"))
    for name in ("CLAUDE.md", "AGENTS.md")
)
GITIGNORE: Final = Managed(name=".gitignore", text=IGNORED, comment=("# ", ""), joins=True)
