"""Who typed a command, as rows and events will name them; one place for `bd` and `gt`.

In a town that is an address: as the session's environment says, else whose folder it was typed in,
else the overseer. For the beads of a project that is in no town it is the user.
"""

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.context import Call
from cli.escape import escape
from town.agents.address import Identity, identity, parsed
from town.beads.ports import Caller
from town.node.place import TOWN_HOME
from town.workspace.files import BadFileError, read_json
from town.workspace.layout import Workspace

READ_ONLY: Final = "BD_READONLY"
SAID: Final = ("BD_ACTOR", "BEADS_ACTOR")  # whoever sets one means it for this very command


def user_of(call: Call) -> str:
    """The name of the person at the machine."""
    env = call.env
    return env.get("GIT_AUTHOR_NAME") or env.get("USER") or getpass.getuser()


def town_of(call: Call) -> Workspace | None:
    """The town that the call works in; None for the beads of a project."""
    home = Path(call.home)
    return Workspace(home.parent) if call.home and home.name == TOWN_HOME else None


def identity_of(call: Call) -> Identity | None:
    """Who the caller is in its town; None where it is in none."""
    town = town_of(call)
    if town is None:
        return None
    below = _below(call.cwd, town.root)
    return identity(call.env, below, lambda name: town.rig(name).config.is_file())


def _below(cwd: Path, root: Path) -> tuple[str, ...]:
    here = cwd.resolve()
    return here.relative_to(root).parts if here.is_relative_to(root) else ()


def caller_of(call: Call) -> Caller:
    """The caller, as a use case is told of it."""
    env = call.env
    session = env.get("GT_SESSION_ID") or env.get("CLAUDE_SESSION_ID", "")
    said = next((env[name] for name in SAID if env.get(name)), "")
    who = identity_of(call)
    if who is None:
        actor = said or env.get("GT_ROLE") or user_of(call)
        return Caller(
            actor=actor,
            owner=env.get("GIT_AUTHOR_EMAIL", ""),
            session=session,
            readonly=reads_only(call),
        )
    return Caller(
        actor=_named(said, env) if said else who.address.text,
        owner=_owner(call),
        session=session,
        rig=who.rig,
        readonly=reads_only(call),
    )


def reads_only(call: Call) -> bool:
    """Whether the caller wants nothing changed: a worker in a sandbox, a script that looks."""
    return call.env.get(READ_ONLY) == "1"


def _named(said: str, env: Mapping[str, str]) -> str:
    """The address that is meant; words that are none are somebody's name."""
    found = parsed(said, env)
    return found.text if found is not None else said


def _owner(call: Call) -> str:
    """The email address of the person behind the work: agents act, people own."""
    told = call.env.get("GIT_AUTHOR_EMAIL", "")
    town = town_of(call)
    if told or town is None:
        return told
    try:
        return str(read_json(town.overseer).get("email") or "")
    except BadFileError:
        return ""  # the doctor says so


def warn_of(call: Call) -> None:
    """A caller whose environment and folder disagree is told so on standard error."""
    who = identity_of(call)
    if who is not None and who.warn and not call.wants.quiet:
        call.terminal.err(escape(f"warn    {who.warn}") + "\n")
