"""Who is meant to get work: what a person typed, as a rig and a worker.

Pure. `Target.agent` is an address; empty where any free worker of the rig will do.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ledger.workspace.rows import CREW, MAYOR, POLECAT, REFINERY, WITNESS
from town.hooks.errors import NoTargetError
from town.workspace.layout import checked_person

SELF: Final = ("", ".")
POLECATS: Final = "polecats"
PARTS_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One who is to work: an address with its role, or a rig alone."""

    rig: str = ""
    agent: str = ""
    role: str = ""
    name: str = ""

    @property
    def any_worker(self) -> bool:
        """Whether the rig's next free worker is meant."""
        return not self.agent


def target_of(said: str, *, me: str, here: str, rigs: Collection[str], crew: str = "") -> Target:
    """Who is meant. `me` is the caller's address, `here` the rig that it stands in.

    Raises NoTargetError, BadNameError.
    """
    word = said.strip().rstrip("/")
    if crew:
        return _member(word or here, CREW, crew, rigs, said)
    if word in SELF:
        return _self(me, rigs, said)
    if word == CREW:
        raise NoTargetError(said, "say which member of the crew: RIG/crew/NAME")
    if word == MAYOR:
        return Target(agent=MAYOR, role=MAYOR, name=MAYOR)
    if word in rigs:
        return Target(rig=word)
    return _of_path(word, rigs, said)


def _self(me: str, rigs: Collection[str], said: str) -> Target:
    if me == MAYOR:
        return Target(agent=MAYOR, role=MAYOR, name=MAYOR)
    if "/" not in me:
        raise NoTargetError(said, f"{me} is nobody who works here; name a rig")
    return _of_path(me, rigs, said)


def _of_path(word: str, rigs: Collection[str], said: str) -> Target:
    rig, _, rest = word.partition("/")
    if rig not in rigs:
        known = ", ".join(sorted(rigs)) or "none yet"
        raise NoTargetError(said, f"no rig is called {rig!r}; there are {known}")
    parts = rest.split("/")
    if rest in (WITNESS, REFINERY):
        raise NoTargetError(said, f"the {rest} is a service of the town, which takes no beads")
    if len(parts) == 1 and parts[0]:
        return _member(rig, POLECAT, parts[0], rigs, said)
    if len(parts) == PARTS_MAX - 1 and parts[0] in (CREW, POLECATS):
        return _member(rig, CREW if parts[0] == CREW else POLECAT, parts[1], rigs, said)
    raise NoTargetError(said, "that is no address of a worker")


def _member(rig: str, role: str, name: str, rigs: Collection[str], said: str) -> Target:
    if rig not in rigs:
        raise NoTargetError(said, f"no rig is called {rig!r}")
    folder = CREW if role == CREW else POLECATS
    return Target(rig=rig, agent=f"{rig}/{folder}/{checked_person(name)}", role=role, name=name)
