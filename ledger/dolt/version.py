"""Which version wrote a file, and that a newer one's is refused."""

from typing import ClassVar, Final

from ledger.store_errors import StoreError

VERSION_KEY: Final = "schema"


class NewerStoreError(StoreError):
    """The file was written by a newer version of this program."""

    code: ClassVar[str] = "store.newer"
    hint: ClassVar[str] = "Use the newer version; this one would not understand what it wrote."
