"""The room that the private database takes on disk, and when what nothing refers to is given back.

A change leaves about 16 KB behind that nothing refers to, a commit keeps about 11 KB for good. It
is looked at after a command, in a running town once a minute; on a server it is the server's.
"""

from pathlib import Path
from typing import Final

from ledger.private.rows import Cursor
from ledger.private.store import Change, PrivateStore
from ledger.store_errors import StoreError
from town.node.log import Logger

LOG = Logger("room")
GROWTH: Final = 4
BYTES_MIN: Final = 16 << 20
CHEAP_BYTES: Final = 128 << 20  # up to here it takes less than half a second
PATIENCE: Final = 4  # how much further a larger file may grow before a command waits for it
COLLECTED: Final = "storage.collected"  # the size after the last time, kept as a cursor is


def grown(size: int, last: int, *, waited_for: bool) -> bool:
    """Whether a file of this size is due; a command that somebody waits for puts large ones off."""
    growth = GROWTH * PATIENCE if waited_for and size > CHEAP_BYTES else GROWTH
    return size >= BYTES_MIN and size >= growth * last


def give_back(store: PrivateStore, path: Path, *, waited_for: bool) -> bool:
    """Whether storage was just given back, because the file has grown so much since last time."""
    try:
        size = path.stat().st_size
    except OSError:  # it lies on a server
        return False
    row = store.get(Cursor, COLLECTED) if size >= BYTES_MIN else None
    if not grown(size, row.seq if row is not None else 0, waited_for=waited_for):
        return False
    try:
        store.collect()
        after = Cursor(name=COLLECTED, seq=path.stat().st_size)
        store.apply(Change(puts=(after,)))
    except StoreError as error:  # there is a next time
        LOG.warning("collect", code=error.code)
        return False
    return True
