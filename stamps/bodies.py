"""The shape of every kind's body: members, types and limits (records 1.4, 3-6).

It refuses what no column or reader could bear. Whether an author may say it, and whether it takes
effect, is the fold's question. A body is checked here and kept as it came, unknown members too.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stamps.errors import BadRecordError
from stamps.limits import (
    AT_MIN_US,
    DESCRIPTION_BYTES_MAX,
    EVIDENCE_VALUE_BYTES_MAX,
    INTEGER_MAX,
    LABEL_CHARS_MAX,
    LEASE_MAX_S,
    LEASE_MIN_S,
    NAME_CHARS_MAX,
    NOTE_BYTES_MAX,
    PRIORITY_MAX,
    PROJECT_CHARS_MAX,
    REASON_CHARS_MAX,
    ROTATION_KEYS_MAX,
    TAG_CHARS_MAX,
    TAGS_MAX,
    TITLE_CHARS_MAX,
)
from stamps.shape import check_dids, fit
from stamps.stamp import Skill, StampBody

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


# --- work (records 5)


class PostPolicy(msgspec.Struct, frozen=True):
    """An item's rules; what is absent comes from the policy it is posted under."""

    assign: Assign | UnsetType = UNSET
    max: Ordinal | UnsetType = UNSET
    lease_s: Lease | UnsetType = UNSET
    home: HomeOf | UnsetType = UNSET
    unsigned: Unsigned | UnsetType = UNSET


class ForTheDoer(Body, frozen=True):
    """What whoever does the work needs to know."""

    repo: str | UnsetType = UNSET
    base: str | UnsetType = UNSET
    check: str | UnsetType = UNSET
    done_when: list[str] | UnsetType = UNSET
    deliver: Deliver | UnsetType = UNSET
    needs: list[str] | UnsetType = UNSET
    due: Time | UnsetType = UNSET
    reward: str | UnsetType = UNSET
    sandbox: str | bool | dict[str, Any] | UnsetType = UNSET


class WantedPost(ForTheDoer, frozen=True, kw_only=True):
    """A piece of work that someone would like done."""

    title: Title
    description: str
    project: Project
    type: WorkType
    priority: Priority
    effort: Effort
    tags: Tags
    under: IdOrNone
    policy: PostPolicy
    supersedes: Id | UnsetType = UNSET

    def __post_init__(self) -> None:
        _check_bytes(self.description, name="description", bytes_max=DESCRIPTION_BYTES_MAX)


class WantedChange(ForTheDoer, frozen=True):
    """The members of a post that an update sets; its rules are none of them."""

    title: Title | UnsetType = UNSET
    description: str | UnsetType = UNSET
    project: Project | UnsetType = UNSET
    type: WorkType | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    effort: Effort | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET

    def __post_init__(self) -> None:
        _check_bytes(self.description, name="description", bytes_max=DESCRIPTION_BYTES_MAX)


class WantedUpdate(Decision, frozen=True):
    """New terms."""

    set: WantedChange


class WantedWithdraw(Decision, frozen=True):
    """The end of an item without work."""

    reason: Reason | UnsetType = UNSET


class ClaimBid(Body, frozen=True):
    """A wish to do the work, on the terms its author had seen."""

    seen: Id
    by: Name | UnsetType = UNSET
    until: Time | UnsetType = UNSET


class ClaimGrant(Decision, frozen=True):
    """The home's yes to one bid, or to an unsigned neighbour."""

    term: Ordinal
    lease_s: Lease
    bid: Id | UnsetType = UNSET
    neighbour: Name | UnsetType = msgspec.field(default=UNSET, name="for")

    def __post_init__(self) -> None:
        _refuse_unless((self.bid is UNSET) != (self.neighbour is UNSET), "bid")


class ClaimRenew(Body, frozen=True):
    """The holder's word that work goes on."""

    grant: Id
    sign: str | UnsetType = UNSET


class ClaimRelease(Body, frozen=True):
    """The bidder's word that it does not want the work, or no longer."""

    grant: Id | UnsetType = UNSET
    bid: Id | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET

    def __post_init__(self) -> None:
        _refuse_unless(self.grant is not UNSET or self.bid is not UNSET, "grant")


