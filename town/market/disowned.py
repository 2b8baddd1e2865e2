"""Decisions that an account said and that count no more: its key was revoked, or spoke twice.

They change no row, and stand against whoever said them (records 5.5). Only chains that a revoke or
a fork ever touched are read, each within bounds, so that nobody's page costs more than others'.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from ledger.chains import ChainState
from ledger.journal import Journal
from ledger.story import Void
from ledger.world import counts
from stamps.kinds import DECISION_KINDS, ITEM_DECISION_KINDS, REGISTRAR_KINDS
from stamps.record import ChainKey, Record, public_id
from town.market.words import counted, instant

SLOTS_READ: Final = 2_000  # of a chain, on either side of where it was cut
ITEMS_READ: Final = 200
SHOWN: Final = 20
DISOWNED: Final = "disowned"
BOARD_KINDS: Final = REGISTRAR_KINDS - ITEM_DECISION_KINDS  # a move may be of either


def disowned_by(journal: Journal, account: str) -> list[Record]:
    """The decisions of an account that were taken away, newest first."""
    lost: dict[str, dict[str, Record]] = {}  # by item
    found: list[Record] = []
    for key in journal.state.chains_of(account):
        for record in _lost(journal, key):
            if _of_the_board(journal, record):
                found.append(record)
            else:
                lost.setdefault(str(record.about), {})[str(record.id)] = record
    found += [
        records[void.id]
        for item, records in islice(lost.items(), ITEMS_READ)
        for void in _voids(journal, item)
        if void.reason == DISOWNED and void.account == account and void.id in records
    ]
    return sorted(found, key=lambda record: (record.at, record.id), reverse=True)


def _of_the_board(journal: Journal, record: Record) -> bool:
    """Whether a registrar said it about the wasteland, and not somebody about an item."""
    about_board = record.kind in REGISTRAR_KINDS and (
        record.kind != "home.move" or record.about == journal.wasteland
    )
    genesis = journal.genesis()
    first = (genesis.account, genesis.device) if genesis is not None else None
    return about_board and (record.account, record.device) in (first, journal.registrar())


def _voids(journal: Journal, item: str) -> tuple[Void, ...]:
    story = journal.story(item)
    return story.void if story is not None else ()


def _lost(journal: Journal, key: ChainKey) -> Iterator[Record]:
    """Decisions of a chain that do not count, near where it was cut."""
    state = journal.head(key)
    if key.scope != journal.wasteland or state is None or not _touched(state):
        return
    middle = state.counted if state.named else 0
    for entry in journal.held.slots(key, max(0, middle - SLOTS_READ), middle + SLOTS_READ):
        record = entry.record
        if record.kind in DECISION_KINDS and not counts(journal.state, record):
            yield record


def _touched(state: ChainState) -> bool:
    return not state.plain or not state.named


def all_disowned(journal: Journal) -> dict[str, int]:
    """How many decisions were taken away, by account, where any were."""
    accounts = {
        key.author
        for key, state in tuple(journal.state.chains.items())
        if key.scope == journal.wasteland and _touched(state)
    }
    found = {account: len(disowned_by(journal, account)) for account in sorted(accounts)}
    return {account: count for account, count in found.items() if count}


def disowned_facts(records: list[Record]) -> dict[str, Any]:
    """How many, and the newest of them."""
    return {
        "count": len(records),
        "decisions": [
            {
                "kind": record.kind,
                "item": _item_of(record),
                "record": str(record.id),
                "at": instant(record.at),
            }
            for record in records[:SHOWN]
        ],
    }


def _item_of(record: Record) -> str | None:
    """The item that it was about, None for the board itself."""
    board = record.kind in BOARD_KINDS or record.about == record.scope
    return None if board else public_id("w", str(record.about))


def disowned_words(count: int) -> str:
    """What a person is told who thinks of trusting the account."""
    return f"{counted(count, 'decision')} taken away: a key was revoked, or spoke twice"
