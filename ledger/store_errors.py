"""What can be wrong with a store.

Pure, and it brings nothing along, because every single command pays for that.
"""

from stamps.errors import WastelandError


class StoreError(WastelandError):
    """The store cannot do its work: gone, full, locked or of a wrong engine."""

    code = "store.down"
    hint = "`wl doctor` says what is wrong with it."


class StoreFullError(StoreError):
    """The disk is full: nothing was written, everything acknowledged is still there."""

    code = "store.full"
    hint = "Free some space, then repeat the command; nothing acknowledged was lost."


class StoreDamagedError(StoreError):
    """What the store returns contradicts itself: a person must look before anything is written."""

    code = "store.damaged"
    hint = "Stop writing. Keep the file, restore a backup, then `wl verify`."

    def __init__(self, why: str, *, key: str = "") -> None:
        super().__init__(why)
        self.key = key  # of the record in `wl_records`, where it is one
