"""The command tree of `bd`: which file has which command."""

from collections.abc import Mapping, Sequence
from typing import Final

from cli import tree
from cli.bd import elsewhere
from cli.later import OF_BD

PLACES: Final[Mapping[str, Sequence[str]]] = {
    "cli.bd.place": ("init",),
    "cli.bd.work": ("create", "q", "update"),
    "cli.bd.closing": (
        *("close", "reopen", "defer", "undefer", "delete", "duplicate", "supersede"),
    ),
    "cli.bd.one": ("show", "assign", "priority", "note", "tag", "comment", "comments"),
    "cli.bd.look": ("list", "ready", "blocked", "search", "children", "stale"),
    "cli.bd.links": ("dep", "link"),
    "cli.bd.graphs": ("graph",),
    "cli.bd.batches": ("batch",),
    "cli.bd.past": ("history",),
    "cli.bd.editing": ("edit",),
    "cli.bd.orphans": ("orphans",),
    "cli.bd.labels": ("label",),
    "cli.bd.numbers": ("count", "status", "epic", "statuses", "types"),
    "cli.bd.doctor": ("doctor",),
    "cli.bd.told": ("config", "where", "info", "version", "help"),
    "cli.bd.exchange": ("export", "import", "sync"),
    "cli.bd.pruning": ("prune", "purge"),
    "cli.bd.query": ("query",),
    "cli.bd.states": ("state", "set-state", "promote", "todo", "lint"),
    "cli.bd.renaming": ("rename", "rename-prefix"),
    "cli.bd.likening": ("duplicates", "find-duplicates"),
    "cli.bd.memories": ("remember", "memories", "recall", "forget", "kv"),
    "cli.bd.prime": ("prime", "onboard"),
}
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Work with beads": (
        *("create", "q", "update", "edit", "close", "reopen", "defer", "undefer", "delete"),
        "batch",
        *("assign", "priority", "note", "tag", "comment", "comments", "duplicate", "supersede"),
        *PLACES["cli.bd.states"],
    ),
    "Find beads": (
        *("show", "history", *PLACES["cli.bd.look"], "query", "orphans"),
        *PLACES["cli.bd.likening"],
    ),
    "What depends on what": ("dep", "link", "graph", "label", "epic"),
    "Numbers": ("count", "status", "statuses", "types"),
    "Leave and enter": (*PLACES["cli.bd.exchange"],),
    "Known next time, too": (*PLACES["cli.bd.memories"], *PLACES["cli.bd.prime"]),
    "This place": (
        *("init", "doctor"),
        *PLACES["cli.bd.renaming"],
        *PLACES["cli.bd.pruning"],
        *PLACES["cli.bd.told"],
    ),
}
# Other words for the same things, which users of the predecessor type.
ALIASES: Final[Mapping[str, str]] = {
    "new": "cli.bd.work",
    "done": "cli.bd.closing",
    "view": "cli.bd.one",
    "stats": "cli.bd.numbers",
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
    aliases=ALIASES,
    sections=SECTIONS,
    later=OF_BD,
    elsewhere=elsewhere.OF_BD,
    closing=("With --json a command prints one object or one list, as scripts for bd expect.",),
)
