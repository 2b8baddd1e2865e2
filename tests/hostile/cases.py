"""The list of hostile input as a member of a board would send it, with what has to come of it.

Each case is named by its numbers in the list; `test_wire.py` sends them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from federation.frontier import DIGEST_BYTES, NONCE_BYTES
from stamps.identity import DeviceKey, did_of
from stamps.limits import RECORD_BYTES_MAX
from stamps.record import RECORD_DOMAIN, Entry, heads_key, sign, to_line
from tests.federation.negentropy.test_hostile import AT_5, AT_5_HIGH, bounded
from tests.hostile.mallory import SECOND, Mallory, high_s, spelled

YEAR = 365 * 86_400 * SECOND
PARCEL = bytes([1]) + bytes(32)  # a version and a root
OUT_OF_RANGE: tuple[dict[str, Any], ...] = (
    {"dims": {"quality": -1}},
    {"dims": {"quality": 5}, "confidence": -1},
    {"dims": {f"d{number}": 1 for number in range(900)}},
)


@dataclass(frozen=True)
class Lines:
    """Record lines, what becomes of them by code, and how many are kept; a pair is one."""

    make: Callable[[Mallory], list[bytes]]
    codes: dict[str, int]
    kept: int = 0
    stored: int | None = None


@dataclass(frozen=True)
class Body:
    """A whole message, and the fault that the node names."""

    what: str
    make: Callable[[Mallory], bytes]
    fault: str


def bad(*makes: Callable[[Mallory], bytes]) -> Lines:
    """Lines that are no records."""
    return Lines(lambda m: [make(m) for make in makes], {"record.bad": len(makes)})


def piece(old: str, *news: str) -> Lines:
    """A good note with one piece of its text exchanged, in each of these ways."""
    return bad(*((lambda m, new=new: m.raw(old, new)) for new in news))


def other_text(*texts: str) -> Lines:
    """A good note with another text."""
    return piece('"go"', *texts)


def revoked(m: Mallory, head: tuple[int, str]) -> Entry:
    """The paper key ends the device at this head."""
    heads = {heads_key(m.wasteland, m.key.device): list(head)}
    return sign(
        key=m.paper, scope="account", author=m.account, seq=1, prev=m.account, at=m.tick(),
        kind="device.revoke", body={"device": m.key.device, "heads": heads},
    )  # fmt: skip


def stolen(m: Mallory) -> list[bytes]:
    """A note, its device revoked at it, and what a thief signs afterwards."""
    first = m.note()
    later = m.note(seq=1, prev=first.record.id)
    return [to_line(e) for e in (first, revoked(m, (0, str(first.record.id))), later)]


def rotations(m: Mallory) -> list[bytes]:
    """Two rotations of one place."""
    return [
        to_line(
            sign(
                key=m.paper, scope="account", author=m.account, seq=1, prev=m.account, at=m.tick(),
                kind="key.rotate", body={"rotation": [DeviceKey.from_seed(seed * 32).device]},
            )
        )
        for seed in (b"a", b"b")
    ]  # fmt: skip


def small_order(m: Mallory) -> bytes:
    """A device of small order, as the account would add it."""
    body = {"device": did_of(bytes(32)), "may": ["*"]}
    return m.raw(scope="account", seq=1, prev=m.account, about="", kind="device.add", body=body)


def second_device(m: Mallory) -> list[bytes]:
    """A second device is added; it signs in the name of the first."""
    other = DeviceKey.from_seed(b"other".ljust(32, b"."))
    added = sign(
        key=m.paper, scope="account", author=m.account, seq=1, prev=m.account, at=m.tick(),
        kind="device.add", body={"device": other.device, "may": ["*"]},
    )  # fmt: skip
    note = m.note()
    theirs = other.sign(RECORD_DOMAIN + note.record.raw)
    return [to_line(added), spelled(theirs, note.record.raw)]


def fresh_chain(m: Mallory) -> list[bytes]:
    """As many records as a message holds, of an account that nobody knows."""
    key, lines, prev = DeviceKey.from_seed(b"fresh".ljust(32, b".")), [], ""
    for seq in range(2_000):
        entry = m.note(key=key, author="a" * 64, seq=seq, prev=prev)
        prev = str(entry.record.id)
        lines.append(to_line(entry))
    return lines


def names_nobody(m: Mallory) -> list[bytes]:
    """A chain that names, in `after`, records that do not exist."""
    lines, prev = [], ""
    for seq in range(40):
        names = tuple(sorted(f"{seq * 8 + place:064x}" for place in range(8)))
        entry = m.note(seq=seq, prev=prev, after=names)
        prev = str(entry.record.id)
        lines.append(to_line(entry))
    return lines


def twins(m: Mallory) -> list[bytes]:
    """Two records of the first slot, side by side."""
    return [to_line(m.note(body={"tag": "note", "text": text})) for text in ("one", "two")]


def backwards(m: Mallory) -> list[bytes]:
    """The second record is older than the first."""
    first = m.note()
    return [to_line(first), to_line(m.note(seq=1, prev=first.record.id, at=first.record.at - 1))]


def foreign_prev(m: Mallory) -> list[bytes]:
    """The second record follows one that is not its chain's."""
    return [to_line(m.note()), to_line(m.note(seq=1, prev=m.account))]


def stamp_with(m: Mallory, stamp: dict[str, Any]) -> bytes:
    """A stamp whose shape is wrong."""
    body = {"subject": m.account, "context": {"type": "review"}, "stamp": stamp}
    return m.raw(kind="stamp.give", about=m.account, body=body)


