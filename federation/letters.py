"""The binary messages of a session, beside the frontier: answers, and records both ways.

Pure. Every count is checked before anything is read; what is not a number stands as it is. Record
lines (records 1.3) end a message.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal

from federation.compare import Verdict, Wish
from federation.errors import Fault, PeerError
from federation.frontier import CHECK_BYTES, LISTED_MAX, NAME_BYTES, NONCE_BYTES, ROOT_BYTES
from federation.limits import MESSAGE_BYTES_MAX
from federation.outline import Part
from federation.wire import Reader, Writer

What = Literal["root", "frontier", "records", "reconcile"]
VERSION: Final = 1
LINES_BYTES_MAX: Final = 1_500_000  # what is put into one message; the rest follows
LINES_MAX: Final = 20_000
IDS_MAX: Final = 10_000
CODES_MAX: Final = 32
CODE_BYTES_MAX: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a frontier. `more` says that not every line found room (see `Parcel`)."""

    verdict: Verdict
    nonce: bytes
    root: bytes
    they_lack: int = 0  # records that the asker lacks
    we_lack: int = 0
    wishes: tuple[tuple[Wish, ...], ...] = ((), (), (), ())
    more: bool = False
    lines: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Records on their way, either way: the sender's root, ids it asks for, record lines.

    In an answer `accepted` says how many of the lines before were new, `refused` counts by code
    those that were not taken (records 2.2), `more` says that lines were left. In a question
    `more`, and nothing else, asks for those that were left of the answer before.
    """

    root: bytes
    wants: tuple[bytes, ...] = ()
    accepted: int = 0
    refused: tuple[tuple[str, int], ...] = ()
    more: bool = False
    lines: tuple[bytes, ...] = ()


def encode_root(root: bytes, nonce: bytes) -> bytes:
    """48 bytes: the root, and the nonce that frontiers to this node are cut with."""
    return root + nonce


def decode_root(message: bytes) -> tuple[bytes, bytes]:
    """The root and the nonce; PeerError for anything else."""
    if len(message) != ROOT_BYTES + NONCE_BYTES:
        raise PeerError(Fault.SIZE, f"a root of {len(message)} bytes")
    return message[:ROOT_BYTES], message[ROOT_BYTES:]


def encode_answer(answer: Answer) -> bytes:
    """The bytes of an answer."""
    writer = Writer()
    writer.number(VERSION)
    writer.number(answer.verdict)
    writer.raw(answer.nonce + answer.root)
    writer.number(answer.they_lack)
    writer.number(answer.we_lack)
    for part, wishes in zip(Part, answer.wishes, strict=True):
        _write_wishes(writer, part, wishes)
    writer.number(answer.more)
    _write_lines(writer, answer.lines)
    return writer.message()


def decode_answer(message: bytes) -> Answer:
    """The answer of these bytes; PeerError for anything else."""
    reader = _reader(message)
    verdict = reader.number()
    if verdict not in tuple(Verdict):
        raise PeerError(Fault.FORM, f"a verdict of {verdict}")
    nonce, root = reader.raw(NONCE_BYTES), reader.raw(ROOT_BYTES)
    they_lack, we_lack = reader.number(), reader.number()
    wishes = tuple(_read_wishes(reader, part) for part in Part)
    more = bool(reader.number())
    return Answer(
        verdict=Verdict(verdict),
        nonce=nonce,
        root=root,
        they_lack=they_lack,
        we_lack=we_lack,
        wishes=wishes,
        more=more,
        lines=_read_lines(reader),
    )


def _write_wishes(writer: Writer, part: Part, wishes: Iterable[Wish]) -> None:
    listed = sorted(wishes)
    writer.number(len(listed))
    before = -1
    for wish in listed:
        writer.number(wish.place - before - 1)
        before = wish.place
        if part is Part.CHAINS:
            writer.number(wish.first)
            writer.raw(wish.check if wish.first else b"")


def _read_wishes(reader: Reader, part: Part) -> tuple[Wish, ...]:
    found = []
    before = -1
    for _ in range(reader.count(at_most=LISTED_MAX, item_bytes=1)):
        index = before + 1 + reader.number()
        before = index
        first = reader.number() if part is Part.CHAINS else 0
        found.append(Wish(index, first, reader.raw(CHECK_BYTES) if first else b""))
    return tuple(found)


def encode_parcel(parcel: Parcel) -> bytes:
    """The bytes of a parcel."""
    writer = Writer()
    writer.number(VERSION)
    writer.raw(parcel.root)
    writer.number(len(parcel.wants))
    writer.raw(b"".join(parcel.wants))
    writer.number(parcel.accepted)
    writer.number(len(parcel.refused))
    for code, count in parcel.refused:
        writer.text(code)
        writer.number(count)
    writer.number(parcel.more)
    _write_lines(writer, parcel.lines)
    return writer.message()


def decode_parcel(message: bytes) -> Parcel:
    """The parcel of these bytes; PeerError for anything else."""
    reader = _reader(message)
    root = reader.raw(ROOT_BYTES)
    wanted = reader.count(at_most=IDS_MAX, item_bytes=NAME_BYTES)
    wants = tuple(reader.raw(NAME_BYTES) for _ in range(wanted))
    if len(set(wants)) != len(wants):
        raise PeerError(Fault.ORDER, "an id is asked for twice")
    accepted = reader.number()
    codes = reader.count(at_most=CODES_MAX, item_bytes=2)
    refused = tuple((reader.text(at_most=CODE_BYTES_MAX), reader.number()) for _ in range(codes))
    more = bool(reader.number())
    return Parcel(
        root=root,
        wants=wants,
        accepted=accepted,
        refused=refused,
        more=more,
        lines=_read_lines(reader),
    )


def _reader(message: bytes) -> Reader:
    if len(message) > MESSAGE_BYTES_MAX:
        raise PeerError(Fault.SIZE, f"{len(message)} bytes where {MESSAGE_BYTES_MAX} are allowed")
    reader = Reader(message)
    if reader.number() != VERSION:
        raise PeerError(Fault.VERSION, "of a message")
    return reader


def _write_lines(writer: Writer, lines: Iterable[bytes]) -> None:
    writer.raw(b"".join(lines))


def _read_lines(reader: Reader) -> tuple[bytes, ...]:
    rest = reader.rest()
    if not rest:
        return ()
    if not rest.endswith(b"\n"):
        raise PeerError(Fault.TRUNCATED, "the last line does not end")
    lines = rest.splitlines(keepends=True)
    if len(lines) > LINES_MAX:
        raise PeerError(Fault.COUNT, f"{len(lines)} lines where {LINES_MAX} are allowed")
    return tuple(lines)


def fitting(lines: Iterable[bytes]) -> tuple[tuple[bytes, ...], Iterator[bytes] | None]:
    """As many lines as one message holds, and the rest, None when nothing is left."""
    source = iter(lines)
    found: list[bytes] = []
    size = 0
    for line in source:
        if found and (size + len(line) > LINES_BYTES_MAX or len(found) >= LINES_MAX):
            return tuple(found), chain((line,), source)
        found.append(line)
        size += len(line)
    return tuple(found), None
