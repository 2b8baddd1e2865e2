"""Whom an address of the town's mail means: a pure function over who there is.

The canonical name of a recipient is its agent's id, `overseer` for the person. An address that
means nobody is refused with those near it; one that could mean two is refused with both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import ClassVar, Final

from ledger.workspace.rows import BOOT, CREW, DEACON, DOG, MAYOR, POLECAT, RIG_ROLES, Agent
from stamps.errors import WastelandError

OVERSEER: Final = "overseer"
PERSONS: Final = (OVERSEER, "human")
BOOT_ADDRESS: Final = "deacon-boot"
# They are there in every town, whether or not they run.
ALWAYS: Final[Mapping[str, str]] = {MAYOR: MAYOR, DEACON: DEACON, BOOT: BOOT_ADDRESS}
LATER: Final = ("queue", "channel", "announce")
NEAR_MAX: Final = 3
ADDRESS_CHARS_MAX: Final = 255
DEPTH_MAX: Final = 16
RECIPIENTS_MAX: Final = 2_000
GONE: Final = "nuked"
# What `@word` means: the agents of a role.
EVERY: Final[Mapping[str, str]] = {
    "witnesses": "witness", "refineries": "refinery", "deacons": DEACON, "dogs": DOG,
    "polecats": POLECAT, "crew": CREW, "mayor": MAYOR, "deacon": DEACON,
}  # fmt: skip


class AddressError(WastelandError):
    """An address cannot be used; nothing was sent."""

    code: ClassVar[str] = "address.refused"
    hint: ClassVar[str] = "`gt mail directory` lists every address."
    exit: ClassVar[int] = 3


class NoRecipientError(AddressError):
    """Nobody has this address."""

    code: ClassVar[str] = "address.unknown"

    def __init__(self, said: str, near: Sequence[str], why: str = "") -> None:
        more = f"; near it are {', '.join(near)}" if near else ""
        super().__init__(f"{why or 'nobody is called'} {said[:ADDRESS_CHARS_MAX]!r}{more}")
        self.said, self.near = said[:ADDRESS_CHARS_MAX], tuple(near)


class ManyRecipientsError(AddressError):
    """The address could mean more than one."""

    code: ClassVar[str] = "address.ambiguous"
    hint: ClassVar[str] = "Write the whole address."

    def __init__(self, said: str, found: Sequence[str]) -> None:
        super().__init__(f"{said!r} could be {', '.join(found)}")
        self.said, self.found = said, tuple(found)


class LaterError(AddressError):
    """A kind of address that this version does not have."""

    code: ClassVar[str] = "address.later"
    hint: ClassVar[str] = "Use a group: gt mail group create NAME MEMBER…"
    exit: ClassVar[int] = 2

    def __init__(self, said: str) -> None:
        super().__init__(f"{said!r}: queues, channels and announcements are not here yet")
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everybody who can be written to, and the names for several of them."""

    agents: Sequence[Agent] = ()
    rigs: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def everybody(self) -> tuple[str, ...]:
        """The canonical address of each, the person's last."""
        there = [agent.id for agent in self.agents if agent.state != GONE]
        return tuple(dict.fromkeys((*ALWAYS.values(), *sorted(there), OVERSEER)))

    def of_role(self, role: str, rig: str = "") -> list[str]:
        """Those of a role, in one rig where it is said."""
        fixed = [ALWAYS[role]] if role in ALWAYS and not rig else []
        found = [
            agent.id
            for agent in self.agents
            if agent.role == role and agent.state != GONE and rig in ("", agent.rig)
        ]
        return list(dict.fromkeys((*fixed, *sorted(found))))

    def of_rig(self, rig: str) -> list[str]:
        """Those of one rig."""
        return sorted(a.id for a in self.agents if a.rig == rig and a.state != GONE)

    def names(self) -> list[str]:
        """Every word that means somebody."""
        short = [f"{a.rig}/{a.name}" for a in self.agents if a.role in (CREW, POLECAT)]
        rigs = [f"{rig}/" for rig in self.rigs]
        every = [f"@{word}" for word in ("town", OVERSEER, *EVERY)]
        named = [*(f"group:{one}" for one in self.groups), *(f"list:{one}" for one in self.lists)]
        return [*self.everybody(), *short, *rigs, *every, *named, *self.groups, *self.lists]

    def near(self, said: str) -> list[str]:
        """Addresses that look like this one."""
        return get_close_matches(said[:ADDRESS_CHARS_MAX], self.names(), n=NEAR_MAX, cutoff=0.5)


def is_group(said: str) -> bool:
    """Whether the address means several by its form, so that it leaves its own sender out."""
    word = said.strip()
    return (
        word.startswith(("@", "group:", "list:"))
        or "*" in word
        or (word.endswith("/") and "/" not in word[:-1] and word[:-1] not in (*ALWAYS, *PERSONS))
    )


def resolved(
    said: Iterable[str], directory: Directory, *, sender: str = "", itself: bool = False
) -> tuple[str, ...]:
    """The recipients that these addresses mean, each once. Raises AddressError.

    A group leaves out its own sender; an address that names the sender alone reaches it.
    """
    found: dict[str, None] = {sender: None} if itself and sender else {}
    for one in said:
        means = _means(one, directory, ())
        several = is_group(one) or _bare_group(one, directory)
        found.update((name, None) for name in means if not (several and name == sender))
    if len(found) > RECIPIENTS_MAX:
        raise NoRecipientError(f"{len(found)} recipients", (), "a letter cannot have")
    return tuple(found)


