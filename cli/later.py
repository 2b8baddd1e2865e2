"""Words that are no commands here: of what comes later, and of what has another name.

Values and their errors; `tree` raises them. A word that nobody ever used is not in any table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from stamps.errors import WastelandError


@dataclass(frozen=True, slots=True)
class Word:
    """What the word stands for, and the lines that serve until it is there, or in its place."""

    means: str
    lines: tuple[str, ...] = ()


class NotYetError(WastelandError):
    """The command belongs to a later release; nothing was done."""

    code: ClassVar[str] = "command.later"
    hint: ClassVar[str] = "Nothing was done. --help lists what is here."
    exit: ClassVar[int] = 1

    def __init__(self, said: str, word: Word) -> None:
        super().__init__(f"{said} is not here yet: {word.means}; nothing was done")
        self.try_ = tuple(tuple(line.split()) for line in word.lines)


class ElsewhereError(WastelandError):
    """What the command did elsewhere is done by another one here; nothing was done."""

    code: ClassVar[str] = "command.elsewhere"
    hint: ClassVar[str] = "--help lists what is here."
    exit: ClassVar[int] = 2

    def __init__(self, said: str, word: Word) -> None:
        super().__init__(f"there is no {said}: {word.means}")
        self.try_ = tuple(tuple(line.split()) for line in word.lines)


FORMULAS: Final = "workflows beyond the one built in come with a later release"

OF_GT: Final[Mapping[str, Word]] = {
    "feed": Word("the feed of what happens", ("gt log --follow", "gt status --watch")),
    "dashboard": Word("the town's page in the browser", ("gt status --watch",)),
    "escalate": Word(
        "routes of escalation; a worker that cannot go on hands its work back",
        ("gt done --status ESCALATED -m REASON", "gt mail send --human -s SUBJECT -m TEXT"),
    ),
    "formula": Word(FORMULAS, ("gt sling BEAD RIG --args TEXT",)),
    "mol": Word(FORMULAS, ("gt hook",)),
    "synthesis": Word(FORMULAS),
    "mountain": Word("convoys that flow around what fails", ("gt convoy create NAME BEAD",)),
    "scheduler": Word(
        "dispatch that waits its turn; capacity is a setting already",
        ("gt config set scheduler.max_polecats 4",),
    ),
    "dog": Word("workers for the town's own upkeep", ("gt doctor --fix",)),
    "patrol": Word("the watch that a model is asked for", ("gt status", "gt doctor")),
    "warrant": Word("the watchdog's orders", ("gt session stop AGENT",)),
    "plugin": Word("what runs now and then"),
    "estop": Word("freezing every session at once", ("gt down",)),
    "thaw": Word("freezing every session at once", ("gt up",)),
    "account": Word("several accounts of a model's provider"),
    "quota": Word("several accounts of a model's provider"),
    "costs": Word("what models cost"),
    "directive": Word(
        "orders for a role by a command; their files work already: directives/ROLE.md",
    ),
}
ELSEWHERE_OF_GT: Final[Mapping[str, Word]] = {
    "daemon": Word("the node does its work", ("gt up", "gt status", "gt down")),
    "boot": Word("the node sees to itself", ("gt up", "gt status")),
    "witness": Word(
        "the node's watch looks after every worker", ("gt agents", "gt why AGENT", "gt up")
    ),
    "deacon": Word("the node's watch looks after the town", ("gt status", "gt doctor", "gt up")),
    "prune-branches": Word("a branch goes by itself once it is merged", ("gt doctor",)),
    "krc": Word("events are pruned by age by themselves", ("gt log",)),
    "activity": Word("what happened is listed by", ("gt log",)),
    "vitals": Word("how the town stands is shown by", ("gt status", "gt doctor")),
    "health": Word("how the town stands is shown by", ("gt status", "gt doctor")),
    "metrics": Word("how the town stands is shown by", ("gt status", "bd status")),
    "repair": Word("what can be mended is mended by", ("gt doctor --fix",)),
    "stale": Word("an older town is brought up to date by", ("gt upgrade", "gt doctor")),
    "orphans": Word("what belongs to nobody is found by", ("gt doctor", "gt worktree list")),
    "assign": Word("two lines do it", ("bd create TITLE", "gt sling BEAD RIG/crew/NAME")),
    "theme": Word("colours follow the terminal, and NO_COLOR leaves them out"),
    "bead": Word("beads have a program of their own", ("bd --help",)),
    "enable": Word("a town is where its folder is, and nowhere else", ("gt install ~/gt",)),
    "disable": Word("a town is where its folder is, and nowhere else", ("gt down",)),
    "shell": Word("nothing is put into a shell's files; gt finds the town by the folder"),
}
NODES: Final = "the node's own work, begun and ended with it"
ONE_REFINERY: Final = "a request is in the hands of its project's refinery alone"
STANDS: Final = "how a worker's folder stands, and whether it can go, is shown by"
# By the words before: what the predecessor's groups have and ours have not.
UNDER: Final[Mapping[str, Mapping[str, Word]]] = {
    "gt refinery": {
        "start": Word(NODES, ("gt up", "gt rig start RIG")),
        "stop": Word(
            "a setting lets nothing be merged",
            ("gt rig config set RIG merge_queue.enabled false", "gt rig stop RIG"),
        ),
        "restart": Word(NODES, ("gt refinery run RIG",)),
        "attach": Word("it is code, and has no session", ("gt refinery status RIG",)),
        "claim": Word(ONE_REFINERY, ("gt refinery run RIG",)),
        "release": Word(ONE_REFINERY, ("gt mq retry ID",)),
        "unclaimed": Word(ONE_REFINERY, ("gt refinery ready RIG",)),
    },
    "gt mq": {
        "post-merge": Word("the refinery does it with each merge", ("gt mq status ID",)),
        "close": Word(
            "a request is merged, or rejected",
            ("gt refinery run RIG", "gt mq reject ID --reason R"),
        ),
    },
    "gt mayor": {"acp": Word("the mayor runs in a session of its own", ("gt mayor attach",))},
    "gt session": {
        "check": Word("what died is found by", ("gt session list", "gt doctor --fix")),
    },
    "gt polecat": {
        "check-recovery": Word(STANDS, ("gt polecat status NAME",)),
        "git-state": Word(STANDS, ("gt polecat status NAME",)),
        "stale": Word("which worktrees can go is shown by", ("gt polecat gc --dry-run",)),
        "prune": Word("branches go by themselves once they are merged", ("gt polecat gc",)),
        "identity": Word(
            "a name stays for good, with its history",
            ("gt polecat list --all", "gt polecat status NAME"),
        ),
        "pool-init": Word(
            "a worker is made when there is work for it",
            ("gt sling BEAD RIG", "gt rig config set RIG namepool.max 50"),
        ),
    },
    "gt config": {
        "cost-tier": Word(
            "which program a role runs is a setting", ("gt config set role_agents JSON",)
        ),
        "agent-email-domain": Word(
            "agents' commits carry your address, and their own as the name", ("gt whoami",)
        ),
    },
}
OF_WL: Final[Mapping[str, Word]] = {
    "next": Word("the one thing to do now", ("wl browse --status open", "wl claim ITEM")),
    "prime": Word("what an agent is told when it begins", ("wl me", "wl help output")),
    "inbox": Word("what happened to you", ("wl me",)),
    "watch": Word("what happens, as it happens", ("wl wait ITEM", "wl status")),
    "agent": Word("agents with keys of their own; WL_AGENT=NAME says who asks", ("wl me",)),
    "hide": Word("what a town does not want to see"),
    "store": Word("a town's ledgers in a Dolt server"),
    "hub": Word("a place to meet that a group runs", ("wl invite --count 40 --expires 7d",)),
}
JUDGED: Final = "work is judged where it was posted"
PAGES: Final = "the board is a page of the node's"
ELSEWHERE_OF_WL: Final[Mapping[str, Word]] = {
    "review": Word("what waits for your word is shown by", ("wl me", "wl show ITEM")),
    "approve": Word(JUDGED, ("wl accept ITEM --quality 5",)),
    "request-changes": Word(JUDGED, ("wl reject ITEM --reason TEXT",)),
    "merge": Word(
        "records have no branches, and meet by themselves",
        ("wl sync", "wl accept ITEM --quality 5"),
    ),
    "tui": Word(PAGES, ("wl up", "wl browse")),
    "serve": Word(PAGES, ("wl up", "wl status")),
    "scorekeeper": Word("who did what is counted by", ("wl leaderboard", "wl profile NAME")),
    "members": Word("who is here is shown by", ("wl leaderboard", "wl peer list")),
    "suspend": Word("an admission is ended by", ("wl admit NAME --suspend",)),
    "infer": Word(
        "it is left out on purpose; a question to a model is work like any other",
        ("wl post TITLE --done-when TEXT",),
    ),
}
OF_BD: Final[Mapping[str, Word]] = {
    "cook": Word(FORMULAS, ("bd create TITLE --parent BEAD",)),
    "formula": Word(FORMULAS, ("bd create TITLE --parent BEAD",)),
    "mol": Word(FORMULAS, ("bd create TITLE --parent BEAD", "bd dep add BEAD BLOCKER")),
    "gate": Word("gates among beads", ("bd dep add BEAD BLOCKER", "bd defer BEAD --until DATE")),
    "swarm": Word(FORMULAS, ("gt convoy create NAME BEAD",)),
}
NO_SHELL: Final = Word("nothing is put into a shell's files; gt finds the town by the folder")
NO_HOST: Final = Word(
    "no host is asked for a repository; make one there, and push the folder to it"
)
NAMED_ONLY: Final = Word(
    "work that lies nowhere else goes only where a person names it",
    ("gt polecat remove RIG/NAME --force",),
)
# By the words before: options that the predecessor has and that could do nothing here.
OPTIONS: Final[Mapping[str, Mapping[str, Word]]] = {
    "gt install": {
        "--github": NO_HOST,
        "--public": NO_HOST,
        "--no-beads": Word("work items are part of a town; bd init makes them alone", ("bd init",)),
        "--dolt-port": Word("the database is a file of the town, and has no port"),
        "--shell": NO_SHELL,
        "--wrappers": NO_SHELL,
        "--supervisor": Word("the system is told of nothing; a line starts the node", ("gt up",)),
    },
    "gt doctor": {
        "--slow": Word("each check says what it found", ("gt doctor --verbose",)),
        "--no-start": Word("it starts nothing", ("gt doctor --fix",)),
        "--restart-sessions": Word(
            "a session is begun anew by a line of its own", ("gt session restart AGENT",)
        ),
    },
    "gt start": {
        "--cost-tier": Word(
            "which program a role runs is a setting", ("gt config set role_agents JSON",)
        ),
    },
    "gt shutdown": {"--nuclear": NAMED_ONLY},
    "gt rig stop": {"--nuclear": NAMED_ONLY},
    "gt rig shutdown": {"--nuclear": NAMED_ONLY},
    "gt rig restart": {"--nuclear": NAMED_ONLY},
    "gt down": {
        "--nuke": Word("a town ends its own sessions, all of them, and nobody else's", ("gt down",))
    },
}
