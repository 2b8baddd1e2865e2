"""`bd prime onboard`: what an agent has to know of beads, and what is remembered here."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.bd.interchange import interchange
from cli.bd.opened import at_desk, caller_of
from cli.bd.printing import print_lines, print_object
from cli.context import Call, UsageError
from cli.escape import escape
from cli.tree import Command, call_of, example, new_module
from ledger.beads.memories import told_of
from town.beads.remembering import Remembering

app = new_module()

OWN: Final = "PRIME.md"  # what a project says instead
OWN_BYTES_MAX: Final = 1 << 20
RULES: Final = (
    "# Beads",
    "",
    "Work items lie in bd: no lists of things to do in files, no plans only in your head.",
    "A bead is ready when it is open and waits for nothing. --json prints JSON.",
)
COMMANDS: Final = (
    "",
    "## Begin",
    "- bd ready: what could be begun now; bd show ID: everything about one",
    "- bd update ID --claim: it is yours; exit code 5 says that somebody else was faster",
    "- bd ready --claim --json: take the first of all",
    "",
    "## While you work",
    '- bd create "TITLE" -t bug -p 1 --deps discovered-from:ID: what you find beside it',
    "- bd dep add ID NEEDED: ID waits for NEEDED; bd blocked: what waits, and for what",
    '- bd note ID "TEXT", bd comment ID "TEXT": say what the next one has to know',
    '- bd remember "TEXT": known in every session from now on; bd memories WORDS finds it',
    "- bd defer ID --until DATE puts aside what has its day",
    "",
    "## End",
    '- bd close ID --reason "WHAT WAS DONE": several ids at once; --suggest-next says what is free',
    "- what is left is a bead: bd create",
)
BRIEF: Final = (
    "",
    "bd ready · bd show ID · bd update ID --claim · bd create TITLE · bd close ID --reason TEXT",
)
BY_GIT: Final = ("- bd sync, then commit .beads/issues.jsonl with your change, and push",)
SNIPPET: Final = (
    "## Work items",
    "",
    "This project keeps its work items in beads: run `bd prime` before you begin, `bd ready` to",
    "find work, `bd update ID --claim` to take it, `bd close ID --reason TEXT` when it is done.",
    "Keep no other list of things to do. `bd remember TEXT` tells every later session.",
)


@app.command(cls=Command)
@example("bd prime", "bd prime --hook-json")
def prime(
    ctx: typer.Context,
    *,
    full: Annotated[bool, typer.Option("--full", help="Everything, as ever.")] = False,
    brief: Annotated[bool, typer.Option("--mcp", help="A few lines.")] = False,
    stealth: Annotated[bool, typer.Option("--stealth", help="Nothing of git.")] = False,
    plain: Annotated[bool, typer.Option("--export", help="Ours, whatever PRIME.md says.")] = False,
    only: Annotated[bool, typer.Option("--memories-only", help="Only what is remembered.")] = False,
    hook: Annotated[
        bool, typer.Option("--hook-json", help="As the start hooks of runtimes read it.")
    ] = False,
) -> int:
    """Print what an agent has to know of beads; nothing where there are none."""
    call = call_of(ctx)
    if full and brief:
        raise UsageError("either --full or --mcp")
    if not call.home:  # a hook runs in every folder
        return _primed(call, (), hook=hook)
    path, town = interchange(call, caller_of(call))
    own = None if plain or only else _own(path.parent / OWN)
    with at_desk(ctx, Remembering) as desk:
        kept = desk.found()
    remembered = told_of(kept)
    if own is not None:
        return _primed(call, [*own, *remembered], hook=hook)
    lines = [] if only else [*RULES, *(BRIEF if brief else COMMANDS)]
    if lines and not brief and not stealth and not town:
        lines += BY_GIT
    return _primed(call, [*lines, *remembered], hook=hook)


def _own(file: Path) -> list[str] | None:
    """What a project says instead of ours; None where it says nothing. Raises UsageError."""
    try:
        with file.open("rb") as opened:
            payload = opened.read(OWN_BYTES_MAX + 1)
        if len(payload) > OWN_BYTES_MAX:
            raise UsageError(f"{file} has more than {OWN_BYTES_MAX} bytes")
        return payload.decode().splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error


def _primed(call: Call, lines: Iterable[str], *, hook: bool) -> int:
    text = "".join(f"{escape(line)}\n" for line in lines)
    if hook:
        told = {"hookEventName": "SessionStart", "additionalContext": text}
        call.terminal.out(json.dumps({"hookSpecificOutput": told}, ensure_ascii=False) + "\n")
        return 0
    if call.wants.json:
        return print_object(call, {"text": text})
    call.terminal.out(text)
    return 0


@app.command(cls=Command)
@example("bd onboard >> AGENTS.md")
def onboard(ctx: typer.Context) -> int:
    """Print a few lines for AGENTS.md or CLAUDE.md, which send agents to bd prime."""
    call = call_of(ctx)
    if call.wants.json:
        return print_object(call, {"text": "\n".join(SNIPPET) + "\n"})
    return print_lines(call, SNIPPET)
