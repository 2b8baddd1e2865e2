"""Beads that say the same: to the letter, or in much the same words.

Pure. Of several that say the same that one stays which others name most, then the first by id.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from ledger.beads.errors import BadFieldError
from ledger.beads.rows import TERMINAL, Bead

WORD_CHARS_MIN: Final = 2
COMPARED_MAX: Final = 5_000_000
NAMED_WEIGHT: Final = 3  # what depends on a bead counts more than what it depends on
_WORD: Final = re.compile(r"\w+")
_COMMON: Final = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "in", "is"),
        *("it", "its", "of", "on", "or", "that", "the", "this", "to", "was", "with"),
    )
)
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Weighed:
    """A bead among those that say the same: how many need it, and how many it needs."""

    bead: Bead
    needed: int
    needs: int

    @property
    def weight(self) -> int:
        """How much would have to be moved to another one."""
        return NAMED_WEIGHT * self.needed + self.needs


def same(beads: Iterable[Bead], ends: Callable[[str], tuple[int, int]]) -> list[list[Weighed]]:
    """Beads of one standing with the same words, those that stay first; closed ones apart.

    `ends` says how many need a bead, and how many it needs.
    """
    found: dict[tuple[object, ...], list[Bead]] = {}
    for bead in beads:
        said = (bead.title, bead.description, bead.design, bead.acceptance_criteria)
        found.setdefault((*said, bead.status in TERMINAL), []).append(bead)
    groups = [[Weighed(bead, *ends(bead.id)) for bead in group] for group in found.values()]
    sorted_ones = [sorted(g, key=lambda one: (-one.weight, one.bead.id)) for g in groups]
    return sorted((g for g in sorted_ones if len(g) > 1), key=lambda g: g[0].bead.id)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two beads, and how much alike they are, from 0 to 1."""

    one: Bead
    other: Bead
    similarity: float


def similar(beads: Sequence[Bead], *, least: float) -> list[Pair]:
    """Pairs that share at least such a part of all their words, the most alike first.

    Two that do share one of their rarest words, so only those are compared. Raises BadFieldError.
    """
    words = [_words(bead) for bead in beads]
    often = Counter(word for own in words for word in own)
    by_word: dict[str, list[int]] = {}
    found: list[Pair] = []
    compared = 0
    for at, own in enumerate(words):
        rare = sorted(own, key=lambda word: (often[word], word))
        rare = rare[: len(own) - ceil(least * len(own) - _ROUNDING) + 1]
        others = {other for word in rare for other in by_word.get(word, ())}
        compared += len(others)
        if compared > COMPARED_MAX:
            raise BadFieldError("threshold", "too many beads have the same words; raise it")
        for other in others:
            both = len(own & words[other])
            likeness = both / (len(own) + len(words[other]) - both)
            if likeness >= least:
                found.append(Pair(beads[other], beads[at], round(likeness, 4)))
        for word in rare:
            by_word.setdefault(word, []).append(at)
    return sorted(found, key=lambda pair: (-pair.similarity, pair.one.id, pair.other.id))


def _words(bead: Bead) -> frozenset[str]:
    said = _WORD.findall(f"{bead.title} {bead.description}".casefold())
    return frozenset(word for word in said if len(word) >= WORD_CHARS_MIN) - _COMMON
