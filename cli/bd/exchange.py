"""`bd export import sync`: beads leave and enter as lines of JSON, as every `bd` reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from cli.answers import many_of
from cli.bd.interchange import FILE_NAME, FOLDER, interchange, place_of
from cli.bd.opened import caller_of
from cli.bd.printing import print_json, print_lines
from cli.context import Call, UsageError
from cli.tree import Command, Telling, call_of, example, new_module
from ledger.beads.errors import way_of
from ledger.beads.merging import ON_CONFLICT, Beadfile, OnConflict, TooLargeError, read_file
from town.node.frames import INPUT_BYTES_MAX

if TYPE_CHECKING:
    from town.beads.exchange import Imported
    from town.beads.syncing import Place, Synced, Syncing
    from town.node.private import OpenPrivate

app = new_module()

SHOWN_MAX: Final = 5
Many = list[str] | None


@contextmanager
def exchange_of(call: Call) -> "Iterator[Syncing]":
    """The beads of this call, open until the block ends."""
    with call.private(call) as private:
        yield private.exchange(caller_of(call))


@app.command(cls=Command)
@example("bd export", "bd export -o issues.jsonl", "bd export --all -o everything.jsonl")
def export(
    ctx: typer.Context,
    *,
    output: Annotated[str, typer.Option("-o", "--output", help="Into this file.")] = "",
    status: Annotated[Many, typer.Option("-s", "--status", help="Only these.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Fleeting ones, templates, deleted ones, memories too.")
    ] = False,
    infra: Annotated[
        bool, typer.Option("--include-infra", help="Agents, rigs, roles and messages too.")
    ] = False,
    memories: Annotated[
        bool, typer.Option("--include-memories", help="What `bd remember` keeps, too.")
    ] = False,
) -> int:
    """Write beads as lines of JSON, each with its labels, links and comments."""
    from town.beads import files  # noqa: PLC0415
    from town.beads.exchange import Wanted  # noqa: PLC0415

    call = call_of(ctx)
    wanted = Wanted(statuses=many_of(status), everything=everything, infra=infra, memories=memories)
    with exchange_of(call) as beads:
        found = beads.export(wanted)
    if not output:
        for line in found.lines:
            call.terminal.out_bytes(line)
        return 0
    files.write(call.path(output), found.payload)
    if call.wants.json:
        told = {"path": output, "exported": len(found.beads), "memories": found.memories}
        return print_json(call, told)
    return print_lines(call, (f"exported {_beads(len(found.beads))} to {output}",))


@app.command("import", cls=Telling)
@example("bd import issues.jsonl", "bd import - < issues.jsonl", "bd import -i x.jsonl --dry-run")
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="`-` for standard input.")] = "",
    *,
    source: Annotated[str, typer.Option("-i", "--input", help="The same as FILE.")] = "",
    on_conflict: Annotated[
        str, typer.Option("--on-conflict", help="newer, keep (ours) or replace (by the file's).")
    ] = "newer",
    dedup: Annotated[
        bool, typer.Option("--dedup", "--dedupe", help="Leave out titles of open beads here.")
    ] = False,
) -> int:
    """Read beads from lines of JSON: all of them, or none where a line is wrong."""
    call = call_of(ctx)
    if file and source:
        raise UsageError("use either --input or a file, not both")
    if on_conflict not in ON_CONFLICT:
        raise UsageError(f"{on_conflict!r} is none of {', '.join(ON_CONFLICT)}")
    name = file or source
    said = read_file(_payload(call, name))
    with exchange_of(call) as beads:
        told = beads.import_file(
            said,
            _named(call, name),
            on=cast("OnConflict", on_conflict),
            dedup=dedup,
            dry_run=call.wants.dry_run,
        )
    if call.wants.json:
        return print_json(call, import_facts(told, dry_run=call.wants.dry_run))
    return print_lines(call, import_lines(told, dry_run=call.wants.dry_run))


def _payload(call: Call, name: str) -> bytes:
    from town.beads import files  # noqa: PLC0415

    if name == "-":
        payload = call.terminal.read_all()
        if len(payload) >= INPUT_BYTES_MAX:  # the rest of it was not read
            raise TooLargeError(f"standard input has more than {INPUT_BYTES_MAX} bytes")
        return payload
    return files.read(call.path(name) if name else place_of(call, caller_of(call)).path).payload


def _named(call: Call, name: str) -> str:
    return "standard input" if name == "-" else name or place_of(call, caller_of(call)).path.name


@app.command(cls=Telling)
@example("bd sync", "bd sync --status", "bd sync --dry-run")
def sync(
    ctx: typer.Context,
    *,
    status: Annotated[
        bool, typer.Option("--status", help="Show how file and beads differ; change nothing.")
    ] = False,
) -> int:
    """Take in what is newer in .beads/issues.jsonl, then write that file whole."""
    call = call_of(ctx)
    looking = status or call.wants.dry_run
    place = place_of(call, caller_of(call))
    with exchange_of(call) as beads:
        found = beads.sync(place, dry_run=looking)
    if call.wants.json:
        facts = import_facts(found.imported, dry_run=looking)
        told = {"path": str(place.path), "exported": list(found.given), "written": found.written}
        return print_json(call, {**facts, **told, "total": len(found.exported.beads)})
    return print_lines(call, sync_lines(place, found, looking=looking))


def found_file(call: Call, *, must_be: bool) -> Beadfile | None:
    """The beads that a checkout brought with it; None where it has no file. Raises BeadError."""
    from town.beads import files  # noqa: PLC0415

    path, _ = interchange(call, caller_of(call))
    return read_file(files.read(path).payload) if must_be or path.exists() else None


def bring_in(call: Call, private: "OpenPrivate", said: Beadfile) -> list[str]:
    """All beads of the file are in a new place; the words that say so. Raises BeadError."""
    told = private.exchange(caller_of(call)).import_file(said, f"{FOLDER}/{FILE_NAME}")
    return import_lines(told, dry_run=False)


# --- words


def _beads(number: int) -> str:
    return f"{number} bead{'' if number == 1 else 's'}"


def import_facts(told: "Imported", *, dry_run: bool) -> dict[str, Any]:
    """An import as an object: the predecessor's fields, and ours beside them."""
    facts: dict[str, Any] = {
        "source": told.source,
        "created": len(told.new),
        "updated": len(told.changed),
        "unchanged": len(told.same),
        "skipped": len(told.older) + len(told.doubles),
        "dedup_skipped": len(told.doubles),
        "memories": told.memories,
        "ids": [*told.new, *told.changed],
        "stale_skipped_ids": told.older,
        "links_to_nowhere": [f"{bead} -> {needs}" for bead, needs in told.nowhere],
        "cycle": list(told.cycle),
        "dry_run": dry_run,
    }
    return {name: value for name, value in facts.items() if value or isinstance(value, int)}


