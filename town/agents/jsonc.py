"""JSON that may have comments in it, changed in place: all else stays to the letter.

Pure. It reads what runtimes read: comments of both kinds, and a comma behind the last element.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

DEPTH_MAX: Final = 64
_SKIP: Final = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TEXT: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN: Final = re.compile(r"[-+.0-9A-Za-z]+")


class NotJsonError(ValueError):
    """The text is no JSON, with or without comments."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value, and where it stands in the text."""

    start: int
    end: int
    value: Any
    items: Sequence["Node"] = ()  # of a list, or the values of an object
    keys: Sequence[tuple[str, int]] = ()  # of an object: the key and where it begins
    comma: bool = False  # one stands behind the last element

    def at(self, key: str) -> "Node | None":
        """The value under a key of an object."""
        found = [node for (name, _), node in zip(self.keys, self.items, strict=True) if name == key]
        return found[-1] if found else None


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = field(default=0)

    def skip(self) -> str:
        """The next letter that counts; empty at the end."""
        found = _SKIP.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def node(self, depth: int = 0) -> Node:
        """The value that stands here."""
        letter, start = self.skip(), self.at
        if depth > DEPTH_MAX:
            raise NotJsonError("it is nested too deep")
        if letter in ("{", "["):
            return self._container(start, depth, close="}" if letter == "{" else "]")
        form = _TEXT if letter == '"' else _PLAIN
        found = form.match(self.text, self.at)
        if found is None:
            raise NotJsonError(f"no value begins at letter {start}")
        self.at = found.end()
        try:
            return Node(start, self.at, json.loads(found.group()))
        except ValueError as error:
            raise NotJsonError(str(error)) from error

    def _container(self, start: int, depth: int, *, close: str) -> Node:
        self.at += 1
        keys: list[tuple[str, int]] = []
        items: list[Node] = []
        comma = False
        while self.skip() != close:
            if items and not comma:
                raise NotJsonError(f"a comma is missing at letter {self.at}")
            if close == "}":
                keys.append(self._key())
            items.append(self.node(depth + 1))
            comma = self.skip() == ","
            self.at += comma
        self.at += 1
        values = [item.value for item in items]
        whole: Any = values
        if close == "}":
            whole = dict(zip((name for name, _ in keys), values, strict=True))
        return Node(start, self.at, whole, tuple(items), tuple(keys), comma)

    def _key(self) -> tuple[str, int]:
        start, key = self.at, self.node(DEPTH_MAX)
        if not isinstance(key.value, str) or self.skip() != ":":
            raise NotJsonError(f"no key stands at letter {start}")
        self.at += 1
        return key.value, start


def parsed(text: str) -> Node:
    """The one value of a text. Raises NotJsonError."""
    reader = _Reader(text)
    node = reader.node()
    if reader.skip():
        raise NotJsonError(f"something stands behind the end, at letter {reader.at}")
    return node


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip())]


def _shown(value: Any, indent: str) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")


def added(text: str, node: Node, value: Any, *, key: str = "") -> str:
    """The text with a value at the end of a list, or under a new key of an object."""
    outer = _indent(text, node.start)
    inner = _indent(text, node.items[0].start) if node.items else f"{outer}  "
    if node.items and "\n" not in text[node.start : node.end]:
        inner = f"{outer}  "
    name = f"{json.dumps(key)}: " if key else ""
    new = f"\n{inner}{name}{_shown(value, inner)}"
    close = node.end - 1
    if not node.items:
        inside = text[node.start + 1 : close].rstrip()
        return f"{text[: node.start + 1]}{inside}{new}\n{outer}{text[close:]}"
    last = node.items[-1].end
    before = text[last:close].rstrip()  # a comment may stand there, and a comma
    comma = "" if node.comma else ","
    return f"{text[:last]}{comma}{before}{new}\n{outer}{text[close:]}"


def without(text: str, node: Node, number: int) -> str:
    """The text without an element of a list or an object, and without the comma that it had."""
    starts = [start for _, start in node.keys] or [item.start for item in node.items]
    if number + 1 < len(node.items):
        return text[: starts[number]] + text[starts[number + 1] :]
    if number:
        before = node.items[number - 1].end
        skipped = _SKIP.match(text, before)
        comma = skipped.end() if skipped else before
        between = text[before:comma] + text[comma + 1 : starts[number]]  # comments stay
        return text[:before] + between.rstrip() + text[node.items[number].end :]
    rest = text[node.items[0].end : node.end - 1].lstrip(",")
    return text[: starts[0]].rstrip() + rest.rstrip() + text[node.end - 1 :]