def many_tags(m: Mallory) -> bytes:
    """A post with more tags than a record holds."""
    return m.raw('"text":"go"', '"text":"go","tags":[' + ",".join(['"t"'] * 100_000) + "]")


def frontier(*, listed: bytes) -> bytes:
    """A frontier whose first part lists this."""
    head = bytes([1]) + bytes(2 * NONCE_BYTES + 32) + b"\x00" + b"\x08"
    return head + bytes(DIGEST_BYTES) + b"\x01" + listed


LINES: dict[str, Lines] = {
    "h1 numbers spelled otherwise": piece(
        '"seq":0', *(f'"seq":{n}' for n in ("00", "+0", "0.0", "0e0", "-0"))
    ),
    "h2 keys twice or unsorted": piece(
        '"text":"go"', '"text":"go","text":"go"', '"zz":1,"text":"go"', '"":1,"text":"go"'
    ),
    "h3 open ends": bad(
        *((lambda m, raw=raw: m.line(raw)) for raw in (b"{", b'{"a":[', b'{"a":1', b"[" * 500))
    ),
    "h4 trailing bytes": piece('"v":1}', '"v":1} ', '"v":1}{}', '"v":1}}', '"v":1}x'),
    "h5 floats": piece(
        '"text":"go"', *(f'"text":"go","x":{n}' for n in ("1.5", "NaN", "Infinity", "1e400"))
    ),
    "h6 depth": piece('"text":"go"', *('"text":"go","x":' + "[" * n + "]" * n for n in (9, 7_000))),
    "h7 long numbers": piece(
        '"text":"go"', *(f'"text":"go","x":{"9" * n}' for n in (17, 400, 9_000))
    ),
    "h8 text": other_text(
        '"\\ud800"',
        '"e\u0301"',
        '"\u202ex"',
        '"\u2066x\u2069"',
        '"\\u0000"',
        '"\\u0007"',
        '"\ufdd0"',
        '"\U000e0fff"',
    ),
    "h8 bytes": bad(
        lambda m: m.line(m.raw().split(b" ", 1)[1].rstrip().replace(b'"go"', b'"\xff\xfe"'))
    ),
    "h9 one byte too much": bad(lambda m: m.raw('"go"', '"' + "a" * (RECORD_BYTES_MAX + 1) + '"')),
    "h11 integers": piece(
        '"text":"go"', *(f'"text":"go","x":{n}' for n in (2**53, -(2**53), 10**15 * 99))
    ),
    "h12 a second spelling of a signature": Lines(lambda m: [high_s(m.note())], {"signature": 1}),
    "h13 a key of small order": bad(small_order),
    "h13 a chain of such a key": Lines(
        lambda m: [m.raw(m.key.device, did_of(bytes(32)))], {"unknown_device": 1}
    ),
    "h13 noise in the place of R": Lines(
        lambda m: [spelled(b"\xff" * 32 + m.note().signature[32:], m.note().record.raw)],
        {"signature": 1},
    ),
    "h14 another device's signature": Lines(second_device, {"signature": 1}, kept=1),
    "h15 another domain": Lines(
        lambda m: [m.line(m.note().record.raw, domain=b"wasteland/card/1\0")], {"signature": 1}
    ),
    "h15 another wasteland": Lines(
        lambda m: [to_line(m.note(scope="0" * 64))], {"unknown_scope": 1}
    ),
    "h16 h17 behind a revoke": Lines(stolen, {"cut": 1}, kept=2),
    "h18 two rotations of one place": Lines(rotations, {}, kept=2),
    "h21 h26 two records of one slot": Lines(twins, {}, kept=1, stored=2),  # one thing, two records
    "h22 a gap": Lines(lambda m: [to_line(m.note(seq=5, prev="0" * 64))], {"gap": 1}),
    "h23 prev of another chain": Lines(foreign_prev, {"gap": 1}, kept=1),
    "h24 names of nobody": Lines(names_nobody, {}, kept=40),
    "h25 places beyond the integers": piece('"seq":0', *(f'"seq":{n}' for n in (2**53, 2**63, -1))),
    "h27 a long chain of nobody": Lines(fresh_chain, {"unknown_device": 2_000}),
    "h28 ten years ahead": Lines(lambda m: [to_line(m.note(at=m.now + 10 * YEAR))], {"parked": 1}),
    "h28 older than the one before": Lines(backwards, {"bad_link": 1}, kept=1),
    "h28 before 2020": piece('"at":', '"at":1,"x":'),
    "h60 a stamp outside its range": bad(
        *((lambda m, s=s: stamp_with(m, s)) for s in OUT_OF_RANGE)
    ),
    "h61 a hundred thousand tags": bad(many_tags),
}

MESSAGES: dict[str, Body] = {
    "h7 a count without its items": Body(
        "records", lambda _: PARCEL + b"\xa0\x80\x80\x80\x80\x00" + b"0" * 10, "count"
    ),
    "h29 bounds that descend": Body("reconcile", lambda _: bounded(AT_5_HIGH, AT_5), "form"),
    "h31 a million ids": Body(
        "records", lambda _: PARCEL + b"\xbd\x84\x40" + bytes(1 << 20), "count"
    ),
    "h31 an id twice": Body("records", lambda _: PARCEL + b"\x02" + bytes(64) + bytes(4), "order"),
    "h37 a million devices": Body("frontier", lambda _: frontier(listed=b"\xbd\x84\x40"), "count"),
    "h39 another version": Body("frontier", lambda _: b"\x02" + bytes(200), "version"),
    "h40 a message cut short": Body("frontier", lambda _: frontier(listed=b"\x05"), "truncated"),
    "h40 a number cut short": Body("records", lambda _: PARCEL + b"\x81", "truncated"),
}
