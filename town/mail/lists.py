"""The lists of recipients that a person keeps in the town's `config/messaging.json`.

The file has the predecessor's form; of it only `lists` is read here, and nothing is written.
"""

from collections.abc import Mapping
from pathlib import Path

from town.workspace.files import BadFileError, read_json


def lists_in(path: Path) -> Mapping[str, tuple[str, ...]]:
    """The lists by name; none where there is no file. Raises BadFileError."""
    told = read_json(path).get("lists", {})
    if not isinstance(told, dict):
        raise BadFileError(path, "lists is no object")
    return {str(name): _members(path, name, members) for name, members in told.items()}


def _members(path: Path, name: str, members: object) -> tuple[str, ...]:
    if not isinstance(members, list) or not all(isinstance(one, str) for one in members):
        raise BadFileError(path, f"lists.{name} is no list of addresses")
    return tuple(members)
