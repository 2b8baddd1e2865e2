"""Which kinds there are, where each may stand and what it may be about (records 1.1, 3-6).

It refuses a known kind in a scope, or with a subject, that its table does not give it. Kinds it
does not know pass: a newer version made them.
"""

import re

from stamps.bodies import BODIES
from stamps.errors import BadRecordError
from stamps.limits import ABOUT_CHARS_MAX, KIND_CHARS_MAX, LOG_SEQ_MAX

SCOPE_ACCOUNT = "account"
SCOPE_IDENTITY = "identity"
SCOPE_NEW_PREFIX = "new:"

LOG_KINDS = frozenset({"rig.register", "device.add", "device.revoke", "key.rotate"})
ACCOUNT_KINDS = LOG_KINDS | {"device.retire"}
IDENTITY_KINDS = frozenset({"rig.update", "rig.link", "rig.bind"})
MEMBERSHIP_KINDS = frozenset({"rig.join", "rig.admit", "wasteland.policy"})
REGISTRAR_KINDS = frozenset({"rig.admit", "wasteland.policy", "home.move"})
ITEM_DECISION_KINDS = frozenset(
    {
        "wanted.update",
        "wanted.withdraw",
        "claim.grant",
        "claim.end",
        "work.accept",
        "work.reject",
        "work.close",
        "home.move",
        "decision.confirm",
    }
)
DECISION_KINDS = ITEM_DECISION_KINDS | REGISTRAR_KINDS  # marked * in records 4 and 5
INSTRUCTION_KINDS = ITEM_DECISION_KINDS - {"decision.confirm"}  # records 5.1: may be confirmed
JUDGING_KINDS = frozenset({"work.accept", "work.reject", "work.close"})  # they name a submission
REQUEST_KINDS = frozenset({"claim.bid", "claim.renew", "claim.release", "work.submit"})
STAMP_KINDS = frozenset({"stamp.give", "stamp.revoke"})
CREATING_KINDS = frozenset({"rig.register", "wasteland.create", "wanted.post"})

# What a subject may be, by kind: "" (none), "id" (64 hex), "row" (an unsigned row).
_ANY = frozenset({"", "id", "row"})
_ID = frozenset({"id"})
_NONE = frozenset({""})
_NONE_OR_ID = frozenset({"", "id"})
_ID_OR_ROW = frozenset({"id", "row"})

ABOUT: dict[str, frozenset[str]] = (
    dict.fromkeys(BODIES, _ID)
    | dict.fromkeys(CREATING_KINDS, _NONE)
    | dict.fromkeys(ACCOUNT_KINDS - CREATING_KINDS, _NONE_OR_ID)
    | dict.fromkeys(IDENTITY_KINDS | {"rig.join"}, _NONE_OR_ID)
    | dict.fromkeys(REQUEST_KINDS | {"note.add", "label.set"}, _ID_OR_ROW)
    | {"stamp.give": _ANY}
)

_ID_PATTERN = re.compile(r"[0-9a-f]{64}")
_KIND_PATTERN = re.compile(rf"[a-z.]{{1,{KIND_CHARS_MAX}}}")
_ROW_PATTERN = re.compile(r"row:[a-z_][a-z0-9_]*/.+")
_NEW_PATTERN = re.compile(r"new:[0-9a-f]{32}")


def is_id(text: object) -> bool:
    """Say whether this is 64 lower-case hex digits."""
    return type(text) is str and _ID_PATTERN.fullmatch(text) is not None


def is_kind(text: object) -> bool:
    """Say whether this could name a kind, known or not."""
    return type(text) is str and _KIND_PATTERN.fullmatch(text) is not None


def is_scope(text: object) -> bool:
    """Say whether this names a log: `account`, `identity`, a wasteland, or one being made."""
    if type(text) is not str:
        return False
    named = text in (SCOPE_ACCOUNT, SCOPE_IDENTITY)
    return named or is_id(text) or _NEW_PATTERN.fullmatch(text) is not None


def scope_sort(scope: str) -> str:
    """Return `account`, `identity`, `new` or `wasteland` for a well-formed scope."""
    if scope.startswith(SCOPE_NEW_PREFIX):
        return "new"
    return scope if scope in (SCOPE_ACCOUNT, SCOPE_IDENTITY) else "wasteland"


def check_place(*, kind: str, scope: str, seq: int) -> None:
    """Raise BadRecordError when a known kind stands where it cannot (records 3.1, 3.2)."""
    sort = scope_sort(scope)
    if sort == SCOPE_ACCOUNT and seq > LOG_SEQ_MAX:
        raise BadRecordError("limit.seq", "seq")
    if kind in BODIES and kind != "device.retire" and sort != _home_sort(kind):
        raise BadRecordError("field.scope", "scope")
    if kind in ("rig.register", "wasteland.create") and seq != 0:
        raise BadRecordError("field.seq", "seq")


def _home_sort(kind: str) -> str:
    if kind in LOG_KINDS:
        return SCOPE_ACCOUNT
    if kind in IDENTITY_KINDS:
        return SCOPE_IDENTITY
    return "new" if kind == "wasteland.create" else "wasteland"


def check_about(*, kind: str, about: object) -> None:
    """Raise BadRecordError unless this is a subject that the kind may have (records 1.1)."""
    sort = _about_sort(about)
    if sort not in ABOUT.get(kind, _ANY):
        raise BadRecordError("field.about", "about")


def _about_sort(about: object) -> str | None:
    if type(about) is not str:
        return None
    if about == "":
        return ""
    if _ID_PATTERN.fullmatch(about):
        return "id"
    is_row = len(about) <= ABOUT_CHARS_MAX and _ROW_PATTERN.fullmatch(about)
    return "row" if is_row else None
