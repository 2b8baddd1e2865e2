"""Beads leave and enter: exports, imports, and the file that a project keeps them in for git.

A file is imported as one change or not at all, told of in one event. What is asked of a line
stands in `ledger.beads.jsonl`, which of two beads is kept in `ledger.beads.merging`.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Final, TypeVar

from ledger.beads import ids, jsonl, merging, rules
from ledger.beads.errors import BadFieldError
from ledger.beads.jsonl import Whole
from ledger.beads.memories import MEMORY
from ledger.beads.merging import Beadfile, Merged, OnConflict
from ledger.beads.reading import BadLineError
from ledger.beads.rows import (
    BLOCKS,
    LIVE,
    STATUSES,
    TOMBSTONE,
    TYPES,
    Bead,
    Comment,
    Link,
)
from ledger.private.rows import SHORT_CHARS_MAX, Event, Row, Setting, Some
from ledger.private.store import Change, Seen
from town.beads.finding import CUSTOM_STATUSES, CUSTOM_TYPES, custom_statuses
from town.beads.linking import Linking

ASKED_MAX: Final = 500
NEW_WORDS_MAX: Final = 20
TOLD_IDS_MAX: Final = 100
WORD: Final = re.compile(r"[a-z][a-z0-9_-]{0,49}")
# What the town's own machinery writes; lists for others leave it out.
INFRA_TYPES: Final = ("agent", "role", "rig", "message", "slot", "queue", "merge-request")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which beads an export has. Without a word: all work, closed as well, nothing fleeting."""

    statuses: tuple[str, ...] = ()
    infra: bool = False
    everything: bool = False  # fleeting ones, templates, deleted ones, memories too
    memories: bool = False
    deleted: bool = False
    prefix: str = ""
    others: tuple[str, ...] = ()  # prefixes that may begin as this one does, and are others' own
    always: frozenset[str] = frozenset()

    def takes(self, bead: Bead) -> bool:
        """Whether the export has the bead."""
        if bead.id in self.always:
            return True
        if self.statuses and bead.status not in self.statuses:
            return False
        if self.prefix and ids.prefix_of(bead.id, (self.prefix, *self.others)) != self.prefix:
            return False
        if self.everything:
            return True
        return (
            not (bead.ephemeral or bead.is_template)
            and (self.infra or bead.issue_type not in INFRA_TYPES)
            and (self.deleted or bead.status != TOMBSTONE or TOMBSTONE in self.statuses)
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """Lines in order of id: those of beads, then memories."""

    lines: Sequence[bytes]
    beads: tuple[str, ...]
    memories: int

    @property
    def payload(self) -> bytes:
        """The file."""
        return b"".join(self.lines)


@dataclass(slots=True, kw_only=True)
class Imported:
    """What became of the beads of a file, by id, and what there is to say of them."""

    source: str
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)  # left out: an open bead has the title
    memories: int = 0
    nowhere: list[tuple[str, str]] = field(default_factory=list)  # links to beads not here
    cycle: tuple[str, ...] = ()
    words: dict[str, list[str]] = field(default_factory=dict)  # statuses, types got to know

    @property
    def moved(self) -> int:
        """How many beads are new or others than they were."""
        return len(self.new) + len(self.changed)