def import_lines(told: "Imported", *, dry_run: bool) -> list[str]:
    """An import for people."""
    word = "would import" if dry_run else "imported"
    counted = (
        f"{len(told.new)} new, {len(told.changed)} changed, {len(told.same)} as they were"
        f", {len(told.older)} older than here"
    )
    lines = [f"{word} {_beads(told.moved)} from {told.source}: {counted}"]
    if told.memories:
        lines.append(f"memory  {told.memories} new or changed")
    if told.doubles:
        lines.append(f"left    {_beads(len(told.doubles))} whose title an open bead has")
    for name, words in told.words.items():
        lines.append(f"known   from now on, as {name}: {', '.join(words)}")
    if told.nowhere:
        shown = ", ".join(f"{bead} -> {needs}" for bead, needs in told.nowhere[:SHOWN_MAX])
        more = ", …" if len(told.nowhere) > SHOWN_MAX else ""
        lines.append(f"links   {len(told.nowhere)} lead to beads that are not here: {shown}{more}")
    if told.cycle:
        lines.append(f"circle  these wait for each other: {way_of(told.cycle)}")
        lines.append("next    bd dep cycles")
    return lines


def sync_lines(place: "Place", found: "Synced", *, looking: bool) -> list[str]:
    """A meeting of file and database for people."""
    told = found.imported
    would = "would " if looking else ""
    come = f"{len(told.new)} new, {len(told.changed)} changed"
    lines = [f"in      {would}come: {come}", f"out     {would}go: {_beads(len(found.given))}"]
    if looking:
        return [f"file    {place.path}", *lines]
    state = "written" if found.written else "as it was"
    return [f"file    {place.path}, {state}, {_beads(len(found.exported.beads))}", *lines]
