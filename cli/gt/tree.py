"""The command tree of `gt`: which file has which command."""

from collections.abc import Mapping, Sequence
from typing import Final

from cli import tree

PLACES: Final[Mapping[str, Sequence[str]]] = {
    "cli.gt.workspace": ("install",),
    "cli.gt.rigs": ("rig",),
}
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "The town": ("install", "rig"),
}

root = tree.new_root("gt")


@root.callback()
@tree.example(
    "gt install ~/gt --git",
    "gt rig add myproject https://github.com/you/repo.git",
    "gt rig list",
)
def _gt() -> None:
    """A town of coding agents: projects, workers, and what they are working on.

    Run inside a town; `gt install` makes one. It starts nothing by itself and asks no model.
    """


PROGRAM: Final = tree.Program(root=root, places=PLACES, sections=SECTIONS)
