"""What a transcript says to a question: the passages in which the question's words stand.

Pure. It quotes and does not make up: each passage is as it was printed, with the lines it stood on.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

PASSAGE_LINES: Final = 6
OVERLAP_LINES: Final = 2
PASSAGES_MAX: Final = 3
LINE_CHARS_MAX: Final = 400
WORD_CHARS_MIN: Final = 2
_CONTROL: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, moves
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    r"|\x1b[@-Z\\-_]|\x1b[()][A-Za-z0-9]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
_WORD: Final = re.compile(r"[\w][\w./-]*[\w]|\w")
_COMMON: Final = frozenset(
    (
        *("a", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "did"),
        *("do", "does", "for", "from", "had", "has", "have", "how", "i", "if", "in", "is", "it"),
        *("its", "me", "my", "no", "not", "of", "on", "or", "our", "so", "tell", "than", "that"),
        *("the", "their", "them", "then", "there", "they", "this", "to", "us", "was", "we", "were"),
        *("what", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your"),
    )
)


@dataclass(frozen=True, slots=True)
class Passage:
    """Some lines of a transcript, counted from 1."""

    first: int
    last: int
    lines: tuple[str, ...]


def plain(text: str) -> list[str]:
    """The lines of what a terminal was sent, as a person saw them in the end."""
    lines = []
    for raw in text.replace("\r\n", "\n").split("\n"):
        line = _CONTROL.sub("", raw)
        kept = line.rstrip("\r").rpartition("\r")[2].rstrip()  # what was written over is not kept
        lines.append(kept[:LINE_CHARS_MAX])
    while lines and not lines[-1]:
        lines.pop()
    return lines


def words_of(text: str) -> list[str]:
    """The words that tell something, in small letters, each without what it ends on."""
    found = (word.lower().strip("./-") for word in _WORD.findall(text))
    return [_stem(word) for word in found if len(word) >= WORD_CHARS_MIN and word not in _COMMON]


def _stem(word: str) -> str:
    for end in ("ing", "ed", "es", "s"):
        if word.isalpha() and word.endswith(end) and len(word) - len(end) >= 4:  # noqa: PLR2004
            return word[: -len(end)]
    return word


def answering(question: str, lines: Sequence[str]) -> list[Passage]:
    """The passages that answer best, in the order in which they stand; none where no word does."""
    asked = set(words_of(question))
    step = PASSAGE_LINES - OVERLAP_LINES
    found = []
    spread: Counter[str] = Counter()
    for start in range(0, len(lines), step):
        there = Counter(words_of("\n".join(lines[start : start + PASSAGE_LINES])))
        spread.update(asked & set(there))
        found.append((start, there))
    scored = []
    for start, there in found:
        score = sum(
            (1 + log(there[word])) * log(1 + len(found) / spread[word])
            for word in asked
            if there[word]
        )
        if score:
            scored.append((score, start))
    best = sorted(scored, key=lambda one: (-one[0], -one[1]))
    return _apart(best, lines)


def _apart(best: Sequence[tuple[float, int]], lines: Sequence[str]) -> list[Passage]:
    """The best ones of which none has a line of another."""
    taken: list[int] = []
    for _, start in best:
        if len(taken) < PASSAGES_MAX and all(abs(start - one) >= PASSAGE_LINES for one in taken):
            taken.append(start)
    return [_passage(start, lines) for start in sorted(taken)]


def _passage(start: int, lines: Sequence[str]) -> Passage:
    kept = tuple(lines[start : start + PASSAGE_LINES])
    return Passage(start + 1, start + len(kept), kept)


def last_of(lines: Sequence[str]) -> list[Passage]:
    """The end of a transcript, for a question of which no word stands in it."""
    start = max(0, len(lines) - PASSAGE_LINES)
    return [_passage(start, lines)] if lines else []
