"""`bd remember memories recall forget kv`: what is known in the next session, too."""

from collections.abc import Mapping
from typing import Annotated, Final

import typer

from cli.bd.opened import at_desk
from cli.bd.printing import print_lines, print_object
from cli.context import Call
from cli.tree import Command, call_of, example, new_group, new_module
from town.beads.remembering import Keeping, Remembering

app = new_module()
kv = new_group("kv", "Values under keys, for scripts.")
app.add_typer(kv)

SHOWN_CHARS: Final = 80
Key = Annotated[str, typer.Argument(metavar="KEY", help="Its key.")]


@app.command(cls=Command)
@example('bd remember "always run the tests with -race"', 'bd remember "JWT only" --key auth')
def remember(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to know next time.")],
    *,
    key: Annotated[str, typer.Option("--key", help="Its key; else made of its words.")] = "",
) -> int:
    """Remember something from one session to the next: bd prime says it again."""
    call = call_of(ctx)
    with at_desk(ctx, Remembering) as desk:
        chosen, again = desk.keep(text, key=key)
    if call.wants.json:
        action = "updated" if again else "remembered"
        return print_object(call, {"action": action, "key": chosen, "value": text})
    return print_lines(call, (f"{'changed' if again else 'kept   '} {chosen}: {_short(text)}",))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARS else f"{line[: SHOWN_CHARS - 1]}…"


@app.command(cls=Command)
@example("bd memories", "bd memories race")
def memories(
    ctx: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", help="In them.")] = None,
) -> int:
    """List what is remembered, or what has these words in it."""
    call = call_of(ctx)
    with at_desk(ctx, Remembering) as desk:
        found = desk.found(" ".join(words or ()))
    if call.wants.json:
        return print_object(call, found)
    lines = [
        line
        for key, text in found.items()
        for line in (key, *(f"    {part}" for part in text.splitlines()))
    ]
    return print_lines(call, lines or ["nothing is remembered"])


@app.command(cls=Command)
@example("bd recall auth")
def recall(ctx: typer.Context, key: Key) -> int:
    """Print what is remembered under a key."""
    with at_desk(ctx, Remembering) as desk:
        text = desk.recall(key)
    return _value(call_of(ctx), key, text)


def _value(call: Call, key: str, text: str) -> int:
    if call.wants.json:
        return print_object(call, {"key": key, "value": text, "found": True})
    return print_lines(call, text.splitlines())


@app.command(cls=Command)
@example("bd forget auth")
def forget(ctx: typer.Context, key: Key) -> int:
    """Forget what is remembered under a key."""
    with at_desk(ctx, Remembering) as desk:
        text = desk.forget(key)
    return _gone(call_of(ctx), key, text)


def _gone(call: Call, key: str, text: str) -> int:
    if call.wants.json:
        return print_object(call, {"key": key, "deleted": "true"})
    return print_lines(call, (f"forgot  {key}: {_short(text)}",))


# --- values


@kv.command("set", cls=Command)
@example("bd kv set release 1.4.0")
def set_(
    ctx: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")],
) -> int:
    """Keep a value under a key."""
    call = call_of(ctx)
    with at_desk(ctx, Keeping) as desk:
        chosen, _ = desk.keep(value, key=key)
    if call.wants.json:
        return print_object(call, {"key": chosen, "value": value})
    return print_lines(call, (f"{chosen} = {value}",))


@kv.command(cls=Command)
@example("bd kv get release")
def get(ctx: typer.Context, key: Key) -> int:
    """Print the value under a key."""
    with at_desk(ctx, Keeping) as desk:
        value = desk.recall(key)
    return _value(call_of(ctx), key, value)


@kv.command("list", cls=Command)
@example("bd kv list")
def list_(ctx: typer.Context) -> int:
    """List every value."""
    with at_desk(ctx, Keeping) as desk:
        found: Mapping[str, str] = desk.found()
    call = call_of(ctx)
    if call.wants.json:
        return print_object(call, found)
    return print_lines(call, [f"{key} = {value}" for key, value in found.items()])


@kv.command(cls=Command)
@example("bd kv clear release")
def clear(ctx: typer.Context, key: Key) -> int:
    """Keep nothing under a key any more."""
    with at_desk(ctx, Keeping) as desk:
        value = desk.forget(key)
    return _gone(call_of(ctx), key, value)
