"""What goes into a stream of records, in the order in which the other side can take it.

Pure but for the replica it reads: logs first, then fork proofs as neighbours, pinned records with
the logs that introduce their devices, identity chains, the registrar's, the rest (records 2.5).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from federation.compare import Comparison, Stretch, Wish
from federation.frontier import Nonces, Spoken
from federation.outline import Marks, Outline, Part, changed
from ledger.replica import Replica
from stamps.record import ChainKey, to_line

BY_TIME_MIN: Final = 5_000
REST: Final = (True, True)  # neither an identity chain nor the registrar's
PIECE: Final = 500  # records read at once
NEWS_LINES_MAX: Final = 100
NEWS_BYTES_MAX: Final = 64 << 10


def lines_of(replica: Replica, outline: Outline, found: Comparison) -> Iterator[bytes]:
    """The lines that the other side lacks, by a comparison."""
    return _stream(
        replica,
        outline,
        logs=(name.hex() for name in found.logs),
        stretches=found.stretches,
        forks=found.forks,
        pins=[name.hex() for name in found.pins],
    )


def wished_lines(
    replica: Replica, outline: Outline, spoken: Spoken, wishes: tuple[tuple[Wish, ...], ...]
) -> Iterator[bytes]:
    """The lines that the other side wished for; an index that was not said is passed over."""
    names = [
        [
            (spoken.names[part][w.place], w)
            for w in wishes[part]
            if w.place < len(spoken.names[part])
        ]
        for part in Part
    ]
    stretches = [
        Stretch(name, wish.first, outline.parts[Part.CHAINS][name].seq)
        for name, wish in names[Part.CHAINS]
        if name in outline.parts[Part.CHAINS]
        and _agrees(replica, outline, name, wish, spoken.said.nonces)
    ]
    return _stream(
        replica,
        outline,
        logs=(name.hex() for name, _ in names[Part.LOGS]),
        stretches=stretches,
        forks=[name for name, _ in names[Part.FORKS]],
        pins=[name.hex() for name, _ in names[Part.PINS]],
    )


def news(replica: Replica, before: Outline, now: Outline) -> tuple[bytes, ...] | None:
    """The lines that lead from one outline of ours to the next; None where it is not a little more.

    Whoever holds what we held needs no question to take them.
    """
    if before.parts[Part.FORKS] != now.parts[Part.FORKS]:
        return None
    stretches = _grown(before.parts[Part.CHAINS], now.parts[Part.CHAINS])
    if stretches is None:
        return None
    logs = changed(base=before.parts[Part.LOGS], now=now.parts[Part.LOGS])
    pins = changed(base=before.parts[Part.PINS], now=now.parts[Part.PINS])
    lines = tuple(
        islice(
            _stream(
                replica,
                now,
                logs=(name.hex() for name in logs),
                stretches=stretches,
                forks=(),
                pins=[name.hex() for name in pins],
            ),
            NEWS_LINES_MAX + 1,
        )
    )
    fits = len(lines) <= NEWS_LINES_MAX and sum(map(len, lines)) <= NEWS_BYTES_MAX
    return lines if fits else None


def _grown(before: Marks, now: Marks) -> list[Stretch] | None:
    """What came to chains that only grew, None where one did anything else."""
    stretches: list[Stretch] = []
    for name in changed(base=before, now=now):
        old, new = before.get(name), now.get(name)
        first = old.seq + 1 if old is not None else 0
        if new is None or new.seq < first or len(stretches) >= NEWS_LINES_MAX:
            return None
        stretches.append(Stretch(name, first, new.seq))
    return stretches


def _agrees(replica: Replica, outline: Outline, name: bytes, wish: Wish, nonces: Nonces) -> bool:
    """Whether the record before the wished ones is the same on both sides."""
    if wish.first == 0:
        return True
    ours = replica.slot(outline.keys[name], wish.first - 1)
    return ours is not None and nonces.check(bytes.fromhex(ours)) == wish.check


def _stream(
    replica: Replica,
    outline: Outline,
    *,
    logs: Iterable[str],
    stretches: Iterable[Stretch],
    forks: Iterable[bytes],
    pins: list[str],
) -> Iterator[bytes]:
    for account in logs:
        yield from map(to_line, replica.account_log(account))
    for name in forks:
        if name in outline.keys:
            yield from map(to_line, replica.fork_pair(outline.keys[name]))
    yield from map(to_line, replica.pinned(pins))
    yield from _stretched(replica, outline, tuple(stretches))
    # Again: what names them may have come only now.
    yield from map(to_line, replica.pinned(pin for pin in pins if pin != replica.wasteland))


def _stretched(replica: Replica, outline: Outline, stretches: Sequence[Stretch]) -> Iterator[bytes]:
    """Chains one after the other; of very many records the rest by time, items together."""
    ordered = sorted(stretches, key=lambda one: _rank(replica, outline.keys[one.name]))
    many = sum(one.last - one.first + 1 for one in ordered) >= BY_TIME_MIN
    rest: dict[ChainKey, tuple[int, int]] = {}
    for stretch in ordered:
        key = outline.keys[stretch.name]
        if many and _rank(replica, key)[:2] == REST:
            rest[key] = (stretch.first, stretch.last)
        else:
            yield from _chain(replica, key, stretch)
    if rest:
        yield from map(to_line, replica.by_time(rest))


def _chain(replica: Replica, key: ChainKey, stretch: Stretch) -> Iterator[bytes]:
    for first in range(stretch.first, stretch.last + 1, PIECE):
        for entry in replica.chain(key, first, min(first + PIECE - 1, stretch.last)):
            yield to_line(entry)


def _rank(replica: Replica, key: ChainKey) -> tuple[bool, bool, ChainKey]:
    registrar = replica.registrar()
    is_registrar = registrar is not None and (key.author, key.device) == registrar
    return key.scope != "identity", not is_registrar, key
