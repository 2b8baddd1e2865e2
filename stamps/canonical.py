"""Canonical JSON: the one spelling of a value that is hashed and signed (records 1.6).

A profile of RFC 8785. It refuses everything that could be spelled in two ways, and every number,
key or character on which two implementations could differ. What a value means is not its business.
"""

import json
import re
from functools import lru_cache
from typing import Any, Never
from unicodedata import is_normalized

import msgspec

from stamps.errors import BadRecordError
from stamps.limits import (
    CONTAINER_ENTRIES_MAX,
    DEPTH_MAX,
    INTEGER_DIGITS_MAX,
    INTEGER_MAX,
    INTEGER_MIN,
    KEY_CHARS_MAX,
    RECORD_BYTES_MAX,
)
from stamps.unicode14 import is_allowed

LINES_ALLOWED_KEYS = frozenset(
    {"description", "summary", "message", "reason", "text", "bio"}
)  # and `value` of an evidence entry

PLAIN_BYTES_MAX = 4_096  # shorter than any number that is slow to read

_KEYS_CACHED_MAX = 4_096
_KEY = re.compile(rf"[!-~]{{1,{KEY_CHARS_MAX}}}")
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % (INTEGER_DIGITS_MAX + 1))
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_WITHOUT_LINES = str.maketrans("", "", "\n\t")


def _refuse_float(text: str) -> Never:
    raise BadRecordError("canonical.float", text[:40])


_decoder = msgspec.json.Decoder(float_hook=_refuse_float)
_encoder = msgspec.json.Encoder(order="sorted")


def encode(value: Any, *, bytes_max: int = RECORD_BYTES_MAX) -> bytes:
    """Return the canonical bytes of a value inside the profile; else BadRecordError."""
    _check(value, "", DEPTH_MAX)
    raw = _encoder.encode(value)
    if len(raw) > bytes_max:
        raise BadRecordError("canonical.size", str(len(raw)))
    return raw


def decode(raw: bytes, *, bytes_max: int = RECORD_BYTES_MAX) -> dict[str, Any]:
    """Return the object that these bytes are the one spelling of; else BadRecordError."""
    if len(raw) > bytes_max:
        raise BadRecordError("canonical.size", str(len(raw)))
    plain = _plain(raw)
    return plain if plain is not None else _looked_at_closely(raw)


def _looked_at_closely(raw: bytes) -> dict[str, Any]:
    try:
        raw.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise BadRecordError("canonical.utf8", str(error.start)) from None
    _check_bytes(raw)
    try:
        value = _decoder.decode(raw)
    except msgspec.DecodeError:
        raise BadRecordError("canonical.json") from None
    if type(value) is not dict:
        raise BadRecordError("canonical.object")
    _check(value, "", DEPTH_MAX)
    if _encoder.encode(value) != raw:
        raise BadRecordError(_difference(raw))
    return value


def _plain(raw: bytes) -> dict[str, Any] | None:
    """The object of bytes that are plainly canonical, as nearly all are; None: look closely.

    Printable ASCII without an escape holds no text outside the profile, and eight openings
    cannot nest deeper than eight.
    """
    if len(raw) > PLAIN_BYTES_MAX or b"\\" in raw or not raw.isascii():
        return None
    if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX or not raw.decode("ascii").isprintable():
        return None
    try:
        value = _decoder.decode(raw)
        good = type(value) is dict and _is_plain(value) and _encoder.encode(value) == raw
    except (msgspec.DecodeError, BadRecordError):
        return None
    return value if good else None


def _is_plain(value: dict[str, Any]) -> bool:
    """Say whether an object has whole numbers in bounds and few entries; refuse its bad names."""
    for key, member in value.items():
        check_key(key)
        kind = type(member)
        if kind is str:
            continue
        if kind is int:
            if not INTEGER_MIN <= member <= INTEGER_MAX:
                return False
        elif not _is_plain_value(member):
            return False
    return len(value) <= CONTAINER_ENTRIES_MAX


