"""Beads under other ids: which id becomes which, and what that makes of what names them.

Pure. A word is an id only where it stands alone: `gt-abc` is named by neither `gt-abcd` nor
`gt-abc.1`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from ledger.beads.ids import checked_prefix, imported_id, prefix_of
from ledger.beads.rows import TOMBSTONE, Bead, Comment, Link

_WORD: Final = re.compile(r"(?<![A-Za-z0-9_.-])[A-Za-z0-9][A-Za-z0-9_.-]*")
_TEXTS: Final = ("title", "description", "design", "acceptance_criteria", "notes")
_END: Final = ".-"  # of a sentence rather than of an id

Names = Mapping[str, str]


def with_prefix(beads: Iterable[str], old: str, new: str, *, every: bool = False) -> Names:
    """What the ids with the old prefix become; with `every` all that have another than the new."""
    prefix, found = checked_prefix(new), {}
    for bead in beads:
        own = prefix_of(bead, (old, prefix))
        if own == old or (every and own != prefix):
            found[bead] = imported_id(f"{prefix}{bead[len(own) :]}")
    return found


def renamed_text(text: str, names: Names) -> str:
    """The text with the new ids in the place of the old ones."""

    def instead(match: re.Match[str]) -> str:
        word = match[0]
        bare = word if word in names else word.rstrip(_END)
        return names.get(bare, bare) + word[len(bare) :]

    return _WORD.sub(instead, text) if "-" in text else text


def renamed_bead(bead: Bead, names: Names, *, now: int) -> Bead:
    """The bead under its new id, with new ids in its words; as it is where nothing changes."""
    told = {name: renamed_text(getattr(bead, name), names) for name in _TEXTS}
    new = replace(bead, id=names.get(bead.id, bead.id), **told)
    return replace(new, updated_at=now) if new != bead else bead


def left_behind(bead: Bead, new: str, *, now: int) -> Bead:
    """What stays under the old id, so that an older file does not bring the bead back."""
    return Bead(
        id=bead.id, title=bead.title, status=TOMBSTONE, issue_type=bead.issue_type,
        created_at=bead.created_at, updated_at=now, close_reason=f"Renamed to {new}",
    )  # fmt: skip


def renamed_link(link: Link, names: Names) -> Link:
    """The link between the new ids."""
    one, other = link.issue_id, link.depends_on_id
    return replace(link, issue_id=names.get(one, one), depends_on_id=names.get(other, other))


def renamed_comment(comment: Comment, names: Names) -> Comment:
    """The comment under its bead's new id, with new ids in its words."""
    bead, text = comment.issue_id, renamed_text(comment.text, names)
    return replace(comment, issue_id=names.get(bead, bead), text=text)
