"""What most commands do: read an argument or two, ask the market one thing, print its answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import Call, UsageError, whole_number
from cli.output import show
from cli.tree import call_of
from town.market.errors import FileProblemError

if TYPE_CHECKING:
    from town.market.answer import Answer
    from town.node.compose import OpenTown

Use = Callable[["OpenTown"], "Answer"]
ID_HELP = "The item: w-… or the start of it, at least 4 letters."

ItemArgument = Annotated[str, typer.Argument(metavar="ITEM", help=ID_HELP)]


def answer(ctx: typer.Context, use: Use) -> int:
    """The exit code of one use case on this call's town; its answer is printed.

    With `--dry-run` the use case goes the same way and stops before it says anything.
    """
    call = call_of(ctx)
    with call.town(call) as town:
        found = town.rehearsed(use) if call.wants.dry_run else use(town)
        now = town.now()
    return show(call, found, now=now)


def text_of(call: Call, said: str) -> str:
    """The text itself, or standard input where it is `-`. Raises UsageError if it is no UTF-8."""
    if said != "-":
        return said
    try:
        return call.terminal.read_all().decode("utf-8").rstrip("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is not UTF-8 text: {error}") from error


def bytes_of(call: Call, name: str) -> bytes:
    """What the file holds, or standard input where it is `-`. Raises FileProblemError."""
    try:
        return call.terminal.read_all() if name == "-" else call.path(name).read_bytes()
    except OSError as error:
        said = "standard input" if name == "-" else name
        raise FileProblemError(said, error.strerror or str(error)) from error


def many_of(said: list[str] | None) -> tuple[str, ...]:
    """The words of a repeated option, each of which may hold several behind commas."""
    return tuple(word.strip() for text in said or () for word in text.split(",") if word.strip())


def seconds_of(said: str) -> int:
    """The length of time in seconds: `90`, `90s`, `10m`, `24h`, `7d`. Raises UsageError."""
    units = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
    number, unit = (said[:-1], said[-1:]) if said[-1:] in units else (said, "s")
    count = whole_number(number)
    if count is None:
        raise UsageError(f"{said!r} is no length of time; 90s, 10m, 24h and 7d are")
    return count * units[unit]