def _is_plain_value(value: object) -> bool:
    kind = type(value)
    if kind is int:
        return INTEGER_MIN <= value <= INTEGER_MAX  # type: ignore[operator]
    if kind is dict:
        return _is_plain(value)  # type: ignore[arg-type]
    if kind is list:
        few = len(value) <= CONTAINER_ENTRIES_MAX  # type: ignore[arg-type]
        return few and all(type(one) is str or _is_plain_value(one) for one in value)  # type: ignore[attr-defined]
    return kind is str or kind is bool or value is None


def _check_bytes(raw: bytes) -> None:
    """Refuse what a parser should not even be shown: deep nesting and long numbers."""
    # Counting openings is a cheap bound; texts that hold brackets or digits take the long way.
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX and not _LONG_NUMBER.search(raw):
        return
    bare = _STRING.sub(b'""', raw)
    if _LONG_NUMBER.search(bare):
        raise BadRecordError("canonical.number")
    depth = 0
    for bracket in _BRACKET.findall(bare):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            raise BadRecordError("canonical.depth")


def _difference(raw: bytes) -> str:
    """Name why bytes that parse are not canonical."""
    repeated: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        repeated.extend(name for name in set(names) if names.count(name) > 1)

    json.loads(raw.decode(), object_pairs_hook=note)
    return "canonical.duplicate" if repeated else "canonical.form"


def _check(value: object, key: str, depth: int) -> None:
    """Refuse a value outside the profile; `key` is the member it stands under."""
    kind = type(value)
    if kind is str:
        _check_text(value, key)  # type: ignore[arg-type]
    elif kind is int:
        if not INTEGER_MIN <= value <= INTEGER_MAX:  # type: ignore[operator]
            raise BadRecordError("canonical.number", key)
    elif kind is dict:
        _check_object(value, depth)  # type: ignore[arg-type]
    elif kind is list or kind is tuple:
        _check_list(value, key, depth)  # type: ignore[arg-type]
    elif value is not None and kind is not bool:
        raise BadRecordError("canonical.type", key)


def _check_object(value: dict[Any, object], depth: int) -> None:
    _check_container(value, depth)
    for key, member in value.items():
        check_key(key)
        if type(member) is str and member.isascii() and member.isprintable():
            continue
        _check(member, key, depth - 1)


def _check_list(value: list[object], key: str, depth: int) -> None:
    _check_container(value, depth)
    for member in value:
        if key == "evidence" and type(member) is dict:
            _check_evidence(member, depth - 1)
        else:
            _check(member, "", depth - 1)  # a list's texts are one line, whatever its name


def _check_evidence(entry: dict[Any, object], depth: int) -> None:
    """Check one entry of evidence, whose `value` alone may hold newlines and tabs."""
    value = entry.get("value")
    if type(value) is str and not is_text(value, with_lines=True):
        raise BadRecordError("canonical.text", "value")
    others = {key: "" if key == "value" and type(value) is str else entry[key] for key in entry}
    _check_object(others, depth)


def _check_container(value: dict[Any, object] | list[object], depth: int) -> None:
    if depth <= 0:
        raise BadRecordError("canonical.depth")
    if len(value) > CONTAINER_ENTRIES_MAX:
        raise BadRecordError("limit.entries", str(len(value)))


def _check_text(value: str, key: str) -> None:
    if not is_text(value, with_lines=key in LINES_ALLOWED_KEYS):
        raise BadRecordError("canonical.text", key)


@lru_cache(maxsize=_KEYS_CACHED_MAX)
def check_key(key: object) -> None:
    """Refuse a member's name unless it is 1-64 printable ASCII characters without a space.

    Only good names are remembered: a bad one may be as long as a record.
    """
    if type(key) is not str or _KEY.fullmatch(key) is None:
        raise BadRecordError("canonical.key", str(key)[:KEY_CHARS_MAX])


def is_text(text: str, *, with_lines: bool) -> bool:
    """Say whether a string is inside the profile, newline and tab counted as it is asked."""
    characters = text.translate(_WITHOUT_LINES) if with_lines else text
    return is_allowed(characters) and (text.isascii() or is_normalized("NFC", text))
