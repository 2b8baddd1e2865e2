"""What a town remembers of the blobs in its folder: who named them, who brought them, who has them.

It holds no bytes. A blob is told only to members of a wasteland by whose record it came here: to
name another's hash in a record of one's own opens nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from federation.blobs import Blob, blobs_of
from ledger.journal import Journal
from town.market.town import Town

SPACE: Final = "blobs"
RECORDS_MAX: Final = 32  # of one blob; whoever names it once more has its record, and no note
HOLDERS_MAX: Final = 32
WASTELAND_HEX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobNote:
    """One blob that is here. `by` are the accounts for whom it was handed over, the first ones."""

    blob: Blob
    records: tuple[tuple[str, str], ...] = ()  # wasteland, and the record that names it there
    own: bool = False
    by: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()  # peers that took it, each for a wasteland
    at: int = 0

    def facts(self) -> dict[str, Any]:
        """The note as it is kept."""
        return {
            "size": self.blob.size,
            "name": self.blob.name,
            "media": self.blob.media,
            "records": [list(one) for one in self.records],
            "own": self.own,
            "by": list(self.by),
            "holders": list(self.holders),
            "at": self.at,
        }


def _note(sha256: str, facts: Mapping[str, Any]) -> BlobNote:
    return BlobNote(
        blob=Blob(
            sha256=sha256, size=facts["size"], name=str(facts["name"]), media=str(facts["media"])
        ),
        records=tuple((str(one), str(other)) for one, other in facts["records"]),
        own=bool(facts["own"]),
        by=tuple(facts["by"]),
        holders=tuple(facts["holders"]),
        at=int(facts["at"]),
    )


def get(town: Town, sha256: str) -> BlobNote | None:
    """The note of a blob that is here."""
    facts = town.note(SPACE, sha256)
    return _note(sha256, facts) if isinstance(facts, Mapping) else None


def every(town: Town) -> Iterator[BlobNote]:
    """Every blob that is here, by hash."""
    for sha256, facts in sorted(town.notes(SPACE).items()):
        yield _note(sha256, facts)


def put(town: Town, note: BlobNote) -> None:
    """The note is durable."""
    town.remember(SPACE, note.blob.sha256, note.facts())
    town.blob_changes += note.own


def forget(town: Town, sha256: str) -> None:
    """There is no note of the blob any more."""
    town.remember(SPACE, sha256, None)
    town.blob_drops += 1


def link(town: Town, fresh: BlobNote) -> BlobNote:
    """The blob is here, for the members of these records' wastelands too."""
    before = get(town, fresh.blob.sha256)
    note = fresh
    if before is not None:
        ours = not fresh.by  # what strangers named before does not keep out what a person did
        first, then = (fresh, before) if ours else (before, fresh)
        records = dict.fromkeys((*first.records, *then.records))
        by = dict.fromkeys((*before.by, *fresh.by))
        note = replace(
            before,
            records=tuple(records)[:RECORDS_MAX],
            own=before.own or fresh.own,
            by=tuple(by)[:RECORDS_MAX],
        )
    if note != before:
        put(town, note)
    return note


def holder(wasteland: str, peer: str) -> str:
    """How a peer that has a blob for a wasteland's members is noted."""
    return f"{wasteland[:WASTELAND_HEX]}/{peer}"


def holds(town: Town, sha256: str, one: str) -> None:
    """A peer has the blob too."""
    note = get(town, sha256)
    if note is not None and one not in note.holders:
        put(town, replace(note, holders=(*note.holders, one)[-HOLDERS_MAX:]))


def named_by(journal: Journal, record: str, sha256: str) -> Blob | None:
    """The blob of this hash as a held record of the wasteland names it."""
    entry = journal.held.entry(record)
    if entry is None or entry.record.scope != journal.wasteland:
        return None
    return next((one for one in blobs_of(entry.record.body) if one.sha256 == sha256), None)
