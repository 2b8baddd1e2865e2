"""What the answering side makes of a frontier: what it lacks, what it has to send (records 2.5).

Pure. Heads are compared at the lower seq. Where two chains parted it asks and sends nothing: the
roots will differ, and layer 2 finds the parting. It says `full` when a delta builds on what it does
not hold.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from federation.frontier import FrontierSaid, Mode, Said, by_prefix
from federation.outline import Mark, Marks, Outline, Part

SlotOf = Callable[[Part, bytes, int], bytes]


class Verdict(IntEnum):
    """How a frontier was answered."""

    EQUAL = 0
    ANSWERED = 1
    FULL = 2  # the base is not held, or more than its holder holds: say all of it
    LONGER = 3  # two of our names share a prefix
    STALE = 4  # the nonce is not ours: take the new one


class Wish(NamedTuple):
    """The listed name at `place` is wanted from seq `first` on; `check` is of `first` - 1."""

    place: int
    first: int = 0
    check: bytes = b""


class Stretch(NamedTuple):
    """Records of one chain from `first` to `last`."""

    name: bytes
    first: int
    last: int


@dataclass(slots=True)
class Comparison:
    """The outcome: what to ask by part, and what to send; how many records each side lacks."""

    verdict: Verdict
    wishes: tuple[list[Wish], ...] = field(default_factory=lambda: ([], [], [], []))
    logs: list[bytes] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    forks: list[bytes] = field(default_factory=list)
    pins: list[bytes] = field(default_factory=list)
    they_lack: int = 0
    we_lack: int = 0


class _Theirs(NamedTuple):
    """Where one name stands on their side; `place` is None where they did not list it."""

    seq: int
    check: bytes
    place: int | None


class _Retry(Exception):  # noqa: N818 - it ends a comparison early, nothing went wrong
    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


def compare(said: FrontierSaid, ours: Outline, *, base: Outline | None, slot: SlotOf) -> Comparison:
    """What follows from their frontier for us; `slot` gives our record's id at a seq, or b""."""
    if said.root == ours.root:
        return Comparison(Verdict.EQUAL)
    if said.base is not None and base is None:
        return Comparison(Verdict.FULL)
    comparer = _Comparer(said, ours, base if said.base is not None else None, slot)
    try:
        for part in Part:
            comparer.part(part)
    except _Retry as retry:
        return Comparison(retry.verdict)
    return comparer.found


