"""Whether convoys have anything to be told, asked without loading what lands them."""

from typing import Final

from ledger.private.rows import Cursor
from ledger.private.store import PrivateReader
from ledger.workspace.talk import OPEN_CONVOY, Convoy

CURSOR: Final = "convoys"


def is_behind(store: PrivateReader) -> bool:
    """Whether something happened that an open convoy has not been looked at for."""
    if not store.find(Convoy, status=OPEN_CONVOY):
        return False
    at = store.get(Cursor, CURSOR)
    return bool(store.events(at.seq if at is not None else 0, at_most=1))
