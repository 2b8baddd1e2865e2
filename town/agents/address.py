"""Who somebody in a town is: an address, from what the session was told or from where it stands.

Pure. `GT_ROLE` counts first, the folder second; at the town's root, and in a folder that belongs to
nobody, a person stands: the overseer. Where both say something and it is not the same, that is
told, because an agent that takes another one's folder for its own works on the wrong thing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.workspace.rows import BOOT, CREW, DEACON, DOG, MAYOR, POLECAT, REFINERY, WITNESS
from town.workspace.layout import RESERVED

OVERSEER: Final = "overseer"
BOOT_ADDRESS: Final = "deacon-boot"
ROLE_VARIABLE: Final = "GT_ROLE"
RIG_VARIABLE: Final = "GT_RIG"
CREW_FOLDER: Final = "crew"
POLECATS_FOLDER: Final = "polecats"
DOGS_FOLDER: Final = "dogs"
_OF_A_RIG: Final = (WITNESS, REFINERY)
_NAMED_BY: Final = {CREW: "GT_CREW", POLECAT: "GT_POLECAT", DOG: "GT_DOG"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Somebody in a town; `role` is empty for the person who oversees it."""

    text: str = OVERSEER
    role: str = ""
    rig: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a caller is, how we know, and in which rig the beads lie that it makes."""

    address: Address
    source: str  # `GT_ROLE`, `folder`, `person`
    rig: str = ""
    warn: str = ""


NOBODY: Final = Address()
IsRig = Callable[[str], bool]


def nowhere(name: str) -> bool:
    """Whether a rig is called so, where there is none."""
    del name
    return False


def parsed(said: str, env: Mapping[str, str] | None = None) -> Address | None:
    """The address that is written so; None for one that nobody can have.

    A bare role, as `crew`, is completed by `GT_RIG`, `GT_CREW` and their like.
    """
    words = said.strip().strip("/").split("/")
    found = _whole(words)
    if found is not None or len(words) != 1 or env is None:
        return found
    rig, name = env.get(RIG_VARIABLE, ""), env.get(_NAMED_BY.get(words[0], ""), "")
    return _completed(words[0], rig=rig, name=name)


def _completed(role: str, *, rig: str, name: str) -> Address | None:
    if role in _OF_A_RIG and rig:
        return of_rig(rig, role)
    if role == DOG and name:
        return Address(text=f"{DEACON}/{DOGS_FOLDER}/{name}", role=DOG, name=name)
    if role == CREW and rig and name:
        return of_crew(rig, name)
    return of_polecat(rig, name) if role == POLECAT and rig and name else None


def _whole(words: Sequence[str]) -> Address | None:  # noqa: PLR0911  # one form a case
    """The address of these words between slashes; None where they are none."""
    match list(words):
        case [role] if role in (MAYOR, DEACON):
            return Address(text=role, role=role)
        case [role] if role in (BOOT, BOOT_ADDRESS):
            return Address(text=BOOT_ADDRESS, role=BOOT)
        case [role] if role == OVERSEER:
            return NOBODY
        case [first, second, *more] if first in (DEACON, MAYOR):
            return _dog(second, more) if first == DEACON else None
        case [rig, *more] if rig and more:
            return _of_rig(rig, more)
    return None


def _dog(second: str, more: list[str]) -> Address | None:
    if second == BOOT or [second, *more] == [DOGS_FOLDER, BOOT]:
        return Address(text=BOOT_ADDRESS, role=BOOT)
    if second == DOGS_FOLDER and len(more) == 1 and more[0]:
        return Address(text=f"{DEACON}/{DOGS_FOLDER}/{more[0]}", role=DOG, name=more[0])
    return None


def _of_rig(rig: str, more: list[str]) -> Address | None:
    match more:
        case [role] if role in _OF_A_RIG:
            return of_rig(rig, role)
        case [folder, name] if folder == CREW_FOLDER and name:
            return of_crew(rig, name)
        case [folder, name] if folder == POLECATS_FOLDER and name:
            return of_polecat(rig, name)
    return None


def of_rig(rig: str, role: str) -> Address:
    """The witness or the refinery of a rig."""
    return Address(text=f"{rig}/{role}", role=role, rig=rig, name=role)


def of_crew(rig: str, name: str) -> Address:
    """A member of a rig's crew."""
    return Address(text=f"{rig}/{CREW_FOLDER}/{name}", role=CREW, rig=rig, name=name)


def of_polecat(rig: str, name: str) -> Address:
    """A worker of a rig."""
    return Address(text=f"{rig}/{POLECATS_FOLDER}/{name}", role=POLECAT, rig=rig, name=name)


def standing_at(below: Sequence[str], is_rig: IsRig = nowhere) -> tuple[Address, str]:
    """Whose folder this is, and in which rig; `below` are the folders from the root to it.

    A guest's folder in another rig's crew is called `<rig>-<name>`, and a rig has no dash.
    """
    if not below:
        return NOBODY, ""
    if below[0].startswith(".") or below[0].lower() in RESERVED:
        return _town_folder(below), ""
    rig, rest = below[0], list(below[1:])
    if rest[:1] == [MAYOR]:
        return Address(text=MAYOR, role=MAYOR), rig
    found = _of_rig(rig, rest[:1]) or _of_rig(rig, rest[:2])
    home, dash, name = found.name.partition("-") if found is not None else ("", "", "")
    if found is not None and found.role == CREW and dash and home != rig and is_rig(home):
        found = of_crew(home, name)
    return found or NOBODY, rig


def _town_folder(below: Sequence[str]) -> Address:
    if below[0] == MAYOR:
        return Address(text=MAYOR, role=MAYOR)
    if below[0] != DEACON:
        return NOBODY
    found = _dog(below[1], list(below[2:3])) if len(below) > 1 else None
    return found or Address(text=DEACON, role=DEACON)


def identity(env: Mapping[str, str], below: Sequence[str], is_rig: IsRig = nowhere) -> Identity:
    """Who calls: as `GT_ROLE` says, else whose folder it stands in, else the overseer."""
    here, rig = standing_at(below, is_rig)
    said = env.get(ROLE_VARIABLE, "").strip()
    told = parsed(said, env) if said else None
    if said and told is None:
        warn = f"{ROLE_VARIABLE} is {said!r}, which is no address; {here.text} is taken"
        return _identity(here, rig, env, warn=warn)
    if told is None:
        return _identity(here, rig, env)
    warn = ""
    if here.role and here != told and not _visits(told, below):
        warn = f"{ROLE_VARIABLE} says {told.text}, but this is the folder of {here.text}"
    lies_in = rig or env.get(RIG_VARIABLE, "") or told.rig
    return Identity(address=told, source=ROLE_VARIABLE, rig=lies_in, warn=warn)


def _identity(here: Address, rig: str, env: Mapping[str, str], *, warn: str = "") -> Identity:
    source = "folder" if here.role else "person"
    lies_in = rig or env.get(RIG_VARIABLE, "")
    return Identity(address=here, source=source, rig=lies_in, warn=warn)


def _visits(told: Address, below: Sequence[str]) -> bool:
    """Whether this is a folder in another rig that was made for this caller."""
    return list(below[1:3]) == [CREW_FOLDER, f"{told.rig}-{told.name}"]
