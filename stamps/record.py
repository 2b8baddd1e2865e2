"""A record: one signed, immutable statement, on the wire and in memory (records 1).

Unverified is `Envelope`, verified is `Entry`. It refuses every shape the contract does not give;
whether a record is admitted, counts or takes effect is decided elsewhere.
"""

import base64
import binascii
import hashlib
import re
import sys
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import msgspec

from stamps import bodies, canonical, identity
from stamps.errors import BadRecordError
from stamps.identity import AccountId, DeviceId, DeviceKey, RecordId
from stamps.kinds import check_about, check_place, is_id, is_kind, is_scope
from stamps.limits import (
    AFTER_IDS_MAX,
    AT_MIN_US,
    PUBLIC_ID_HEX_CHARS,
    RECORD_BYTES_MAX,
    SIGNATURE_BYTES,
    VERSION,
)

RECORD_DOMAIN = b"wasteland/record/1\0"
CHAIN_DOMAIN = b"wasteland/chain/1\0"
HEADS_DOMAIN = b"wasteland/heads/1\0"
COMMONS_DOMAIN = b"wasteland/commons/1\0"
MEDIA_TYPE = "application/x-wasteland-records"

SIGNATURE_CHARS = 86
_SPELLED = re.compile(rb"[\w-]{85}[AQgw]", re.ASCII)  # 64 bytes leave four bits of the last open
_STANDARD = bytes.maketrans(b"-_", b"+/")
_PLACES_CACHED_MAX = 16_384
LINE_BYTES_MAX = SIGNATURE_CHARS + 1 + RECORD_BYTES_MAX + 1
FIELDS = frozenset(
    {"v", "scope", "author", "device", "seq", "prev", "at", "kind", "about", "after", "body"}
)


class ChainKey(NamedTuple):
    """Which chain a record stands in: one device of one author in one scope."""

    scope: str
    author: str
    device: str

    @property
    def digest(self) -> bytes:
        """32 bytes: SHA-256 of the domain and the canonical list [scope, author, device]."""
        return hashlib.sha256(CHAIN_DOMAIN + canonical.encode(list(self))).digest()


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One statement whose shape is checked; `raw` are its canonical bytes, `id` their hash.

    Only `parse`, `sign` and `revive` make one, so that what follows from its fields does.
    """

    scope: str
    author: str
    device: DeviceId
    seq: int
    prev: str
    at: int
    kind: str
    about: str
    after: tuple[str, ...]
    body: dict[str, Any]
    id: RecordId
    raw: bytes
    account: AccountId  # that speaks: a genesis is its own
    chain: ChainKey  # that it stands in


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A record and what claims to be its signature; nobody has checked it yet."""

    record: Record
    signature: bytes


class _Kept(msgspec.Struct, gc=False):
    """The fields of bytes that were checked before."""

    scope: str
    author: str
    device: str
    seq: int
    prev: str
    at: int
    kind: str
    about: str
    after: tuple[str, ...]
    body: dict[str, Any]


