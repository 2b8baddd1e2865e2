"""Keys on disk and on paper: the bytes of a key file, and the text of a backup.

It refuses to touch a disk, and to give half an answer: a file or text that is not whole, or was
mistyped, gives a typed error and no key.
"""

import base64
import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final, Literal

import msgspec
from nacl import pwhash, utils
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from stamps.errors import WastelandError
from stamps.identity import SEED_BYTES, DeviceKey

FILE_TYPE: Final = "wasteland-keys"
FILE_VERSION: Final = 1
FILE_BYTES_MAX = 64 * 1024
KEYS_MAX = 16

_OPS_MAX = pwhash.argon2id.OPSLIMIT_SENSITIVE
_MEMORY_BYTES_MAX = pwhash.argon2id.MEMLIMIT_SENSITIVE
_MEMORY_BYTES_MIN = pwhash.argon2id.MEMLIMIT_MIN


class KeystoreError(WastelandError):
    """A key file is not one that this version can read."""

    code: ClassVar[str] = "key.file"
    hint: ClassVar[str] = "Restore the key from its backup, or add a new device."

    def __init__(self, reason: str) -> None:
        super().__init__(f"the key file is not usable: {reason}")
        self.reason = reason


class PassphraseNeededError(KeystoreError):
    """The key file is locked, and no passphrase was given."""

    code: ClassVar[str] = "key.passphrase.needed"
    hint: ClassVar[str] = "Give the passphrase that was chosen when the key was made."


class PassphraseWrongError(KeystoreError):
    """The passphrase does not open this key file."""

    code: ClassVar[str] = "key.passphrase.wrong"
    hint: ClassVar[str] = "Try again; after that, the backup is the way in."


class BackupTextError(WastelandError):
    """A backup text does not spell a key; `reason` is length, character or checksum."""

    code: ClassVar[str] = "key.backup"
    hint: ClassVar[str] = "Compare it with the paper, group by group."

    def __init__(self, reason: Literal["length", "character", "checksum"], at: str = "") -> None:
        super().__init__(f"the backup text does not spell a key: {reason} {at}".rstrip())
        self.reason = reason
        self.at = at