class _Comparer:
    """One comparison, part by part."""

    def __init__(
        self, said: FrontierSaid, ours: Outline, base: Outline | None, slot: SlotOf
    ) -> None:
        self.said = said
        self.ours = ours
        self.base = base
        self.slot = slot
        self.found = Comparison(Verdict.ANSWERED)

    def part(self, part: Part) -> None:
        said = self.said.parts[part]
        if said.digest == self.ours.digests[part]:
            return
        if said.mode is Mode.SAME:
            raise _Retry(Verdict.FULL)
        base = self.base.parts[part] if self.base and said.mode is Mode.DELTA else {}
        theirs, unknown = self._theirs(part, said.listed, base)
        for index, one in unknown:
            self._wish(part, Wish(index), records=one.seq + 1 if one.seq is not None else 0)
        judge = {
            Part.CHAINS: self._chain,
            Part.LOGS: self._log,
            Part.FORKS: self._fork,
            Part.PINS: self._pin,
        }[part]
        names = {**self.ours.parts[part], **dict.fromkeys(theirs, Mark(-1))}
        for name in names:
            judge(name, self.ours.parts[part].get(name), theirs.get(name))

    def _theirs(
        self, part: Part, listed: tuple[Said, ...], base: Marks
    ) -> tuple[dict[bytes, _Theirs], Iterator[tuple[int, Said]]]:
        """Their side of every name that we know, and what they list that we do not."""
        known = {**self._names(self.ours.parts[part]), **self._names(base)}
        nonces = self.said.nonces
        theirs = {
            name: _Theirs(mark.seq, nonces.check(mark.id), None) for name, mark in base.items()
        }
        unknown: list[tuple[int, Said]] = []
        for index, one in enumerate(listed):
            name = known.get(one.prefix)
            if name is None:
                unknown += [(index, one)] if one.seq is not None else []
            elif one.seq is None:
                theirs.pop(name, None)
            else:
                theirs[name] = _Theirs(one.seq, one.check, index)
        return theirs, iter(unknown)

    def _names(self, marks: Marks) -> dict[bytes, bytes]:
        found = by_prefix(marks, self.said.nonces, self.said.prefix_bytes)
        if found is None:
            raise _Retry(Verdict.LONGER)
        return found

    def _wish(self, part: Part, wish: Wish, *, records: int) -> None:
        self.found.wishes[part].append(wish)
        self.found.we_lack += records

    def _ask(self, part: Part, theirs: _Theirs, first: int, check: bytes, records: int) -> None:
        if theirs.place is None:
            raise _Retry(Verdict.FULL)  # we hold less than the base that both acknowledged
        self._wish(part, Wish(theirs.place, first, check), records=records)

    def _chain(self, name: bytes, ours: Mark | None, theirs: _Theirs | None) -> None:
        nonces = self.said.nonces
        if ours is None:
            if theirs is not None:
                self._ask(Part.CHAINS, theirs, 0, b"", theirs.seq + 1)
            return
        if theirs is None:
            self._send(Stretch(name, 0, ours.seq))
        elif theirs.seq > ours.seq:
            check = nonces.check(ours.id)
            self._ask(Part.CHAINS, theirs, ours.seq + 1, check, theirs.seq - ours.seq)
        elif theirs.seq < ours.seq and self._holds(Part.CHAINS, name, theirs):
            self._send(Stretch(name, theirs.seq + 1, ours.seq))

    def _holds(self, part: Part, name: bytes, theirs: _Theirs) -> bool:
        """Whether their head is on our side as well."""
        return self.said.nonces.check(self.slot(part, name, theirs.seq)) == theirs.check

    def _send(self, stretch: Stretch) -> None:
        self.found.stretches.append(stretch)
        self.found.they_lack += stretch.last - stretch.first + 1

    def _log(self, name: bytes, ours: Mark | None, theirs: _Theirs | None) -> None:
        """Logs go whole (records 3.1); where they parted, both ways."""
        if ours is None:
            if theirs is not None:
                self._ask(Part.LOGS, theirs, 0, b"", theirs.seq + 1)
            return
        same = theirs is not None and theirs.check == self.said.nonces.check(ours.id)
        if same:
            return
        ours_holds_theirs = (
            theirs is not None and theirs.seq < ours.seq and self._holds(Part.LOGS, name, theirs)
        )
        if theirs is not None and not ours_holds_theirs:
            self._ask(Part.LOGS, theirs, 0, b"", max(theirs.seq - ours.seq, 1))
        if theirs is None or theirs.seq <= ours.seq:
            self.found.logs.append(name)
            self.found.they_lack += ours.seq - theirs.seq if ours_holds_theirs and theirs else 1

    def _fork(self, name: bytes, ours: Mark | None, theirs: _Theirs | None) -> None:
        """The lower fork goes to whoever knows a higher one or none."""
        if ours is None:
            if theirs is not None:
                self._ask(Part.FORKS, theirs, 0, b"", 1)
        elif theirs is None or theirs.seq > ours.seq:
            self.found.forks.append(name)
            self.found.they_lack += 1
        elif theirs.seq < ours.seq:
            self._ask(Part.FORKS, theirs, 0, b"", 1)

    def _pin(self, name: bytes, ours: Mark | None, theirs: _Theirs | None) -> None:
        if ours is None and theirs is not None:
            self._ask(Part.PINS, theirs, 0, b"", 1)
        elif ours is not None and theirs is None:
            self.found.pins.append(name)
            self.found.they_lack += 1
