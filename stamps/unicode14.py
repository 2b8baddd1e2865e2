"""Which characters a record may hold (records 1.6).

A pinned table decides, never the interpreter's. It refuses to judge normal form, and to say
where newline and tab are welcome: `canonical` knows both.
"""

from bisect import bisect_right

from stamps.unicode14_ranges import ASSIGNED

_REFUSED = (
    (0x00, 0x1F),  # C0 controls
    (0x7F, 0x9F),  # DEL and C1 controls
    (0x202A, 0x202E),  # bidirectional embeddings and overrides
    (0x2066, 0x2069),  # bidirectional isolates
)


def _edges() -> tuple[int, ...]:
    """Return the code points where membership flips, in order, starting outside."""
    edges: list[int] = []
    for word in ASSIGNED.split():
        start, _, end = word.partition("-")
        edges += (int(start, 16), int(end or start, 16) + 1)
    for first, last in _REFUSED:
        edges += (first, last + 1)  # each lies inside one assigned range: two more flips
    return tuple(sorted(edges))


_EDGES = _edges()


def is_allowed(text: str) -> bool:
    """Say whether every character is assigned in Unicode 14.0 and no control or bidi override."""
    if text.isascii():
        return text.isprintable()
    return all(bisect_right(_EDGES, ord(character)) & 1 for character in set(text))
