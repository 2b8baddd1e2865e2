"""`bd init`: beads for a project that is in no town."""

from pathlib import Path
from typing import Annotated

import typer

from cli.bd.printing import print_json, print_lines
from cli.context import UsageError
from cli.local import open_private_here
from cli.tree import Command, call_of, example, new_module
from ledger.beads.errors import BadFieldError
from ledger.beads.ids import checked_prefix, derived_prefix

app = new_module()

IGNORED = "beads.db*\nrun/\n"


@app.command(cls=Command)
@example("bd init", "bd init --prefix api")
def init(
    ctx: typer.Context,
    prefix: Annotated[str, typer.Option("-p", "--prefix", help="What ids begin with.")] = "",
) -> int:
    """Make a place for beads in this folder."""
    call = call_of(ctx)
    folder = call.path(".beads")
    try:
        chosen = checked_prefix(prefix or derived_prefix(call.cwd.name) or "bd")
    except BadFieldError:
        if prefix:
            raise
        chosen = "bd"
    if (folder / "beads.db").exists():
        raise UsageError(f"{folder} has beads already")
    folder.mkdir(parents=True, exist_ok=True)
    Path(folder / ".gitignore").write_text(IGNORED, "utf-8")
    call.home = str(folder)
    with open_private_here(call) as private:
        private.tell({"issue_prefix": chosen})
    if call.wants.json:
        return print_json(call, {"prefix": chosen, "path": str(folder)})
    return print_lines(
        call, (f"beads   in {folder}, ids begin with {chosen}-", 'next    bd create "First bead"')
    )
