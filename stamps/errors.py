"""The errors of the project, each with a code that programs read and a hint that people read.

It refuses to carry facts in prose only: what a caller may need stands in attributes.
"""

from typing import ClassVar


class WastelandError(Exception):
    """Something was refused or went wrong; `code` says what in a stable dotted word."""

    code: ClassVar[str] = "failed"
    hint: ClassVar[str] = ""


class BadRecordError(WastelandError):
    """Bytes or a value are no record: `reason` says which rule, `where` which part of it."""

    code: ClassVar[str] = "record.bad"
    hint: ClassVar[str] = "The record breaks the wire contract; its sender has to make a new one."

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{reason} at {where}" if where else reason)
        self.reason = reason
        self.where = where


class KeyRefusedError(BadRecordError):
    """A did:key is not the one spelling of an Ed25519 key that libsodium accepts."""

    code: ClassVar[str] = "key.refused"
    hint: ClassVar[str] = "Make a new key; this one can vouch for nothing."

    def __init__(self, reason: str, device: str) -> None:
        super().__init__(reason, device[:80])
        self.device = device
