"""The shapes that bodies are made of, and the bodies about accounts and wastelands (records 3, 4).

It refuses what no column or reader could bear; the bodies about work, and the table of all of them,
are in `bodies.py`.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stamps.errors import BadRecordError
from stamps.limits import (
    AT_MIN_US,
    INTEGER_MAX,
    LEASE_MAX_S,
    LEASE_MIN_S,
    NAME_CHARS_MAX,
    PRIORITY_MAX,
    PROJECT_CHARS_MAX,
    REASON_CHARS_MAX,
    ROTATION_KEYS_MAX,
    TAG_CHARS_MAX,
    TAGS_MAX,
    TITLE_CHARS_MAX,
)
from stamps.shape import check_dids
from stamps.stamp import Skill

RESERVED_HANDLES = frozenset({"register", "records"})

Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
IdOrNone = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
Handle = Annotated[
    str, Meta(pattern=r"^(?!(?:register|records)\Z)[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?\Z")
]
KindName = Annotated[str, Meta(pattern=r"^[a-z.]{1,32}\Z")]
Right = Annotated[str, Meta(pattern=r"^(?:[a-z.]{1,32}|\*)\Z")]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Reason = Annotated[str, Meta(max_length=REASON_CHARS_MAX)]
Project = Annotated[str, Meta(max_length=PROJECT_CHARS_MAX)]
WorkType = Annotated[str, Meta(pattern=r"^[a-z0-9_-]{0,32}\Z")]
Priority = Annotated[int, Meta(ge=0, le=PRIORITY_MAX)]
Effort = Literal["trivial", "small", "medium", "large", "epic"]
Tags = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=TAG_CHARS_MAX)]], Meta(max_length=TAGS_MAX)
]
Lease = Annotated[int, Meta(ge=LEASE_MIN_S, le=LEASE_MAX_S)]
Time = Annotated[int, Meta(ge=AT_MIN_US, le=INTEGER_MAX)]
Count = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
Ordinal = Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
Rotation = Annotated[list[str], Meta(min_length=1, max_length=ROTATION_KEYS_MAX)]
Unsigned = Literal["ask", "auto", "refuse"]
Assign = Literal["first", "choose", "race"]
Deliver = Literal["pull_request", "patch", "commit", "blob"]


def _check_bytes(value: str | UnsetType, *, name: str, bytes_max: int) -> None:
    if value is not UNSET and len(value.encode()) > bytes_max:
        raise BadRecordError(f"limit.{name}", f"body.{name}")


def _check_rotation(rotation: list[str]) -> None:
    if len(set(rotation)) != len(rotation):
        raise BadRecordError("body.rotation", "body.rotation")
    check_dids(*rotation)


def _refuse_unless(holds: bool, name: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise BadRecordError(f"body.{name}", f"body.{name}")


class Body(msgspec.Struct, frozen=True):
    """Any body; of a kind we do not know, nothing more is asked than that it is an object."""


class Decision(Body, frozen=True):
    """A body of a kind marked *: it names the effective decision before it (records 5.1)."""

    decides: Id


# --- accounts (records 3)


class RigRegister(Body, frozen=True):
    """An account's genesis."""

    handle: Handle
    type: Literal["human", "agent", "town", "org"]
    rotation: Rotation
    device: str
    parent: Id | UnsetType = UNSET

    def __post_init__(self) -> None:
        _check_rotation(self.rotation)
        check_dids(self.device)


class DeviceAdd(Body, frozen=True):
    """One more device, and the kinds it may sign."""

    device: str
    may: list[Right]

    def __post_init__(self) -> None:
        check_dids(self.device)


class DeviceRevoke(Body, frozen=True):
    """The end of a device; `heads` says up to where each of its chains counts."""

    device: str
    heads: dict[Id, tuple[Count, Id]]
    successor: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        check_dids(self.device)
        if self.successor is not UNSET:
            check_dids(self.successor)


class DeviceRetire(Body, frozen=True):
    """The last record of a chain."""


class KeyRotate(Body, frozen=True):
    """New rotation keys, by priority."""

    rotation: Rotation

    def __post_init__(self) -> None:
        _check_rotation(self.rotation)


class RigUpdate(Body, frozen=True):
    """What an account says about itself."""

    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)] | UnsetType = UNSET
    bio: str | UnsetType = UNSET
    skills: list[Skill] | UnsetType = UNSET


class RigLink(Body, frozen=True):
    """One side of a tie between two accounts."""

    other: Id
    relation: Literal["same_owner", "member", "employer"]


class RigBind(Body, frozen=True):
    """A name on another service, with its proof."""

    service: Literal["dolthub", "github", "web"]
    name: Name
    proof: str


# --- a wasteland (records 3.2, 4)


class BoardPolicy(msgspec.Struct, frozen=True):
    """A wasteland's rules; what is absent has the default of records 3.2."""

    join: Literal["open", "invite"] | UnsetType = UNSET
    assign: Assign | UnsetType = UNSET
    lease_s: Lease | UnsetType = UNSET
    unsigned: Unsigned | UnsetType = UNSET
    may_instruct: list[KindName] | UnsetType = UNSET
    quota: dict[str, Any] | UnsetType = UNSET


class PolicyChange(BoardPolicy, frozen=True):
    """What `wasteland.policy` sets: rules, and who maintains the board under which title."""

    title: Title | UnsetType = UNSET
    maintainers: list[Id] | UnsetType = UNSET


class WastelandCreate(Body, frozen=True):
    """A wasteland's genesis."""

    name: Name
    title: Title
    maintainers: list[Id]
    policy: BoardPolicy
    schema: Literal["1.2"]
    adopts: Id | UnsetType = UNSET


class RigJoin(Body, frozen=True):
    """An account's wish to take part under a handle."""

    handle: Handle


class RigAdmit(Decision, frozen=True):
    """The registrar's word on who bears a handle."""

    account: Id
    handle: Handle
    suspend: bool | UnsetType = UNSET


class WastelandPolicy(Decision, frozen=True):
    """New rules, for posts that name this record."""

    set: PolicyChange


class HomeOf(msgspec.Struct, frozen=True):
    """The one device that decides."""

    account: Id
    device: str

    def __post_init__(self) -> None:
        check_dids(self.device)


class HomeMove(Decision, frozen=True):
    """The home's word on who decides from here on."""

    to: HomeOf
