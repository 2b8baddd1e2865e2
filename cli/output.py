"""Prints an answer or an error: words for people, one envelope for programs, one exit code.

Standard output carries the answer, standard error the talk. It decides nothing: what the words
are was said by the market; here they are only made harmless, arranged and coloured.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.context import Call
from cli.escape import escape, width
from cli.tables import table_lines
from stamps.errors import WastelandError
from town.market.answer import error_facts

if TYPE_CHECKING:
    from town.market.answer import Answer, Next

SCHEMA_ERROR = "wl.v1.error"
# Colours of the first word of a state line (users 7).
TO_TYPE = ("next", "try")  # what lines begin with that say what to type
OWN_LINE = re.compile(r"(?<![\w/.-])(?<!gt )wl (?=[a-z])")
COLOURS = {
    "yours": "32", "accepted": "32", "posted": "32", "open": "36", "asked": "33",
    "taken": "31", "stop": "1;31", "lapsed": "31", "ended": "31", "refused": "31",
    "overdue": "33", "error": "1;31", "next": "2", "why": "2", "try": "2", "warn": "33",
}  # fmt: skip
# The exit code of an error that names none itself, by the start of its code.
EXITS: Sequence[tuple[str, int]] = (
    ("usage", 2),
    ("store.damaged", 8),
    ("store.", 6),
    ("node.", 6),
    ("peer.", 7),
    ("link.", 7),
    ("id.", 3),
    ("not_found", 3),
    ("claim.", 5),
    ("item.closed", 5),
    ("key.", 4),
    ("not.", 4),
    ("self.", 4),
    ("clock.", 4),
    ("quota.", 4),
    ("integrity.", 8),
    ("record.", 2),
    ("signature", 8),
)
FIRST_COLUMN = 8
BETWEEN = "   ·   "


def exit_of(error: WastelandError) -> int:
    """The exit code of an error: its own, else by its code, else 1."""
    own = getattr(error, "exit", None)
    if isinstance(own, int):
        return own
    return next((code for start, code in EXITS if error.code.startswith(start)), 1)


def command_line(argv: Iterable[str]) -> str:
    """The words as a person would type them."""
    return " ".join(_typed(word) for word in argv)


def _typed(word: str) -> str:
    if word.startswith("<"):
        return word
    home, rest = ("~/", word[2:]) if word.startswith("~/") else ("", word)
    return home + shlex.quote(rest)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _instant(now: int) -> str:
    return datetime.fromtimestamp(now / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def envelope(
    schema: str,
    *,
    data: Any = None,
    following: Sequence[Any] = (),
    error: Mapping[str, Any] | None = None,
    warn: Sequence[str] = (),
    stop: Sequence[Any] = (),
    as_of: Mapping[str, Any] | None = None,
) -> str:
    """The one line that `--json` prints, with all keys, whatever happened."""
    whole = {
        "schema": schema,
        "data": _plain(data),
        "next": _plain(following),
        "error": _plain(error),
        "warn": list(warn),
        "stop": _plain(stop),
        "as_of": _plain(as_of or _as_of_now()),
    }
    return json.dumps(whole, ensure_ascii=True, separators=(",", ":")) + "\n"


def _as_of_now() -> dict[str, Any]:
    """What an answer without a ledger knows: when it was given."""
    from town.node.clock import now  # noqa: PLC0415  # words for people need no clock

    return {"at": _instant(now()), "heard_s": None, "unsent": None}


def answer_json(answer: "Answer", *, now: int) -> str:
    """The answer's envelope."""
    as_of = {"at": _instant(now), "heard_s": answer.heard_s, "unsent": answer.unsent}
    return envelope(
        answer.schema,
        data=answer.data,
        following=[step.facts() for step in answer.next],
        error=getattr(answer, "error", None),
        warn=answer.warn,
        stop=[stop.facts() for stop in answer.stop],
        as_of=as_of,
    )


def show(call: Call, answer: "Answer", *, now: int) -> int:
    """The answer is printed; its exit code."""
    if call.wants.json:
        call.terminal.out(answer_json(answer, now=now))
        return int(answer.exit)
    for stop in answer.stop:
        for line in stop.told or (stop.words,):
            call.terminal.err(_painted(call, line))
    lines = list(answer.words) or table_lines(answer.schema, answer.data, width=call.width)
    for line in lines:
        call.terminal.out(_painted(call, line))
    if not call.wants.quiet:
        _show_talk(call, answer, lines)
    return int(answer.exit)


def _show_talk(call: Call, answer: "Answer", lines: Sequence[str]) -> None:
    said = any(line.startswith("next ") for line in lines)
    if answer.next and not said:
        for line in _next_lines(call, [next_words(step) for step in answer.next]):
            call.terminal.out(_painted(call, line))
    for line in answer.warn:
        call.terminal.err(_painted(call, f"{'warn':<{FIRST_COLUMN}}{line}"))


def _next_lines(call: Call, steps: Sequence[str]) -> list[str]:
    """The steps on one line, or on a terminal on as many as they need to stay whole."""
    lines = [f"{'next':<{FIRST_COLUMN}}{steps[0]}"]
    for step in steps[1:]:
        longer = f"{lines[-1]}{BETWEEN}{step}"
        if call.tty[1] and width(longer) > call.width:
            lines.append(f"{'':<{FIRST_COLUMN}}{step}")
        else:
            lines[-1] = longer
    return lines


def next_words(step: "Next") -> str:
    """A next step as a person reads it: what it is for, and what to type."""
    typed = command_line(step.cmd)
    return f"{step.label}: {typed}" if step.label else typed


def _painted(call: Call, line: str) -> str:
    safe = escape(line)
    first, space, rest = safe.partition(" ")
    if call.behind and first in TO_TYPE:
        rest = OWN_LINE.sub(f"{call.behind} {call.program} ", rest)
        safe = f"{first}{space}{rest}"
    colour = COLOURS.get(first) if call.colour else None
    return f"\x1b[{colour}m{first}\x1b[0m{space}{rest}\n" if colour else safe + "\n"


def show_error(call: Call, error: WastelandError) -> int:
    """The error is printed, on standard output as JSON or on standard error in words.

    After an answer in JSON it is in words too: whoever reads that reads one document.
    """
    if call.wants.json and (call.streams or not call.answered):
        call.terminal.out(envelope(SCHEMA_ERROR, error=error_facts(error)))
        return exit_of(error)
    for line in error_lines(error):
        call.terminal.err(_painted(call, line))
    return exit_of(error)


def error_lines(error: WastelandError) -> list[str]:
    """The error in words: what, why, what to try, and its code.

    Where the market has words for it they come first: the first word is the state (users 7).
    """
    own = tuple(getattr(error, "words", ()))
    steps = "   ·   ".join(command_line(step) for step in getattr(error, "try_", ()))
    code = f"{'error':<{FIRST_COLUMN}}{error.code}"
    if own:
        said = any(step in line for line in own for step in (steps,) if step)
        return [*own, *([] if said or not steps else [f"{'try':<{FIRST_COLUMN}}{steps}"]), code]
    lines = [code]
    lines += [f"{'why':<{FIRST_COLUMN}}{_continued(str(error))}"] if str(error) else []
    hint = str(getattr(error, "why", "")) or error.hint
    lines += [f"{'try':<{FIRST_COLUMN}}{text}" for text in (steps or hint,) if text]
    return lines


def _continued(text: str) -> str:
    return text.replace("\n", "\n" + " " * FIRST_COLUMN)
