"""The shape of every kind's body: members, types and limits (records 1.4, 3-6).

It refuses what no column or reader could bear. Whether an author may say it, and whether it takes
effect, is the fold's question. A body is checked here and kept as it came, unknown members too.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stamps.body_parts import (
    Assign,
    Body,
    Count,
    Decision,
    Deliver,
    DeviceAdd,
    DeviceRetire,
    DeviceRevoke,
    Effort,
    HomeMove,
    HomeOf,
    Id,
    IdOrNone,
    KeyRotate,
    Lease,
    Name,
    Ordinal,
    Priority,
    Project,
    Reason,
    RigAdmit,
    RigBind,
    RigJoin,
    RigLink,
    RigRegister,
    RigUpdate,
    Tags,
    Time,
    Title,
    Unsigned,
    WastelandCreate,
    WastelandPolicy,
    WorkType,
    _check_bytes,
    _refuse_unless,
)
from stamps.limits import (
    DESCRIPTION_BYTES_MAX,
    EVIDENCE_VALUE_BYTES_MAX,
    LABEL_CHARS_MAX,
    NOTE_BYTES_MAX,
)
from stamps.shape import fit
from stamps.stamp import StampBody

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
