"""`wl blob`: the bytes that a hand-in names by their hash. They travel apart from the records."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.answers import ItemArgument, answer
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_group, new_module

if TYPE_CHECKING:
    from town.market.blobs import Source

app = new_module()
blob = new_group("blob", "Files that hand-ins name by their hash: get, put, list, drop.")
app.add_typer(blob)

Hash = Annotated[str, typer.Argument(metavar="[HASH]", help="Its hash, or the start of it.")]


def source_of(call: Call, name: str) -> "Source":
    """A file named on the command line, or standard input where it is `-`."""
    from town.market.blobs import Source  # noqa: PLC0415  # only where there is one

    if name == "-":
        payload = call.terminal.read_all()
        return Source("stdin", lambda: BytesIO(payload))
    path = call.path(name)
    return Source(path.name, lambda: path.open("rb"))


@blob.command(cls=Command)
@example(
    "wl blob get w-3fa9",
    "wl blob get w-3fa9 1f2e33 --to logs/",
    "wl blob get w-3fa9 --to - | less",
)
def get(
    ctx: typer.Context,
    item: ItemArgument,
    sha256: Hash = "",
    *,
    to: Annotated[str, typer.Option("--to", help="A file or a folder; `-` prints it.")] = "",
) -> int:
    """Save a blob of an item, fetched from a peer that has it and compared with its hash."""
    call = call_of(ctx)
    if to == "-":
        return _print(call, item, sha256)
    target: Path = call.path(to) if to else call.cwd
    return answer(ctx, lambda town: town.market.blob_get(item, sha256, to=target))


def _print(call: Call, item: str, sha256: str) -> int:
    if call.wants.json:
        raise UsageError("--json and the blob cannot both have standard output; name a file")
    if call.tty[1]:
        raise UsageError("a stranger's bytes go to no terminal; name a file, or pipe them on")
    with call.town(call) as town:
        town.market.blob_to(call.terminal.out_bytes, item, sha256)
    return 0


@blob.command(cls=Command)
@example("wl blob put w-3fa9 trace.log")
def put(
    ctx: typer.Context,
    item: ItemArgument,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file; `-` reads it.")],
) -> int:
    """Keep a file that came by hand, if it is a blob that the item names."""
    source = source_of(call_of(ctx), file)
    return answer(ctx, lambda town: town.market.blob_put(item, source))


@blob.command("list", cls=Command)
@example("wl blob list", "wl blob list w-3fa9 --json")
def list_(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="[ITEM]", help="Without one: all here.")] = "",
) -> int:
    """List the blobs that are here, or that an item names."""
    return answer(ctx, lambda town: town.market.blob_list(item))


@blob.command(cls=Command)
@example("wl blob drop 1f2e33")
def drop(
    ctx: typer.Context,
    sha256: Annotated[str, typer.Argument(metavar="HASH", help="Its hash, or the start of it.")],
) -> int:
    """Remove a blob from this machine; the records that name it stay."""
    return answer(ctx, lambda town: town.market.blob_drop(sha256))
