"""The file in which a project keeps its beads for git: where it lies, and when it is written."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.context import Call
from cli.escape import escape
from town.beads.ports import Caller
from town.node.place import TOWN_HOME

if TYPE_CHECKING:
    from town.beads.syncing import Place
    from town.node.private import OpenPrivate

FOLDER: Final = ".beads"
FILE_NAME: Final = "issues.jsonl"
AUTO: Final = "export.auto"


def interchange(call: Call, caller: Caller) -> tuple[Path, bool]:
    """Where the interchange file of this call lies, and whether that is in a town.

    A caller in a rig means the file of the checkout in which it stands.
    """
    home = Path(call.home)
    if home.name != TOWN_HOME:
        return home / FILE_NAME, (home / "keys").is_dir()
    town = home.parent.resolve()
    place = _checkout(call.cwd.resolve(), town) or town / caller.rig if caller.rig else town
    return place / FOLDER / FILE_NAME, True


def _checkout(at: Path, town: Path) -> Path | None:
    """The nearest folder that git knows, below the town."""
    above = (folder for folder in (at, *at.parents) if folder.is_relative_to(town))
    return next((f for f in above if f != town and (f / ".git").exists()), None)


def place_of(call: Call, caller: Caller) -> "Place":
    """The same as the use case takes it."""
    from town.beads.syncing import Place  # noqa: PLC0415  # only where it is asked for

    path, town = interchange(call, caller)
    return Place(path=path, town=town, rig=town and bool(caller.rig))


def sync_after(call: Call, private: "OpenPrivate", caller: Caller) -> None:
    """The file has what was just written, where a project keeps one; trouble is only told."""
    from ledger.beads.errors import BeadError  # noqa: PLC0415
    from ledger.private.rows import Setting  # noqa: PLC0415

    if caller.readonly:
        return
    path, town = interchange(call, caller)
    if call.env.get("BD_GIT_HOOK") == "1":  # a commit is being made of the file as it is
        return
    if town or not path.exists():
        asked = private.run(lambda: private.store.get(Setting, AUTO))
        if asked is None or not asked.value:
            return
    try:
        private.exchange(caller).sync_if_due(place_of(call, caller))
    except BeadError as error:
        call.terminal.err(escape(f"note    {FILE_NAME} was left as it is: {error}") + "\n")