class Exchange(Linking):
    """The beads of one database, as they leave and enter."""

    # --- out

    def export(self, wanted: Wanted) -> Exported:
        """The beads that are meant, a line each, in order of id."""
        return self.look(lambda: self.exported(wanted))

    def exported(self, wanted: Wanted) -> Exported:
        """The same, within a turn."""
        wholes = jsonl.wholes(
            self.store.find(Bead), self.store.find(Link), self.store.find(Comment)
        )
        waiting = merging.dependents(wholes, BLOCKS)
        meant = [whole for whole in wholes if wanted.takes(whole.bead)]
        lines = [jsonl.line(whole, dependents=waiting.get(whole.bead.id, 0)) for whole in meant]
        told = self._memories() if wanted.memories or wanted.everything else {}
        memories = [
            jsonl.spelled({"_type": "memory", "key": key, "value": told[key]})
            for key in sorted(told)
        ]
        beads = tuple(whole.bead.id for whole in meant)
        return Exported([*lines, *memories], beads, len(memories))

    def _memories(self) -> dict[str, str]:
        rows = self.store.find(Setting)
        return {r.name.removeprefix(MEMORY): r.value for r in rows if r.name.startswith(MEMORY)}

    # --- in

    def import_file(
        self,
        said: Beadfile,
        source: str,
        *,
        on: OnConflict = "newer",
        dedup: bool = False,
        dry_run: bool = False,
    ) -> Imported:
        """All of the file is there, or nothing of it. Raises BeadError."""

        def work() -> tuple[Imported, Change]:
            found, change = self.merge(said, source, on=on, dedup=dedup)
            return found, Change() if dry_run else change

        return self.act("bd import", work)

    def merge(
        self, said: Beadfile, source: str, *, on: OnConflict, dedup: bool = False
    ) -> tuple[Imported, Change]:
        """What would become of the file, and the step to it. Only within a turn."""
        mark = self.mark()  # before any link is looked at
        before = {row.name: row for row in self.store.find(Setting)}
        lines = self._named(said)
        mine = self._mine(lines)
        told = Imported(source=source)
        if dedup:
            told.doubles = self._doubles(lines, mine)
            lines = {bead: line for bead, line in lines.items() if bead not in set(told.doubles)}
        now = self.ports.now()
        steps: dict[str, Merged] = {}
        for bead, (_, theirs) in sorted(lines.items()):
            step = merging.merged(mine.get(bead), theirs, now=now, on=on)
            getattr(told, step.fate).append(bead)
            if step.fate in ("new", "changed"):
                steps[bead] = step
        words = self._check(lines, steps, told, before)
        memories = _new_memories(said.memories, before)
        told.memories = len(memories)
        self._look_at_links(steps, told)
        change = self._change(steps, mine, mark) + _settings(before, [*words, *memories])
        if change:
            change += Change(events=(self._told(told),))
        return told, change

    def _named(self, said: Beadfile) -> dict[str, tuple[int, Whole]]:
        """Every line under its id; one without an id always gets the same one."""
        lines = dict(said.beads)
        for number, line, whole in said.nameless:
            bead = self._name_of(line, whole, lines)
            lines.setdefault(bead, (number, merging.named(whole, bead)))
        return lines

    def _name_of(self, line: bytes, whole: Whole, lines: Mapping[str, tuple[int, Whole]]) -> str:
        secrets = (b"%d %s" % (number, line) for number in count())

        def taken(bead: str) -> bool:
            there = lines[bead][1].bead if bead in lines else self.store.get(Bead, bead)
            return there is not None and there.title != whole.bead.title

        prefix = ids.checked_prefix(self.prefix())
        return ids.new_id(prefix, lambda: hashlib.sha256(next(secrets)).digest(), taken)

    def _mine(self, beads: Iterable[str]) -> dict[str, Whole]:
        """Those of these beads that are here."""
        asked = sorted(beads)
        found = jsonl.wholes(
            self.rows(Bead, "id", asked),
            self.rows(Link, "issue_id", asked),
            self.rows(Comment, "issue_id", asked),
        )
        return {whole.bead.id: whole for whole in found}

    def rows(self, kind: type[Some], name: str, values: Sequence[str]) -> list[Some]:
        """The rows with one of these values, however many they are."""
        return [
            row
            for part in parts(values, ASKED_MAX)
            for row in self.store.find(kind, **{name: part})
        ]

    def _doubles(
        self, lines: Mapping[str, tuple[int, Whole]], mine: Mapping[str, Whole]
    ) -> list[str]:
        titles = {bead.title.casefold() for bead in self.store.find(Bead, status=LIVE)}
        return sorted(
            bead
            for bead, (_, whole) in lines.items()
            if bead not in mine and whole.bead.title.casefold() in titles
        )

    def _check(
        self,
        lines: Mapping[str, tuple[int, Whole]],
        steps: Mapping[str, Merged],
        told: Imported,
        before: Mapping[str, Setting],
    ) -> list[Setting]:
        """Every bead is within its limits; words that are new here become known. Raises."""
        known: dict[str, list[str]] = {}
        settings: list[Setting] = []
        beads = [step.whole.bead for step in steps.values()]
        for name, setting, built_in in (
            ("status", CUSTOM_STATUSES, (*STATUSES, TOMBSTONE)),
            ("issue_type", CUSTOM_TYPES, TYPES),
        ):
            said = before[setting].value if setting in before else ""
            there = list(custom_statuses(said))
            new = merging.new_words(beads, name, (*built_in, *there))
            if new:
                told.words[name] = new
                words = (said, *new) if said else new
                settings.append(Setting(name=setting, value=",".join(words)))
            known[name] = [*there, *new]
        for bead in beads:
            try:
                _check_words(bead, told.words)
                rules.checked(
                    bead,
                    statuses=known["status"],
                    types=known["issue_type"],
                    labels_max=rules.IMPORTED_LABELS_MAX,
                )
            except BadFieldError as error:
                raise BadLineError(lines[bead.id][0], f"{bead.id}: {error}") from error
        return settings

    def _look_at_links(self, steps: Mapping[str, Merged], told: Imported) -> None:
        """What is odd about the new links is told; it is no reason to lose them."""
        links = [link for step in steps.values() for link in step.whole.links]
        far = sorted({link.depends_on_id for link in links} - steps.keys())
        here = {bead.id for bead in self.rows(Bead, "id", far)}
        gone = {bead for bead in far if bead not in here and not bead.startswith("external:")}
        told.nowhere = [(x.issue_id, x.depends_on_id) for x in links if x.depends_on_id in gone]
        if links:
            others = [link for link in self.store.find(Link) if link.issue_id not in steps]
            told.cycle = merging.circle([*others, *links])

    def _change(self, steps: Mapping[str, Merged], mine: Mapping[str, Whole], mark: Seen) -> Change:
        puts: list[Row] = []
        for bead, step in steps.items():
            rows: list[Row] = [step.whole.bead, *step.whole.links, *step.whole.comments]
            old = mine.get(bead)
            known: list[Row] = [old.bead, *old.links, *old.comments] if old is not None else []
            there = {(type(row), row.key): row for row in known}
            puts += [row for row in rows if there.get((type(row), row.key)) != row]
        drops = tuple(drop for step in steps.values() for drop in step.dropped)
        seen = tuple(
            Seen(kind=Bead, key=(bead,), row=mine[bead].bead if bead in mine else None)
            for bead in steps
        )
        change = Change(puts=tuple(puts), drops=drops, seen=seen)
        if drops or any(isinstance(row, Link) for row in puts):
            change += self.links_written(mark)  # whoever looks for circles now looks again
        return change

    def _told(self, told: Imported) -> Event:
        """One event for all of it, however much it is."""
        return self.event(
            "bead.imported",
            told.source[-SHORT_CHARS_MAX:],
            new=len(told.new),
            changed=len(told.changed),
            ids=[*told.new, *told.changed][:TOLD_IDS_MAX],
        )