_kept = msgspec.json.Decoder(_Kept)
_SEAL = object()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A record whose signature holds. Only `verify`, `sign` and `vouch` make one."""

    record: Record
    signature: bytes
    _seal: object = None

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("an Entry is made by verify, sign or vouch")

    def __repr__(self) -> str:
        return f"Entry({self.record.kind} {self.record.id[:8]})"


def parse(raw: bytes, *, signature: bytes) -> Envelope:
    """Return these canonical bytes as a record of version 1; else BadRecordError (records 2.1)."""
    if len(signature) != SIGNATURE_BYTES:
        raise BadRecordError("line.signature", "signature")
    return Envelope(_record(canonical.decode(raw), raw), signature)


def parse_line(line: bytes) -> Envelope:
    """Return the record of one line, its newline optional; else BadRecordError (records 1.3)."""
    if len(line) > LINE_BYTES_MAX:
        raise BadRecordError("line.size", str(len(line)))
    spelled, space, raw = line.removesuffix(b"\n").partition(b" ")
    if not space:
        raise BadRecordError("line.space")
    return parse(raw, signature=signature_of(spelled))


def to_line(entry: Entry | Envelope) -> bytes:
    """Return the line of a record, newline included (records 1.3)."""
    return _spell(entry.signature) + b" " + entry.record.raw + b"\n"


def verify(envelope: Envelope) -> Entry | None:
    """Return the entry when its signature holds, else None (records 1.2)."""
    record = envelope.record
    message = RECORD_DOMAIN + record.raw
    if identity.verify(device=record.device, message=message, signature=envelope.signature):
        return Entry(record, envelope.signature, _SEAL)
    return None


def revive(raw: bytes, signature: bytes, *, record_id: str) -> Entry | None:
    """Return the entry of bytes that this journal kept, None when they are not this record's.

    The id is the hash of bytes that were read with every check when they came; the same bytes
    need no second reading.
    """
    if hashlib.sha256(RECORD_DOMAIN + raw).hexdigest() != record_id:
        return None
    try:
        return Entry(_again(raw, record_id), signature, _SEAL)
    except msgspec.DecodeError:
        return None


def reread(line: bytes) -> Envelope:
    """Return the record of a line that `parse_line` and `verify` took, in a process of ours.

    Raises BadRecordError where that cannot be so. Nothing is looked at a second time.
    """
    spelled, _, raw = line.removesuffix(b"\n").partition(b" ")
    try:
        record = _again(raw, str(record_id(raw)))
    except msgspec.DecodeError:
        raise BadRecordError("json", "line") from None
    return Envelope(record, base64.urlsafe_b64decode(spelled + b"=="))


def _again(raw: bytes, its_id: str) -> Record:
    fields = _kept.decode(raw)
    chain = _chain(fields.scope, fields.author, fields.device)
    return Record(
        scope=chain.scope,
        author=chain.author,
        device=DeviceId(chain.device),
        seq=fields.seq,
        prev=fields.prev,
        at=fields.at,
        kind=sys.intern(fields.kind),
        about=fields.about,
        after=fields.after,
        body=fields.body,
        id=RecordId(its_id),
        raw=raw,
        account=AccountId(chain.author or its_id),
        chain=chain,
    )


def vouch(envelope: Envelope) -> Entry:
    """Return the entry unchecked: for what our own journal or verifying worker checked before."""
    return Entry(envelope.record, envelope.signature, _SEAL)


def sign(  # one argument a field of records 1.1
    *,
    key: DeviceKey,
    scope: str,
    author: str,
    seq: int,
    prev: str,
    at: int,
    kind: str,
    about: str = "",
    after: tuple[str, ...] = (),
    body: dict[str, Any],
) -> Entry:
    """Return a record signed by this key; BadRecordError when nobody would admit it."""
    fields = {
        "v": VERSION,
        "scope": scope,
        "author": author,
        "device": key.device,
        "seq": seq,
        "prev": prev,
        "at": at,
        "kind": kind,
        "about": about,
        "after": list(after),
        "body": body,
    }
    raw = canonical.encode(fields)
    record = _record(canonical.decode(raw), raw)  # decoded again: the caller keeps its own body
    return Entry(record, key.sign(RECORD_DOMAIN + raw), _SEAL)


def record_id(raw: bytes) -> RecordId:
    """Return the id of canonical bytes (records 1.2)."""
    return RecordId(hashlib.sha256(RECORD_DOMAIN + raw).hexdigest())


def heads_key(scope: str, device: str) -> str:
    """Return the key of a chain in `heads` of a revoke, which hides the scope (records 3.2)."""
    return hashlib.sha256(HEADS_DOMAIN + scope.encode() + device.encode()).hexdigest()


def public_id(prefix: Literal["w", "c", "s"], record_id: str) -> str:
    """Return the id that people type: of an item, a completion or a stamp (records 1.5)."""
    return f"{prefix}-{record_id[:PUBLIC_ID_HEX_CHARS]}"


def commons_id(*, host: str, owner: str, db: str) -> str:
    """Return the id of a commons that has no genesis (records 3.3)."""
    place = {"db": db.lower(), "host": host.lower(), "owner": owner.lower()}
    return hashlib.sha256(COMMONS_DOMAIN + canonical.encode(place)).hexdigest()


def signature_of(spelled: bytes) -> bytes:
    """Return the 64 bytes that a line spells; else BadRecordError (records 1.3)."""
    if _SPELLED.fullmatch(spelled) is None:
        raise BadRecordError("line.signature", "signature")
    return binascii.a2b_base64(spelled.translate(_STANDARD) + b"==")


def _spell(signature: bytes) -> bytes:
    return base64.urlsafe_b64encode(signature).rstrip(b"=")


def _record(fields: dict[str, Any], raw: bytes) -> Record:
    """Return the record of decoded canonical bytes; else BadRecordError."""
    if fields.keys() != FIELDS:
        name = min(fields.keys() ^ FIELDS)
        raise BadRecordError("field.missing" if name in FIELDS else "field.unknown", name)
    _require(type(fields["v"]) is int and fields["v"] == VERSION, "v")
    scope, author = fields["scope"], fields["author"]
    device, kind = fields["device"], fields["kind"]
    _check_place(scope, kind, author, device)
    its_id = record_id(raw)
    chain = _chain(scope, author, device)
    record = Record(
        scope=chain.scope,
        author=chain.author,
        device=DeviceId(chain.device),
        seq=fields["seq"],
        prev=fields["prev"],
        at=fields["at"],
        kind=sys.intern(kind),
        about=fields["about"],
        after=_after(fields["after"]),
        body=fields["body"],
        id=its_id,
        raw=raw,
        account=AccountId(chain.author or its_id),
        chain=chain,
    )
    _check_chain(record)
    _check_body(record)
    return record


@lru_cache(maxsize=_PLACES_CACHED_MAX)
def _chain(scope: str, author: str, device: str) -> ChainKey:
    """One object for each chain and its names, however many records stand in it."""
    return ChainKey(scope, author, device)


def _require(holds: bool, name: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise BadRecordError(f"field.{name}", name)


def _after(after: object) -> tuple[str, ...]:
    if after == []:
        return ()
    _require(type(after) is list, "after")
    ids: list[str] = after  # type: ignore[assignment]
    if len(ids) > AFTER_IDS_MAX:
        raise BadRecordError("limit.after", "after")
    _require(all(is_id(one) for one in ids), "after")
    _require(ids == sorted(set(ids)), "after")
    return tuple(ids)


def _check_place(scope: object, kind: object, author: object, device: object) -> None:
    """Refuse fields that name no place; a device speaks in few places, so they are remembered."""
    if type(scope) is type(kind) is type(author) is type(device) is str:
        _check_place_once(scope, kind, author, device)
    else:
        _check_place_anew(scope, kind, author, device)


def _check_place_anew(scope: object, kind: object, author: object, device: object) -> None:
    _require(is_scope(scope), "scope")
    _require(is_kind(kind), "kind")
    is_genesis = kind == "rig.register"
    _require(author == "" if is_genesis else is_id(author), "author")
    _require(type(device) is str, "device")
    identity.public_key_of(device)


_check_place_once = lru_cache(maxsize=_PLACES_CACHED_MAX)(_check_place_anew)


def _check_chain(record: Record) -> None:
    kind, seq = record.kind, record.seq
    _require(type(seq) is int and seq >= 0, "seq")
    check_place(kind=kind, scope=record.scope, seq=seq)
    _require(record.prev == "" if seq == 0 else is_id(record.prev), "prev")
    _require(type(record.at) is int and record.at >= AT_MIN_US, "at")
    check_about(kind=kind, about=record.about)


def _check_body(record: Record) -> None:
    _require(type(record.body) is dict, "body")
    bodies.read(record.kind, record.body)
    if record.kind == "rig.register" and record.body["device"] != record.device:
        raise BadRecordError("kind.signer", "body.device")  # records 3.2
