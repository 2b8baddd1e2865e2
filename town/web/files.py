"""The files that pages name: read once, addressed by what is in them.

An address with the digest never changes its content, so a browser keeps it for good.
"""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

TYPES: Final = {"board.css": "text/css", "board.js": "text/javascript"}
DIGEST_CHARS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file."""

    body: bytes
    type: str
    digest: str


class Files:
    """All of them, by name."""

    def __init__(self) -> None:
        self._files = {name: _read(name, kind) for name, kind in TYPES.items()}

    def get(self, name: str) -> File | None:
        """The file of this name."""
        return self._files.get(name)

    def address(self, name: str) -> str:
        """Where a page finds the file."""
        return f"/static/{name}?v={self._files[name].digest}"


def _read(name: str, kind: str) -> File:
    body = files("town.web").joinpath("static", name).read_bytes()
    return File(body=body, type=kind, digest=sha256(body).hexdigest()[:DIGEST_CHARS])
