"""Words that the predecessor's `bd` has and this one has not: what serves in their place."""

from collections.abc import Mapping
from typing import Final

from cli.later import Word

TRACKER: Final = "trackers elsewhere are no part of this; lines of JSON go in and out"
BY_LINES: Final = ("bd export -o FILE", "bd import FILE")
DOLT: Final = "the database keeps its history by itself, and gives room back by itself"
BACKUP: Final = "a file of lines is a copy of everything"
ALL_LINES: Final = ("bd export --all -o FILE", "bd import FILE")

OF_BD: Final[Mapping[str, Word]] = {
    **{name: Word(TRACKER, BY_LINES) for name in ("jira", "linear", "github", "gitlab", "ado")},
    **{name: Word(TRACKER, BY_LINES) for name in ("notion", "repo", "federation", "ship")},
    **{name: Word(DOLT) for name in ("dolt", "vc", "branch", "compact", "flatten", "gc", "sql")},
    **{name: Word(BACKUP, ALL_LINES) for name in ("backup", "bootstrap", "migrate", "admin")},
    "completion": Word("one completion for all programs", ("wl completion bash",)),
    "diff": Word("what became of a bead, commit by commit", ("bd history BEAD", "gt log")),
    "restore": Word("nothing is thrown out of a bead's history", ("bd history BEAD",)),
    "audit": Word("what agents did is told by the town", ("gt log", "gt seance")),
    "create-form": Word("two lines do it", ("bd create TITLE", "bd edit BEAD")),
    "mail": Word("a town has mail", ("gt mail inbox", "gt mail send NAME -s SUBJECT -m TEXT")),
    "worktree": Word("worktrees share their repository's beads", ("bd where", "gt worktree RIG")),
    "merge-slot": Word("the refinery merges one after the other", ("gt mq list RIG",)),
    "hooks": Word("no hook is needed: a write brings the file up to date", ("bd sync",)),
    "setup": Word("agents are told by the lines of AGENTS.md", ("bd onboard", "bd prime")),
    "rules": Word("rules of agents are a person's own files", ("bd onboard",)),
    "quickstart": Word("how to begin", ("bd help", "bd prime")),
    "human": Word("what people need most", ("bd help", "bd list --label human")),
    "init-safety": Word("beads that are there are never made anew", ("bd where",)),
    "context": Word("where the beads lie", ("bd where", "bd info")),
    "ping": Word("whether the beads can be read", ("bd info",)),
    "upgrade": Word("the program is upgraded by whatever installed it", ("bd version",)),
    "preflight": Word(
        "what is left to do before a change is handed in", ("bd list --assignee NAME",)
    ),
}
