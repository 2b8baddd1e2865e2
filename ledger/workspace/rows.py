"""What a town remembers of its workspace: rigs, agents, worktrees, names, what is being made.

Pure, and values only. Times are microseconds since 1970 UTC, 0 for never.
"""

from typing import ClassVar, Final

from ledger.private.rows import Row, Short, Table

# What a rig is doing: it is being added, it works, it rests here, it rests everywhere.
ADDING: Final = "adding"
OPERATIONAL: Final = "operational"
PARKED: Final = "parked"
DOCKED: Final = "docked"
RIG_STATES: Final = (ADDING, OPERATIONAL, PARKED, DOCKED)

# What only one can have.
RIG_NAME: Final = "rig"
PREFIX_NAME: Final = "prefix"

# States of an agent that others look for: it has no folder any more, and its history stays.
NUKED: Final = "nuked"

MAYOR: Final = "mayor"
DEACON: Final = "deacon"
BOOT: Final = "boot"
DOG: Final = "dog"
WITNESS: Final = "witness"
REFINERY: Final = "refinery"
CREW: Final = "crew"
POLECAT: Final = "polecat"
TOWN_ROLES: Final = (MAYOR, DEACON, BOOT, DOG)
RIG_ROLES: Final = (WITNESS, REFINERY, CREW, POLECAT)


class Rig(Row, frozen=True, kw_only=True):
    """A project of the town: a git repository and the agents that work on it."""

    table: ClassVar[Table] = Table(name="rigs", key=("name",))

    name: Short
    prefix: Short = ""
    git_url: str = ""
    push_url: str = ""
    upstream_url: str = ""
    local_repo: str = ""
    fewer: Short = ""  # git's filter of a partial clone
    folders: tuple[str, ...] = ()  # of a sparse checkout; empty for all
    default_branch: Short = ""
    state: Short = OPERATIONAL
    added_at: int = 0
    added_by: Short = ""


class Agent(Row, frozen=True, kw_only=True):
    """One who works in the town, by address; it stays when its sessions end."""

    table: ClassVar[Table] = Table(name="agents", key=("id",), indexes=(("rig",),))

    id: Short  # the address: `mayor`, `<rig>/crew/<name>`, `<rig>/polecats/<name>`
    role: Short = ""
    rig: Short = ""
    name: Short = ""
    runtime: Short = ""
    state: Short = ""
    hook_bead: Short = ""
    assignment: Short = ""
    notify_level: Short = "normal"
    created_at: int = 0


class Worktree(Row, frozen=True, kw_only=True):
    """A folder of the workspace that holds a rig's files: whose it is, and its branch."""

    table: ClassVar[Table] = Table(name="local_worktree", key=("path",), versioned=False)

    path: Short  # below the workspace's root
    rig: Short = ""
    agent: Short = ""
    branch: Short = ""
    made_at: int = 0


class Taken(Row, frozen=True, kw_only=True):
    """A name that only one can have: that of a rig in small letters, or the prefix of its beads."""

    table: ClassVar[Table] = Table(name="taken_names", key=("kind", "name"))

    kind: Short
    name: Short
    rig: Short = ""


class Making(Row, frozen=True, kw_only=True):
    """A folder that is being made, and by which process; where that died, the folder is rubbish.

    It bears the token, so that what somebody else put in its place is never mistaken for it.
    """

    table: ClassVar[Table] = Table(name="local_making", key=("path",), versioned=False)

    path: Short  # below the workspace's root
    kind: Short = ""  # `rig` or `crew`
    name: Short = ""  # the key of the row that goes with it
    token: Short = ""
    maker: Short = ""  # the process, in words of the port that looks for it
    begun_at: int = 0


WORKSPACE_ROWS: Final[tuple[type[Row], ...]] = (Rig, Agent, Worktree, Taken, Making)
