"""The limits of what one node takes from another that settings name, unit last. Pure numbers."""

from typing import Final

MESSAGE_BYTES_MAX: Final = 2 << 20
BLOB_BYTES_MAX: Final = 64 << 20
HANDED_BYTES_MAX: Final = 1 << 20  # what a node takes for others unless it is told otherwise
