"""Keys: a device's did:key, what it signs and whether a signature holds (records 1.1, 1.2, 3.2).

PyNaCl alone verifies: two libraries that differ on odd keys would split the network. It refuses
every second spelling of a key, and keys that libsodium does not take for a point of full order.
"""

from functools import lru_cache
from typing import NewType

import base58
from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from stamps.errors import KeyRefusedError
from stamps.limits import SIGNATURE_BYTES

AccountId = NewType("AccountId", str)
DeviceId = NewType("DeviceId", str)
RecordId = NewType("RecordId", str)

PUBLIC_KEY_BYTES = 32
SEED_BYTES = 32
DID_CHARS = 56
_PREFIX = "did:key:z"
_MULTICODEC = b"\xed\x01"  # ed25519-pub, as a varint
_KEYS_CACHED_MAX = 4_096


def did_of(public_key: bytes) -> DeviceId:
    """Return the did:key of a public key of 32 bytes."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise KeyRefusedError("key.length", public_key.hex())
    return DeviceId(_PREFIX + base58.b58encode(_MULTICODEC + public_key).decode("ascii"))


@lru_cache(maxsize=_KEYS_CACHED_MAX)
def public_key_of(did: str) -> bytes:
    """Return the 32 bytes that this did:key spells; else KeyRefusedError (records 1.1)."""
    if len(did) != DID_CHARS or not did.startswith(_PREFIX):
        raise KeyRefusedError("key.did", did)
    try:
        decoded = base58.b58decode(did[len(_PREFIX) :])
    except ValueError:
        raise KeyRefusedError("key.did", did) from None
    public_key = decoded[len(_MULTICODEC) :]
    # another multicodec, or a second spelling, does not come back the same
    if len(public_key) != PUBLIC_KEY_BYTES or did_of(public_key) != did:
        raise KeyRefusedError("key.did", did)
    return public_key


@lru_cache(maxsize=_KEYS_CACHED_MAX)
def check_key(did: str) -> None:
    """Raise KeyRefusedError unless libsodium takes the key for a good point."""
    if not crypto_core_ed25519_is_valid_point(public_key_of(did)):
        raise KeyRefusedError("key.point", did)


class DeviceKey:
    """One Ed25519 key in one place: the only thing here that can sign."""

    __slots__ = ("_signing_key", "device")

    device: DeviceId

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise KeyRefusedError("key.seed", "")
        self._signing_key = SigningKey(seed)
        self.device = did_of(bytes(self._signing_key.verify_key))

    @classmethod
    def generate(cls) -> "DeviceKey":
        """Return a new key from the operating system's randomness."""
        return cls(bytes(SigningKey.generate()))

    @classmethod
    def from_seed(cls, seed: bytes) -> "DeviceKey":
        """Return the key of a seed of 32 bytes."""
        return cls(seed)

    @property
    def seed(self) -> bytes:
        """The secret, 32 bytes: for the key store alone."""
        return bytes(self._signing_key)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, 64 bytes."""
        return self._signing_key.sign(message).signature

    def __repr__(self) -> str:
        return f"DeviceKey({self.device})"


@lru_cache(maxsize=_KEYS_CACHED_MAX)
def _verify_key(device: str) -> VerifyKey:
    return VerifyKey(public_key_of(device))


def verify(*, device: str, message: bytes, signature: bytes) -> bool:
    """Say whether this device signed this message; a malformed key or signature did not."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        _verify_key(device).verify(message, signature)
    except (BadSignatureError, KeyRefusedError):
        return False
    return True
