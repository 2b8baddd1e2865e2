"""Files of the workspace that people and programs read: JSON in full lines, written whole."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from stamps.errors import WastelandError


class BadFileError(WastelandError):
    """A file of the workspace cannot be read as what it is."""

    code: ClassVar[str] = "workspace.file"
    hint: ClassVar[str] = "Mend the file, or move it away and run gt doctor --fix."
    exit: ClassVar[int] = 2

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = str(path)


def write_text(path: Path, text: str) -> None:
    """The file has this text, or what it had before: never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)  # noqa: PTH105
    finally:
        fresh.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """The file has this object, a field a line."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object in the file; empty where there is no file. Raises BadFileError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadFileError(path, str(error)) from error
    if not isinstance(found, dict):
        raise BadFileError(path, "is no object")
    return found