def _check_words(bead: Bead, words: Mapping[str, Sequence[str]]) -> None:
    """New words look like words, and are few. Raises BadFieldError."""
    for name, new in words.items():
        word = getattr(bead, name)
        if word not in new:
            continue
        if not WORD.fullmatch(word):
            raise BadFieldError(name, f"{word[:40]!r} is none")
        if word in new[NEW_WORDS_MAX:]:
            raise BadFieldError(name, f"{word!r} is one of more than {NEW_WORDS_MAX} new ones")


def _new_memories(memories: Mapping[str, str], before: Mapping[str, Setting]) -> list[Setting]:
    asked = [Setting(name=MEMORY + key, value=value) for key, value in memories.items()]
    return [row for row in asked if before.get(row.name) != row]


def _settings(before: Mapping[str, Setting], now: Sequence[Setting]) -> Change:
    """The step to these settings, which rests on those that were there when it was made up."""
    seen = (Seen(kind=Setting, key=row.key, row=before.get(row.name)) for row in now)
    return Change(puts=tuple(now), seen=tuple(seen))


def parts(values: Sequence[Item], size: int) -> Iterable[tuple[Item, ...]]:
    """The values in parts of at most this size."""
    left = iter(values)
    while part := tuple(islice(left, size)):
        yield part