class Cost(Enum):
    """How much work a passphrase costs to try: (operations, bytes of memory) for argon2id."""

    LEAST = (pwhash.argon2id.OPSLIMIT_MIN, pwhash.argon2id.MEMLIMIT_MIN)
    INTERACTIVE = (pwhash.argon2id.OPSLIMIT_INTERACTIVE, pwhash.argon2id.MEMLIMIT_INTERACTIVE)
    MODERATE = (pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The keys of one file: a device's, and rotation keys by priority."""

    device: DeviceKey | None = None
    rotation: tuple[DeviceKey, ...] = ()


class _Lock(msgspec.Struct, forbid_unknown_fields=True):
    kdf: Literal["argon2id"]
    ops: int
    memory_bytes: int
    salt: str
    box: str


class _Names(msgspec.Struct, forbid_unknown_fields=True):
    """What a reader learns without the passphrase: which keys are inside."""

    device: str | None
    rotation: list[str]


class _Seeds(msgspec.Struct, forbid_unknown_fields=True):
    device: str | None
    rotation: list[str]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["wasteland-keys"]
    v: Literal[1]
    keys: _Names
    seeds: _Seeds | None = None
    lock: _Lock | None = None


def names(raw: bytes) -> tuple[str | None, tuple[str, ...]]:
    """Return the did:keys of the device and the rotation keys, which a file says in the clear."""
    keys = _file(raw).keys
    return keys.device, tuple(keys.rotation)


def is_locked(raw: bytes) -> bool:
    """Say whether a key file needs a passphrase."""
    return _file(raw).lock is not None


def to_file(ring: KeyRing, *, passphrase: str = "", cost: Cost = Cost.MODERATE) -> bytes:
    """Return the bytes of a key file, locked when a passphrase is given."""
    seeds = _Seeds(
        device=ring.device.seed.hex() if ring.device else None,
        rotation=[key.seed.hex() for key in ring.rotation],
    )
    keys = _names_of(ring)
    if not passphrase:
        file = _File(type=FILE_TYPE, v=FILE_VERSION, keys=keys, seeds=seeds)
    else:
        lock = _lock(msgspec.json.encode(seeds), passphrase=passphrase, cost=cost)
        file = _File(type=FILE_TYPE, v=FILE_VERSION, keys=keys, lock=lock)
    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"


def from_file(raw: bytes, *, passphrase: str = "") -> KeyRing:
    """Return the keys of a key file; else KeystoreError, or one of its passphrase errors."""
    file = _file(raw)
    seeds = file.seeds
    if file.lock is not None:
        if not passphrase:
            raise PassphraseNeededError("it is locked")
        seeds = _seeds(_unlock(file.lock, passphrase=passphrase))
    if seeds is None:
        raise KeystoreError("it holds no keys")
    ring = KeyRing(
        device=_key(seeds.device) if seeds.device is not None else None,
        rotation=tuple(_key(seed) for seed in seeds.rotation),
    )
    if _names_of(ring) != file.keys:
        raise KeystoreError("its keys are not the ones that it names")
    return ring


def _names_of(ring: KeyRing) -> _Names:
    return _Names(
        device=ring.device.device if ring.device else None,
        rotation=[key.device for key in ring.rotation],
    )


def _file(raw: bytes) -> _File:
    if len(raw) > FILE_BYTES_MAX:
        raise KeystoreError("it is too large")
    try:
        file = msgspec.json.decode(raw, type=_File)
    except msgspec.DecodeError:
        raise KeystoreError("it is damaged, or of another version") from None
    if len(file.keys.rotation) > KEYS_MAX:
        raise KeystoreError("it names too many keys")
    return file


def _seeds(raw: bytes) -> _Seeds:
    try:
        return msgspec.json.decode(raw, type=_Seeds)
    except msgspec.DecodeError:
        raise KeystoreError("what it locks is damaged") from None


def _key(seed: str) -> DeviceKey:
    try:
        raw = bytes.fromhex(seed)
    except ValueError:
        raise KeystoreError("a key in it is damaged") from None
    if len(raw) != SEED_BYTES:
        raise KeystoreError("a key in it is damaged")
    return DeviceKey.from_seed(raw)


def _lock(secret: bytes, *, passphrase: str, cost: Cost) -> _Lock:
    salt = utils.random(pwhash.argon2id.SALTBYTES)
    ops, memory_bytes = cost.value
    box = SecretBox(_stretch(passphrase, salt=salt, ops=ops, memory_bytes=memory_bytes))
    return _Lock(
        kdf="argon2id",
        ops=ops,
        memory_bytes=memory_bytes,
        salt=salt.hex(),
        box=base64.b64encode(box.encrypt(secret)).decode("ascii"),
    )


def _unlock(lock: _Lock, *, passphrase: str) -> bytes:
    try:
        salt, sealed = bytes.fromhex(lock.salt), base64.b64decode(lock.box, validate=True)
    except ValueError:
        raise KeystoreError("its lock is damaged") from None
    is_sane = (
        len(salt) == pwhash.argon2id.SALTBYTES
        and pwhash.argon2id.OPSLIMIT_MIN <= lock.ops <= _OPS_MAX
        and _MEMORY_BYTES_MIN <= lock.memory_bytes <= _MEMORY_BYTES_MAX
        and len(sealed) > SecretBox.NONCE_SIZE + SecretBox.MACBYTES
    )
    if not is_sane:
        raise KeystoreError("its lock is damaged")
    key = _stretch(passphrase, salt=salt, ops=lock.ops, memory_bytes=lock.memory_bytes)
    try:
        return SecretBox(key).decrypt(sealed)
    except CryptoError:
        raise PassphraseWrongError("the passphrase does not open it") from None


def _stretch(passphrase: str, *, salt: bytes, ops: int, memory_bytes: int) -> bytes:
    return pwhash.argon2id.kdf(
        SecretBox.KEY_SIZE, passphrase.encode(), salt, opslimit=ops, memlimit=memory_bytes
    )


# --- on paper: 12 groups of 5 letters and digits. One byte of version, the seed, four of checksum.

BACKUP_GROUPS = 12
GROUP_CHARS = 5
_BACKUP_VERSION = b"\x01"
_BACKUP_DOMAIN = b"wasteland/backup/1\0"
_CHECKSUM_BYTES = 4
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_READ_AS = str.maketrans("ILO", "110")
_BITS = 5
_PAYLOAD_BYTES = 1 + SEED_BYTES + _CHECKSUM_BYTES
_PADDING_BITS = BACKUP_GROUPS * GROUP_CHARS * _BITS - _PAYLOAD_BYTES * 8


def to_backup(key: DeviceKey) -> str:
    """Return the text that brings this key back: 12 groups, three lines of four."""
    payload = _BACKUP_VERSION + key.seed
    payload += _checksum(payload)
    number = int.from_bytes(payload, "big") << _PADDING_BITS
    count = BACKUP_GROUPS * GROUP_CHARS
    letters = [_ALPHABET[(number >> (_BITS * place)) & 31] for place in reversed(range(count))]
    groups = ["".join(letters[at : at + GROUP_CHARS]) for at in range(0, count, GROUP_CHARS)]
    return "\n".join(" ".join(groups[at : at + 4]) for at in range(0, BACKUP_GROUPS, 4))


def from_backup(text: str) -> DeviceKey:
    """Return the key that a backup text spells, whatever its case, spaces or dashes."""
    letters = "".join(text.replace("-", " ").split()).upper().translate(_READ_AS)
    if len(letters) != BACKUP_GROUPS * GROUP_CHARS:
        raise BackupTextError("length", str(len(letters)))
    number = 0
    for place, letter in enumerate(letters):
        if letter not in _ALPHABET:
            raise BackupTextError("character", f"group {place // GROUP_CHARS + 1}")
        number = number << _BITS | _ALPHABET.index(letter)
    if number & ((1 << _PADDING_BITS) - 1):
        raise BackupTextError("checksum")
    payload = (number >> _PADDING_BITS).to_bytes(_PAYLOAD_BYTES, "big")
    body, checksum = payload[:-_CHECKSUM_BYTES], payload[-_CHECKSUM_BYTES:]
    if checksum != _checksum(body) or body[:1] != _BACKUP_VERSION:
        raise BackupTextError("checksum")
    return DeviceKey.from_seed(body[1:])


def _checksum(payload: bytes) -> bytes:
    return hashlib.sha256(_BACKUP_DOMAIN + payload).digest()[:_CHECKSUM_BYTES]
