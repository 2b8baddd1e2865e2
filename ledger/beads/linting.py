"""What the words of a bead should have, by its type: how to see a bug, when something is done.

Pure. A section is there when its heading's words are; what is done has a field of its own, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.beads.rows import Bead

STEPS: Final = "Steps to Reproduce"
ACCEPTANCE: Final = "Acceptance Criteria"
SUCCESS: Final = "Success Criteria"
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "bug": (STEPS, ACCEPTANCE),
    "task": (ACCEPTANCE,),
    "feature": (ACCEPTANCE,),
    "epic": (SUCCESS,),
}
BY_FIELD: Final = (ACCEPTANCE, SUCCESS)  # what `acceptance_criteria` says as well


@dataclass(frozen=True, slots=True)
class Lacking:
    """A bead, and the sections that it lacks."""

    bead: Bead
    sections: Sequence[str]


def lacking(bead: Bead) -> list[str]:
    """The sections that the bead should have and has not."""
    text = bead.description.casefold()
    done = bool(bead.acceptance_criteria.strip())
    return [
        section
        for section in SECTIONS.get(bead.issue_type, ())
        if section.casefold() not in text and not (done and section in BY_FIELD)
    ]


def linted(beads: Iterable[Bead]) -> list[Lacking]:
    """The beads that lack something, in order."""
    found = (Lacking(bead, lacking(bead)) for bead in beads)
    return [one for one in found if one.sections]
