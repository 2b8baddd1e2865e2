"""The command tree of `gt`: which file has which command."""

from collections.abc import Mapping, Sequence
from typing import Final

from cli import tree
from cli.later import ELSEWHERE_OF_GT, OF_GT

PLACES: Final[Mapping[str, Sequence[str]]] = {
    "cli.gt.workspace": ("install", "upgrade", "git-init"),
    "cli.gt.leaving": ("uninstall",),
    "cli.gt.up": ("up", "down"),
    "cli.gt.starting": ("start", "stop"),
    "cli.gt.shutting": ("shutdown",),
    "cli.gt.why": ("why",),
    "cli.gt.passing": ("show", "close", "ready"),
    "cli.gt.demo": ("demo",),
    "cli.gt.status": ("status", "log"),
    "cli.gt.trail": ("audit", "trail", "changelog"),
    "cli.gt.config": ("config",),
    "cli.gt.doctor": ("doctor",),
    "cli.gt.about": ("info", "version", "help"),
    "cli.gt.rigs": ("rig",),
    "cli.gt.crew": ("crew",),
    "cli.gt.whoami": ("whoami",),
    "cli.gt.worktree": ("worktree",),
    "cli.gt.namepool": ("namepool",),
    "cli.gt.agents": ("agents", "peek"),
    "cli.gt.polecat": ("polecat",),
    "cli.gt.mayor": ("mayor",),
    "cli.gt.session": ("session",),
    "cli.gt.seance": ("seance",),
    "cli.gt.hooks": ("hooks",),
    "cli.gt.tap": ("tap",),
    "cli.gt.sling": ("sling",),
    "cli.gt.work": ("prime", "done"),
    "cli.gt.handing_on": ("handoff",),
    "cli.gt.checkpoint": ("checkpoint",),
    "cli.gt.hooked": ("hook", "unsling", "release"),
    "cli.gt.convoy": ("convoy",),
    "cli.gt.mq": ("mq",),
    "cli.gt.refinery": ("refinery",),
    "cli.gt.mail": ("mail",),
    "cli.gt.market": ("drafts", "wl"),
    "cli.gt.nudge": ("nudge", "broadcast", "dnd", "notify"),
}
# Other words for the same things, which users of the predecessor type.
ALIASES: Final[Mapping[str, str]] = {
    "unhook": "cli.gt.hooked",
    "cat": "cli.gt.passing",
    "mr": "cli.gt.mq",
}
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Work": (
        "sling",
        "hook",
        "unsling",
        "release",
        "prime",
        "done",
        "handoff",
        "checkpoint",
        "why",
        "show",
        "close",
        "ready",
        "convoy",
        "mq",
        "refinery",
    ),
    "Agents": ("mayor", "agents", "polecat", "peek", "session", "seance"),
    "Market": ("drafts", "wl"),
    "Talk": ("mail", "nudge", "broadcast", "dnd", "notify"),
    "The town": (
        "install",
        "up",
        "down",
        "start",
        "stop",
        "shutdown",
        "status",
        "log",
        "trail",
        "audit",
        "changelog",
        "config",
        "rig",
        "crew",
        "worktree",
        "namepool",
        "whoami",
    ),
    "Care": ("doctor", "hooks", "upgrade", "git-init", "uninstall"),
    "About": ("demo", "info", "version", "help"),
}

root = tree.new_root("gt")


@root.callback()
@tree.example(
    "gt install ~/gt --git",
    "gt rig add myproject https://github.com/you/repo.git",
    "gt crew add yourname --rig myproject",
    "gt rig list",
)
def _gt() -> None:
    """A town of coding agents: projects, workers, and what they are working on.

    Run inside a town; `gt install` makes one. It starts nothing by itself and asks no model.
    """


PROGRAM: Final = tree.Program(
    root=root,
    places=PLACES,
    aliases=ALIASES,
    sections=SECTIONS,
    later=OF_GT,
    elsewhere=ELSEWHERE_OF_GT,
)
