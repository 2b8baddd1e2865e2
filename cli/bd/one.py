"""`bd show assign priority note tag comment comments`: one bead, and short ways to change it."""

from typing import Annotated, Any

import typer

from cli.bd.meaning import file_text, priority_of
from cli.bd.opened import beads_of
from cli.bd.options import Many
from cli.bd.printing import (
    bead_line,
    comments_facts,
    end_facts,
    print_json,
    print_lines,
    print_object,
    print_one,
)
from cli.bd.shown import comment_lines, shown_lines
from cli.context import Call, UsageError
from cli.tree import Command, Group, call_of, example, new_group, new_module
from ledger.beads.jsonl import bead_facts, comment_facts
from ledger.beads.rows import PARENT_CHILD
from town.beads.desk import Edit
from town.beads.looking import Around

app = new_module()

One = Annotated[str, typer.Argument(metavar="ID", help="The bead: its id or how it begins.")]
Words = Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="What to say.")]
File = Annotated[str, typer.Option("-f", "--file", help="From a file or `-`.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="From standard input.")]


@app.command("view", cls=Command, hidden=True)
@app.command(cls=Command)
@example("bd show gt-x7k2m", "bd show x7k --json")
def show(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Beads.")] = None,
    *,
    more: Annotated[Many, typer.Option("--id", help="Beads, as well.")] = None,
    current: Annotated[bool, typer.Option("--current", help="What you have in hand.")] = False,
    children: Annotated[bool, typer.Option("--children", help="Only its children.")] = False,
    refs: Annotated[bool, typer.Option("--refs", help="Only what points to it.")] = False,
    short: Annotated[bool, typer.Option("--short", help="A line each.")] = False,
    long: Annotated[bool, typer.Option("--long", help="Rare fields too.")] = False,
    comments: Annotated[
        bool, typer.Option("--include-comments", help="With --json: what was said.")
    ] = False,
    dependents: Annotated[
        bool, typer.Option("--include-dependents", help="With --json: what points to it.")
    ] = False,
) -> int:
    """Show beads: everything about them."""
    call = call_of(ctx)
    named = [*(ids or ()), *(more or ())]
    with beads_of(ctx) as beads:
        if current and (held := beads.current()) is not None:
            named.append(held.id)
        if not named:
            raise UsageError("you have nothing in hand" if current else "name a bead to show")
        found = beads.around(named)
    if children or refs:
        return _pointing(call, found, only_children=children)
    if call.wants.json:
        facts = [around_facts(a, comments=comments, dependents=dependents) for a in found]
        return print_json(call, facts)
    if short:
        return print_lines(call, (bead_line(around.bead) for around in found))
    for at, around in enumerate(found):
        print_lines(call, [*([""] if at else []), *shown_lines(around, long=long)])
    return 0


def around_facts(around: Around, *, comments: bool, dependents: bool) -> dict[str, Any]:
    """A bead with what stands around it, as `bd show --json` prints it."""
    told = bead_facts(around.bead)
    needs = [end_facts(bead, link.type) for link, bead in around.needs if bead is not None]
    needed = [end_facts(bead, link.type) for link, bead in around.needed if bead is not None]
    told |= {"dependencies": needs} if needs else {}
    told |= {"dependents": needed} if needed and dependents else {}
    if comments and around.comments:
        told["comments"] = comments_facts(around.comments)
    told |= {"parent": around.parent} if around.parent else {}
    return told | {
        "dependent_count": len(around.needed),
        "dependency_count": len(around.needs),
        "comment_count": len(around.comments),
    }


def _pointing(call: Call, found: list[Around], *, only_children: bool) -> int:
    """What points to the beads is printed."""
    ends = {
        around.bead.id: [
            (bead, link.type)
            for link, bead in around.needed
            if bead is not None and (link.type == PARENT_CHILD or not only_children)
        ]
        for around in found
    }
    if call.wants.json:
        told = {bead: [end_facts(*end) for end in others] for bead, others in ends.items()}
        return print_object(call, told)
    lines = [f"{bead_line(bead)} ({kind})" for others in ends.values() for bead, kind in others]
    return print_lines(call, lines or ["nothing points to it"])


# --- short ways


@app.command(cls=Command)
@example("bd assign gt-x7k2m demo/crew/ann", 'bd assign gt-x7k2m ""')
def assign(
    ctx: typer.Context,
    bead: One,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose; '' for nobody's.")],
) -> int:
    """Give a bead to somebody."""
    with beads_of(ctx) as beads:
        found = beads.assign(bead, name)
    return print_one(call_of(ctx), "assigned", found)


@app.command(cls=Command)
@example("bd priority gt-x7k2m 0")
def priority(
    ctx: typer.Context,
    bead: One,
    number: Annotated[str, typer.Argument(metavar="N", help="0 (now) to 4 (some day).")],
) -> int:
    """Say how urgent a bead is."""
    with beads_of(ctx) as beads:
        found = beads.update(bead, {"priority": priority_of(number)})
    return print_one(call_of(ctx), "updated", found)


@app.command(cls=Command)
@example('bd note gt-x7k2m "The test is flaky on slow disks"')
def note(
    ctx: typer.Context, bead: One, words: Words = None, *, file: File = "", stdin: Stdin = False
) -> int:
    """Add a line to a bead's notes."""
    text = _text(call_of(ctx), words, file, stdin=stdin)
    with beads_of(ctx) as beads:
        (found,) = beads.edit((bead,), Edit(append_notes=text))
    return print_one(call_of(ctx), "updated", found)


@app.command(cls=Command)
@example("bd tag gt-x7k2m needs-review")
def tag(
    ctx: typer.Context,
    bead: One,
    label: Annotated[str, typer.Argument(metavar="LABEL", help="The label.")],
) -> int:
    """Give a bead a label."""
    with beads_of(ctx) as beads:
        (found,) = beads.label((bead,), add=(label,))
    return print_one(call_of(ctx), "updated", found)


# --- comments


@app.command(cls=Command)
@example('bd comment gt-x7k2m "Begun; the cause is in the cache"')
def comment(
    ctx: typer.Context, bead: One, words: Words = None, *, file: File = "", stdin: Stdin = False
) -> int:
    """Say something about a bead."""
    return _said(ctx, bead, _text(call_of(ctx), words, file, stdin=stdin), author="")


class Listing(Group):
    """A word with commands under it, of which `list` is meant where none is named."""

    fallback = "list"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words as they are, or behind the command that is meant."""
        first = next((word for word in args if not word.startswith("-")), "")
        if first and first not in self.commands:
            args = [self.fallback, *args]
        return list(super().parse_args(ctx, args))


talk = new_group("comments", "What was said about beads.")
app.add_typer(talk, cls=Listing)


@talk.command("list", cls=Command)
@example("bd comments gt-x7k2m --json")
def list_(ctx: typer.Context, bead: One) -> int:
    """List what was said about a bead."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        found = beads.comments(bead)
    if call.wants.json:
        return print_json(call, comments_facts(found))
    return print_lines(call, comment_lines(found) or ["nobody has said anything"])


@talk.command(cls=Command)
@example('bd comments add gt-x7k2m "Begun"')
def add(
    ctx: typer.Context,
    bead: One,
    words: Words = None,
    *,
    author: Annotated[str, typer.Option("-a", "--author", help="Who says it.")] = "",
    file: File = "",
) -> int:
    """Say something about a bead."""
    return _said(ctx, bead, _text(call_of(ctx), words, file, stdin=False), author=author)


def _text(call: Call, words: list[str] | None, file: str, *, stdin: bool) -> str:
    """What was said, from the one place where it stands. Raises UsageError."""
    if bool(words) + bool(file) + stdin != 1:
        raise UsageError("say something: as words, with --file, or with --stdin")
    return " ".join(words) if words else file_text(call, file or "-")


def _said(ctx: typer.Context, bead: str, text: str, *, author: str) -> int:
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        made = beads.comment(bead, text, author=author)
    if call.wants.json:
        return print_object(call, comment_facts(made))
    return print_lines(call, (f"said    on {made.issue_id} by {made.author}",))
