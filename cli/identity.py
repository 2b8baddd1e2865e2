"""`wl account device key`: who this town is, and with which keys."""

from typing import Annotated

import typer

from cli.answers import answer, bytes_of
from cli.context import UsageError
from cli.tree import Command, Telling, call_of, example, new_group, new_module

app = new_module()
device = new_group("device", "The keys of this account: add, list, revoke, join.")
key = new_group("key", "The recovery key of this account: backup, restore, rotate.")
app.add_typer(device)
app.add_typer(key)


@app.command(cls=Command)
@example("wl account", "wl account --json")
def account(ctx: typer.Context) -> int:
    """Show this town's account, its devices and whether its recovery key was saved."""
    return answer(ctx, lambda town: town.market.account())


@device.command(cls=Telling)
@example("wl device add wld1:…", "wl device add wld1:… --may claim.bid,work.submit,note.add")
def add(
    ctx: typer.Context,
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="The line that `wl device join` printed.")
    ],
    *,
    may: Annotated[str, typer.Option("--may", help="Kinds it may sign; * for all.")] = "*",
) -> int:
    """Let another machine sign for this account."""
    kinds = tuple(word.strip() for word in may.split(",") if word.strip())
    return answer(ctx, lambda town: town.market.device_add(request, may=kinds))


@device.command("list", cls=Command)
@example("wl device list", "wl device list --json")
def list_(ctx: typer.Context) -> int:
    """List the devices of this account."""
    return answer(ctx, lambda town: town.market.device_list())


@device.command(cls=Telling)
@example("wl device revoke z6MkpTHR --yes")
def revoke(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="DEVICE", help="Its key, or the start of it.")],
    *,
    successor: Annotated[
        str, typer.Option("--successor", help="The device that decides in its place.")
    ] = "",
) -> int:
    """End a device: what it signed up to its newest known record stays good."""
    if not call_of(ctx).confirm(f"Revoke {name}? This cannot be undone."):
        raise UsageError("not revoked")
    return answer(ctx, lambda town: town.market.device_revoke(name, successor=successor))


@device.command(cls=Telling)
@example("wl device join --account 1f3a…", "wl device join --reply wlr1:…")
def join(
    ctx: typer.Context,
    *,
    account: Annotated[str, typer.Option("--account", help="The account to join.")] = "",
    reply: Annotated[
        str, typer.Option("--reply", help="The line that `wl device add` printed.")
    ] = "",
) -> int:
    """Make a key for this machine and print the line that the other one needs."""
    return answer(ctx, lambda town: town.market.device_join(account=account, reply=reply))


@key.command(cls=Command)
@example("wl key backup recovery.txt", "wl key backup - > recovery.txt")
def backup(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; `-` prints it.")],
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the recovery key in this home as well.")
    ] = False,
) -> int:
    """Save the recovery key off this disk; then it is removed from the town's home."""
    path = None if file == "-" else call_of(ctx).path(file)
    return answer(ctx, lambda town: town.market.key_backup(path, keep=keep))


@key.command(cls=Command)
@example("wl key restore recovery.txt", "wl key restore - < recovery.txt")
def restore(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The saved key; `-` reads it.")],
) -> int:
    """Bring the recovery key back, for a revoke or a new device. A device key is never restored."""
    text = bytes_of(call_of(ctx), file).decode("utf-8", "replace")
    return answer(ctx, lambda town: town.market.key_restore(text))


@key.command(cls=Telling)
@example("wl key rotate --yes")
def rotate(ctx: typer.Context) -> int:
    """Replace the recovery key by a new one; the old one opens nothing from then on."""
    if not call_of(ctx).confirm("Replace the recovery key? Saved copies become worthless."):
        raise UsageError("not rotated")
    return answer(ctx, lambda town: town.market.key_rotate())
