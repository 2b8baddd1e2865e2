"""The command tree of `bd`: which file has which command."""

from collections.abc import Mapping, Sequence
from typing import Final

from cli import tree

PLACES: Final[Mapping[str, Sequence[str]]] = {
    "cli.bd.place": ("init",),
    "cli.bd.work": ("create", "update", "close", "reopen"),
    "cli.bd.look": ("show", "list", "ready"),
    "cli.bd.exchange": ("export", "import", "sync"),
}
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Work with beads": (*PLACES["cli.bd.work"],),
    "Find beads": (*PLACES["cli.bd.look"],),
    "Leave and enter": (*PLACES["cli.bd.exchange"],),
    "This project": ("init",),
}

root = tree.new_root("bd")


@root.callback()
@tree.example(
    'bd create "Fix the token refresh race" -t bug -p 1',
    "bd ready --json",
    "bd update gt-x7k2m --claim",
)
def _bd() -> None:
    """Beads: work items with dependencies, kept in Dolt, for people and agents.

    Inside a town every command works on the town's beads, elsewhere on those of the project.
    """


PROGRAM: Final = tree.Program(
    root=root,
    places=PLACES,
    sections=SECTIONS,
    closing=("With --json a command prints one object or one list, as scripts for bd expect.",),
)
