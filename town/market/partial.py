"""Items of which only loose records are here, and what is loose about others (records 2.2).

It looks and decides nothing. Nothing here counts: no row, no status and no right follows from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.journal import Journal
from stamps.kinds import ITEM_DECISION_KINDS, REQUEST_KINDS, is_id
from stamps.limits import PREFIX_CHARS_MIN
from stamps.record import Record, public_id
from town.market.errors import AmbiguousError
from town.market.names import name_of
from town.market.words import counted, instant, one_line

ABOUT_ITEMS: Final = ITEM_DECISION_KINDS | REQUEST_KINDS | {"note.add"}
CANDIDATES_MAX: Final = 10
SHORT_CHARS: Final = 8
EFFECT: Final = "loose: its chain is not here"


@dataclass(frozen=True, slots=True)
class Partial:
    """An item that only loose records speak of."""

    journal: Journal
    id: str
    records: tuple[Record, ...]

    def facts(self) -> dict[str, Any]:
        """The `data` of `wl show`: what was said, and that it counts for nothing."""
        post = next((r for r in self.records if r.kind == "wanted.post"), None)
        return {
            "id": self.id,
            "short": self.id[:SHORT_CHARS],
            "wasteland": self.journal.wasteland,
            "state": "partial",
            "status": None,
            "partial": True,
            "you": "none",
            "may_start": False,
            "until": None,
            "signed": True,
            "verified": True,
            "poster": _person(self.journal, post) if post is not None else None,
            "loose": len(self.records),
            "records": loose_rows(self.journal, self.records),
            "untrusted": {
                "title": post.body["title"] if post is not None else None,
                "description": post.body.get("description") if post is not None else None,
            },
        }

    def lines(self) -> tuple[str, ...]:
        """The lines of `wl show`."""
        facts = self.facts()
        title = one_line(str(facts["untrusted"]["title"] or "(its post is not here)"))
        return (
            f"{facts['short']:<10}{title}",
            f"{'partial':<10}only {loose_words(len(self.records))}",
            *(f"{'':<10}{row['kind']} by {row['by']}, {row['at']}" for row in facts["records"]),
        )


def known_in_part(journal: Journal, said: str) -> Partial | None:
    """The item whose id starts so, if nothing but loose records speaks of it.

    Raises AmbiguousError.
    """
    if not len(journal.loose):
        return None
    digits = said.strip().lower().removeprefix("w-")
    if len(digits) < PREFIX_CHARS_MIN or journal.store.ids(f"w-{digits}", 1):
        return None
    spoken: dict[str, list[Record]] = {}
    for record in _shown(journal):
        item = _item_of(journal, record)
        if item.startswith(f"w-{digits}"):
            spoken.setdefault(item, []).append(record)
    if len(spoken) > 1:
        raise AmbiguousError("item", said, tuple(sorted(spoken)[:CANDIDATES_MAX]))
    return next((Partial(journal, item, tuple(found)) for item, found in spoken.items()), None)


def loose_about(journal: Journal, post: str) -> list[Record]:
    """Loose records about an item, by time."""
    return [record for record in _shown(journal) if record.about == post]


def loose_rows(journal: Journal, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Loose records as `wl log` lists them, marked."""
    return [
        {
            "at": instant(record.at),
            "kind": record.kind,
            "by": name_of(journal, record.account),
            "id": record.id,
            "device": record.device,
            "seq": record.seq,
            "effect": EFFECT,
            "untrusted": {"body": record.body},
        }
        for record in records
    ]


def loose_words(count: int) -> str:
    """How many are loose, and what that means."""
    return f"{counted(count, 'loose record')}: signed, not counted, without the chain before it"


def _shown(journal: Journal) -> list[Record]:
    """Loose records that may be their author's, by time.

    Where the author's log is here and does not name the device, somebody else signed.
    """
    found = []
    for entry in journal.loose:
        log = journal.log_of(entry.record.account)
        if log is None or log.introduces(entry.record.device):
            found.append(entry.record)
    return sorted(found, key=lambda record: (record.at, record.id))


def _item_of(journal: Journal, record: Record) -> str:
    """The public id of the item that the record makes or speaks of, empty for another subject."""
    if record.kind == "wanted.post":
        return public_id("w", record.id)
    spoken = record.kind in ABOUT_ITEMS and is_id(record.about)
    if not spoken or record.about == journal.wasteland:
        return ""
    return public_id("w", record.about)


def _person(journal: Journal, record: Record) -> dict[str, Any]:
    return {"handle": name_of(journal, record.account), "account": record.account}
