"""`bd edit`: a text of a bead in the person's own editor.

The command gives the text out as a file and the terminal to `cli.editor`, which comes back
with the file; so no database is held while somebody thinks.
"""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.bd.meaning import file_text
from cli.bd.one import One
from cli.bd.opened import at_desk
from cli.bd.printing import print_one
from cli.caller import reads_only
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_module
from ledger.beads.errors import ReadOnlyError
from town.beads.editing import Editing, mark_of
from town.node.place import asked_home

app = new_module()

FIELDS: Final[Mapping[str, str]] = {
    "title": "title", "description": "description", "design": "design", "notes": "notes",
    "acceptance": "acceptance_criteria",
}  # fmt: skip
USUAL: Final = ("vim", "vi", "nano", "emacs")
# They take the whole screen; without one they would wait for a key that nobody can press.
FULL_SCREEN: Final = frozenset(
    (*USUAL, "nvim", "view", "pico", "micro", "hx", "helix", "joe", "mcedit", "kak")
)


class NoEditorError(UsageError):
    """There is no editor that could be opened here."""

    try_ = (("bd", "update", "ID", "--description", "-"),)


@app.command(cls=Command)
@example("bd edit gt-x7k2m", "EDITOR='code --wait' bd edit gt-x7k2m --notes")
def edit(
    ctx: typer.Context,
    bead: One,
    *,
    title: Annotated[bool, typer.Option("--title", help="Its title.")] = False,
    description: Annotated[bool, typer.Option("--description", help="As without it.")] = False,
    design: Annotated[bool, typer.Option("--design", help="How it is to be done.")] = False,
    notes: Annotated[bool, typer.Option("--notes", help="Its notes.")] = False,
    acceptance: Annotated[bool, typer.Option("--acceptance", help="When it is done.")] = False,
    written: Annotated[
        str, typer.Option("--from", hidden=True, help="The file that came back.")
    ] = "",
    mark: Annotated[str, typer.Option("--mark", hidden=True, help="Of what it was.")] = "",
) -> int:
    """Change a text of a bead in your editor: $EDITOR, $VISUAL, else vim, vi, nano or emacs."""
    call = call_of(ctx)
    named = [word for word in FIELDS if ctx.params[word]] or ["description"]
    if len(named) > 1:
        raise UsageError(f"edit one text at a time, not --{' and --'.join(named)}")
    (word,) = named
    if written:
        with at_desk(ctx, Editing) as desk:
            found = desk.put(bead, FIELDS[word], file_text(call, written), mark=mark)
        return print_one(call, "updated", found)
    if reads_only(call):
        raise ReadOnlyError("bd edit")
    editor = _editor(call)
    with at_desk(ctx, Editing) as desk:
        name, text = desk.text_of(bead, FIELDS[word])
    line = ["edit", name, f"--{word}", *_also(call)]
    file = _given_out(call, f"bd-edit-{name}-{word}-", text)
    helper = (sys.executable, "-P", "-m", "cli.editor", str(file), mark_of(text))
    call.then = (*helper, shlex.join(line), *editor)
    return 0


def _also(call: Call) -> list[str]:
    """What the second line says as the first did."""
    home = asked_home(call.argv)
    return [*(["--home", home] if home else []), *(["--json"] if call.wants.json else [])]


def _editor(call: Call) -> Sequence[str]:
    """The words that open the caller's editor. Raises NoEditorError."""
    path = call.env.get("PATH")
    said = call.env.get("EDITOR", "").strip() or call.env.get("VISUAL", "").strip()
    said = said or next((one for one in USUAL if shutil.which(one, path=path)), "")
    try:
        words = shlex.split(said)
    except ValueError as error:
        raise NoEditorError(f"$EDITOR is {said!r}, which is no command: {error}") from error
    if not words:
        raise NoEditorError("there is no editor; set $EDITOR")
    if shutil.which(words[0], path=path) is None:
        raise NoEditorError(f"$EDITOR is {words[0]}, which is not on PATH")
    if Path(words[0]).name in FULL_SCREEN and not (call.tty[0] and call.tty[1]):
        raise NoEditorError(f"{words[0]} needs a terminal, and here is none")
    return words


def _given_out(call: Call, prefix: str, text: str) -> Path:
    """The text as a file of the caller's, which nobody else reads. Raises UsageError."""
    folder = call.env.get("TMPDIR") or "/tmp"  # noqa: S108  # made with a name of its own
    try:
        number, name = tempfile.mkstemp(prefix=prefix, suffix=".md", dir=folder)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") or not text else f"{text}\n")
    except OSError as error:
        raise UsageError(f"no file for the editor could be made in {folder}: {error}") from error
    return Path(name)