class ClaimEnd(Decision, frozen=True):
    """The end of a grant, and why."""

    grant: Id
    cause: Literal["lapsed", "released", "taken_back"]
    renew: Id | UnsetType = UNSET
    release: Id | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET

    def __post_init__(self) -> None:
        _refuse_unless(self.cause != "released" or self.release is not UNSET, "release")
        _refuse_unless(self.cause != "taken_back" or self.reason is not UNSET, "reason")


class Evidence(msgspec.Struct, frozen=True):
    """One thing that shows the work."""

    kind: Literal["url", "commit", "patch", "text", "blob", "gate"]
    value: str
    sha256: Id | UnsetType = UNSET
    size: Count | UnsetType = UNSET

    def __post_init__(self) -> None:
        _check_bytes(self.value, name="value", bytes_max=EVIDENCE_VALUE_BYTES_MAX)


class WorkSubmit(Body, frozen=True):
    """Work handed in."""

    summary: str
    evidence: list[Evidence]
    grant: Id | UnsetType = UNSET
    on_behalf: Name | UnsetType = UNSET


class WorkAccept(Decision, frozen=True):
    """The home's yes to a submission, with a stamp."""

    submission: Id
    stamp: StampBody


class WorkReject(Decision, frozen=True):
    """A submission sent back."""

    submission: Id
    reason: Reason


class WorkClose(Decision, frozen=True):
    """An item completed without a stamp."""

    submission: Id | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET


class NoteAdd(Body, frozen=True):
    """A remark that changes no row."""

    tag: Literal["note", "question", "answer", "progress", "dispute", "ruling", "check"]
    text: str
    re: Id | UnsetType = UNSET

    def __post_init__(self) -> None:
        _check_bytes(self.text, name="text", bytes_max=NOTE_BYTES_MAX)


class DecisionConfirm(Decision, frozen=True):
    """The home's yes to an instruction."""

    of: Id


# --- stamps and labels (records 6)


class StampContext(msgspec.Struct, frozen=True):
    """What a stamp outside an item is about."""

    type: Literal["endorsement", "mentoring", "review"]
    id: Id | UnsetType = UNSET


class StampGive(Body, frozen=True):
    """A stamp for something other than an item."""

    subject: Id
    context: StampContext
    stamp: StampBody


class StampRevoke(Body, frozen=True):
    """A stamp taken back by its author."""

    reason: Reason


class LabelSet(Body, frozen=True):
    """One town's warning about a record or an account."""

    label: Annotated[str, Meta(min_length=1, max_length=LABEL_CHARS_MAX)]
    reason: Reason
    until: Time | UnsetType = UNSET


BODIES: dict[str, type[Body]] = {
    "rig.register": RigRegister,
    "device.add": DeviceAdd,
    "device.revoke": DeviceRevoke,
    "device.retire": DeviceRetire,
    "key.rotate": KeyRotate,
    "rig.update": RigUpdate,
    "rig.link": RigLink,
    "rig.bind": RigBind,
    "wasteland.create": WastelandCreate,
    "rig.join": RigJoin,
    "rig.admit": RigAdmit,
    "wasteland.policy": WastelandPolicy,
    "home.move": HomeMove,
    "wanted.post": WantedPost,
    "wanted.update": WantedUpdate,
    "wanted.withdraw": WantedWithdraw,
    "claim.bid": ClaimBid,
    "claim.grant": ClaimGrant,
    "claim.renew": ClaimRenew,
    "claim.release": ClaimRelease,
    "claim.end": ClaimEnd,
    "work.submit": WorkSubmit,
    "work.accept": WorkAccept,
    "work.reject": WorkReject,
    "work.close": WorkClose,
    "note.add": NoteAdd,
    "decision.confirm": DecisionConfirm,
    "stamp.give": StampGive,
    "stamp.revoke": StampRevoke,
    "label.set": LabelSet,
}


def read(kind: str, body: dict[str, Any]) -> Body:
    """Return the body as its kind's type; else BadRecordError. Unknown kinds give a bare Body."""
    return fit(body, BODIES.get(kind, Body), where="body")