def own_address(actor: str, directory: Directory) -> str:
    """The canonical address of who acts: an agent's, also of one without a row; else the person's.

    An agent that the town does not know must not be handed the person's mail.
    """
    try:
        return one(actor, directory)
    except AddressError:
        return actor.rstrip("/") if "/" in actor else OVERSEER


def one(said: str, directory: Directory) -> str:
    """The only recipient that the address means. Raises AddressError."""
    if is_group(said) or _bare_group(said, directory):
        raise ManyRecipientsError(said, _means(said, directory, ())[:NEAR_MAX] or ("nobody",))
    found = _means(said, directory, ())
    if len(found) != 1:
        raise ManyRecipientsError(said, found)
    return found[0]


def _bare_group(said: str, directory: Directory) -> bool:
    word = said.strip()
    return word in directory.groups or word in directory.lists


def _means(said: str, directory: Directory, above: tuple[str, ...]) -> tuple[str, ...]:
    word = said.strip()
    if not word or len(word) > ADDRESS_CHARS_MAX or len(above) > DEPTH_MAX:
        raise NoRecipientError(said, ())
    if ":" in word:
        return _by_kind(word, directory, above)
    if word.startswith("@"):
        return _by_sign(word, directory)
    if "*" in word:
        return _some(word, _by_pattern(word, directory), directory)
    return _by_path(word, directory) if "/" in word else _by_name(word, directory, above)


def _some(said: str, found: Iterable[str], directory: Directory) -> tuple[str, ...]:
    """What was found, if it is anybody. Raises NoRecipientError."""
    means = tuple(dict.fromkeys(found))
    if not means:
        raise NoRecipientError(said, directory.near(said))
    return means


def _by_kind(said: str, directory: Directory, above: tuple[str, ...]) -> tuple[str, ...]:
    kind, _, name = said.partition(":")
    if kind in LATER:
        raise LaterError(said)
    groups = {"group": directory.groups, "list": directory.lists}.get(kind, {})
    if name not in groups:
        raise NoRecipientError(said, directory.near(said))
    return _spread(said, groups[name], directory, above)


def _spread(
    said: str, members: Iterable[str], directory: Directory, above: tuple[str, ...]
) -> tuple[str, ...]:
    """Whom the members of a group mean; one that is in itself adds nobody."""
    word = said.removeprefix("group:").removeprefix("list:")
    if word in above:
        return ()
    found = [name for member in members for name in _means(member, directory, (*above, word))]
    return tuple(dict.fromkeys(found)) if above else _some(said, found, directory)


def _by_sign(said: str, directory: Directory) -> tuple[str, ...]:
    word, slash, where = said[1:].partition("/")
    if word in PERSONS and not slash:
        return (OVERSEER,)
    return _some(said, _everyone(word, where, directory), directory)


def _everyone(word: str, where: str, directory: Directory) -> list[str]:
    """Those whom `@word` means, or `@word/where`; nobody where it means nothing."""
    if not where:
        if word == "town":
            return [name for name in directory.everybody() if name != OVERSEER]
        return directory.of_role(EVERY[word]) if word in EVERY else []
    if word == "role":
        return directory.of_role(where)
    if word == "rig":
        return directory.of_rig(where)
    return directory.of_role(EVERY[word], where) if EVERY.get(word) in RIG_ROLES else []


def _by_pattern(said: str, directory: Directory) -> list[str]:
    """Those whose address, whole or short, has the pattern's parts."""
    wanted = said.rstrip("/").split("/")

    def fits(address: str) -> bool:
        parts = address.split("/")
        pairs = zip(parts, wanted, strict=False)
        return len(parts) == len(wanted) and all(fnmatchcase(a, b) for a, b in pairs)

    short = {a.id: f"{a.rig}/{a.name}" for a in directory.agents if a.role == POLECAT}
    return [a for a in directory.everybody() if fits(a) or fits(short.get(a, a))]


def _by_path(said: str, directory: Directory) -> tuple[str, ...]:
    word = said.rstrip("/")
    if word in directory.rigs and said.endswith("/"):
        return _some(said, directory.of_rig(word), directory)
    if "/" not in word:
        return _by_name(word, directory, ())
    if word in directory.everybody():
        return (word,)
    if word == f"{DEACON}/{BOOT}":
        return (BOOT_ADDRESS,)
    rig, _, name = word.partition("/")
    short = [
        agent.id
        for agent in directory.agents
        if agent.rig == rig and agent.name == name and agent.state != GONE
    ]
    if len(short) > 1:
        raise ManyRecipientsError(said, sorted(short))
    return _some(said, short, directory)


def _by_name(said: str, directory: Directory, above: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[tuple[str, ...], str] = {}
    if said in PERSONS:
        return (OVERSEER,)
    if said in ALWAYS or said in directory.everybody():
        return (ALWAYS.get(said, said),)
    for kind, groups in (("group", directory.groups), ("list", directory.lists)):
        if said in groups:
            found[_spread(said, groups[said], directory, above)] = f"{kind}:{said}"
    workers = (a for a in directory.agents if a.role in (CREW, POLECAT, DOG) and a.name == said)
    found.update(((agent.id,), agent.id) for agent in workers if agent.state != GONE)
    if len(found) > 1:
        raise ManyRecipientsError(said, sorted(found.values()))
    if not found:
        raise NoRecipientError(said, directory.near(said))
    return next(iter(found))
