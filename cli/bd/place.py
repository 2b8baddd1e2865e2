"""`bd init`: beads for a project that is in no town."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from cli.bd.exchange import bring_in, found_file
from cli.bd.opened import caller_of
from cli.bd.printing import print_json, print_lines
from cli.caller import reads_only
from cli.context import Call, UsageError
from cli.local import make_private_here
from cli.tree import Command, call_of, example, new_module
from ledger.beads.errors import BadFieldError, BeadError, ReadOnlyError
from ledger.beads.ids import checked_prefix, derived_prefix
from ledger.beads.merging import Beadfile
from town.beads.finding import PREFIX

app = new_module()

IGNORED = ("*beads.db*", "run/")
OTHERS = ("embeddeddolt", "dolt")  # where the predecessor has its database
ELSEWHERE = (
    "note    another bd keeps beads here: bd export -o .beads/issues.jsonl of that one writes them,"
    " then bd sync of this one takes them in"
)


@app.command(cls=Command)
@example("bd init", "bd init --prefix api")
def init(
    ctx: typer.Context,
    prefix: Annotated[str, typer.Option("-p", "--prefix", help="What ids begin with.")] = "",
    from_jsonl: Annotated[
        bool,
        typer.Option("--from-jsonl", help="The file .beads/issues.jsonl must be there."),
    ] = False,
    *,
    stealth: Annotated[
        bool, typer.Option("--stealth", help="Only here: git leaves all of it alone.")
    ] = False,
    skip_hooks: Annotated[bool, typer.Option("--skip-hooks", help="As ever.")] = False,
    skip_agents: Annotated[bool, typer.Option("--skip-agents", help="As ever.")] = False,
    non_interactive: Annotated[bool, typer.Option("--non-interactive", help="As ever.")] = False,
) -> int:
    """Make a place for beads in this folder, with those that its issues.jsonl has."""
    del skip_hooks, skip_agents, non_interactive  # nothing else is written, and nobody is asked
    call = call_of(ctx)
    if reads_only(call):
        raise ReadOnlyError("bd init")
    folder = call.path(".beads")
    call.home = str(folder)
    if _is_made(call, folder / "beads.db"):
        raise UsageError(f"{folder} has beads already")
    hidden = _hidden(folder) if stealth else None
    said = found_file(call, must_be=from_jsonl)
    chosen = _prefix(prefix, said.prefix if said is not None else "", call.cwd.name)
    folder.mkdir(parents=True, exist_ok=True)
    lines = _make(call, chosen, said)
    _ignore(folder / ".gitignore", IGNORED)
    if hidden is not None:
        _ignore(*hidden)
    if call.wants.json:
        return print_json(call, {"prefix": chosen, "path": str(folder)})
    following = () if lines else ('next    bd create "First bead"',)
    if said is None and any((folder / name).is_dir() for name in OTHERS):
        following = (ELSEWHERE,)
    told = f"beads   in {folder}, ids begin with {chosen}-"
    return print_lines(call, (told, *lines, *following))


def _hidden(folder: Path) -> tuple[Path, Sequence[str]]:
    """What only this machine's git leaves alone: its file, and the lines for the folder.

    Raises UsageError.
    """
    root = next((at for at in folder.parents if (at / ".git").exists()), None)
    if root is None:
        raise UsageError(f"--stealth hides beads from git, and {folder.parent} is in no repository")
    at = root / ".git"
    try:
        if at.is_file():  # a worktree: its own folder says where the common one is
            at = root / at.read_text("utf-8").removeprefix("gitdir:").strip()
        common = at / "commondir"
        if common.is_file():
            at /= common.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{root / '.git'} cannot be read: {error}") from error
    return at.resolve() / "info" / "exclude", (f"/{folder.relative_to(root).as_posix()}/",)


def _ignore(file: Path, lines: Sequence[str]) -> None:
    """Git leaves this alone; what the file said before stays."""
    text = file.read_text("utf-8") if file.exists() else ""
    missing = [line for line in lines if line not in text.splitlines()]
    if missing:
        file.parent.mkdir(parents=True, exist_ok=True)
        end = "" if text.endswith("\n") or not text else "\n"
        file.write_text(text + end + "".join(f"{line}\n" for line in missing), "utf-8")


def _prefix(asked: str, found: str, name: str) -> str:
    """The prefix as asked, else that of the beads that are there, else one for the folder."""
    if asked:
        return checked_prefix(asked)
    for word in (found, derived_prefix(name)):
        with suppress(BadFieldError):
            return checked_prefix(word)
    return "bd"


def _is_made(call: Call, file: Path) -> bool:
    """Whether there are beads; what a killed `init` has begun is none, and is gone on with."""
    if not file.exists() or not file.stat().st_size:
        return False
    with make_private_here(call) as private:
        return bool(private.beads(caller_of(call)).told(PREFIX))


def _make(call: Call, prefix: str, said: Beadfile | None) -> list[str]:
    """The database is there with the beads of the file, or is not there. Raises BeadError."""
    try:
        with make_private_here(call) as private:
            lines = bring_in(call, private, said) if said is not None else []
            private.tell({PREFIX: prefix})  # the last step: with it the beads are there
            return lines
    except BeadError:
        for file in Path(call.home).glob("*beads.db*"):
            file.unlink(missing_ok=True)
        raise
