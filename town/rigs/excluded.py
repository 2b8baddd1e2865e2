"""The names of files that the town and its agents' programs leave in a checkout.

Git is told to overlook them, in the checkout's own settings and never in a file of the project,
so that they never make a worktree dirty. What the project itself keeps in git stays in git.
"""

from pathlib import Path
from typing import Final

from town.agents.presets import PRESETS

BEGIN: Final = "# --- kept by the town: files of its tools"
END: Final = "# --- end"
# Only files that the town or a runtime writes by itself; a folder where people keep theirs is not
# overlooked as a whole.
NAMES: Final = (
    "/.runtime/",
    "/.beads/redirect",
    "/.polecat-checkpoint.json",
    "/.claude/settings.local.json",
    "/CLAUDE.local.md",
    *(f"/{preset.hooks.path}" for preset in PRESETS if preset.hooks and not preset.hooks.flag),
)


def exclude(path: Path) -> None:
    """The file `info/exclude` names them all; what a person wrote there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text("utf-8") if path.exists() else ""
    before, begun, rest = text.partition(BEGIN + "\n")
    after = rest.partition(END + "\n")[2] if begun else ""
    head = f"{before.rstrip()}\n" if before.strip() else ""
    path.write_text(
        f"{head}{BEGIN}\n" + "".join(f"{n}\n" for n in NAMES) + f"{END}\n{after}", "utf-8"
    )
