"""Options that several commands of `bd` share: which beads are meant, and what a bead is to be.

A command of one of the classes here has them beside its own; `said(ctx)` is what they were given.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer

from cli.tree import SHARED, Command

Many = list[str] | None
_SAID: Final = "cli.bd.options"


def _some(help_text: str, *names: str) -> Any:
    return typer.Option(*names, help=help_text)


def _by_kind(
    *,
    status: Annotated[Many, _some("Only of these.", "-s", "--status")] = None,
    type_: Annotated[Many, _some("Only of these.", "-t", "--type")] = None,
    exclude_type: Annotated[Many, _some("None of these.", "--exclude-type")] = None,
    priority: Annotated[Many, _some("Only of these, 0 to 4.", "-p", "--priority")] = None,
    priority_min: Annotated[str, _some("This one or a higher number.", "--priority-min")] = "",
    priority_max: Annotated[str, _some("This one or a lower number.", "--priority-max")] = "",
    pinned: Annotated[bool | None, _some("Only pinned ones.", "--pinned/--no-pinned")] = None,
    include_infra: Annotated[bool, _some("The town's own too.", "--include-infra")] = False,
    include_gates: Annotated[bool, _some("Gates too.", "--include-gates")] = False,
    include_templates: Annotated[bool, _some("Templates too.", "--include-templates")] = False,
    include_ephemeral: Annotated[bool, _some("Wisps too.", "--include-ephemeral")] = False,
    mol_type: Annotated[str, _some("swarm, patrol or work.", "--mol-type")] = "",
    wisp_type: Annotated[str, _some("Of this kind of wisp.", "--wisp-type")] = "",
) -> None:
    raise NotImplementedError


def _by_people(
    *,
    label: Annotated[Many, _some("With all of these.", "-l", "--label")] = None,
    label_any: Annotated[Many, _some("With one of these.", "--label-any")] = None,
    exclude_label: Annotated[Many, _some("With none of these.", "--exclude-label")] = None,
    label_pattern: Annotated[str, _some("With one like tech-*.", "--label-pattern")] = "",
    no_labels: Annotated[bool, _some("Without any.", "--no-labels")] = False,
    assignee: Annotated[str, _some("Only theirs.", "-a", "--assignee")] = "",
    unassigned: Annotated[
        bool, _some("Only nobody's.", "-u", "--unassigned", "--no-assignee")
    ] = False,
    metadata_field: Annotated[Many, _some("key=value in the metadata.", "--metadata-field")] = None,
    metadata_key: Annotated[str, _some("With this key there.", "--has-metadata-key")] = "",
    spec: Annotated[str, _some("How the spec's id begins.", "--spec")] = "",
    external: Annotated[str, _some("Words in the reference.", "--external-contains")] = "",
) -> None:
    raise NotImplementedError


def _by_text(
    *,
    ids: Annotated[Many, _some("Only these.", "--id")] = None,
    title: Annotated[str, _some("Words in the title.", "--title", "--title-contains")] = "",
    description: Annotated[str, _some("In the description.", "--desc-contains")] = "",
    notes: Annotated[str, _some("Words in the notes.", "--notes-contains")] = "",
    no_description: Annotated[bool, _some("Without one.", "--empty-description")] = False,
) -> None:
    raise NotImplementedError


def _by_time(
    *,
    created_after: Annotated[str, _some("A moment.", "--created-after")] = "",
    created_before: Annotated[str, _some("A moment.", "--created-before")] = "",
    updated_after: Annotated[str, _some("A moment.", "--updated-after")] = "",
    updated_before: Annotated[str, _some("A moment.", "--updated-before")] = "",
    closed_after: Annotated[str, _some("A moment.", "--closed-after")] = "",
    closed_before: Annotated[str, _some("A moment.", "--closed-before")] = "",
    due_after: Annotated[str, _some("A moment.", "--due-after")] = "",
    due_before: Annotated[str, _some("A moment.", "--due-before")] = "",
    defer_after: Annotated[str, _some("A moment.", "--defer-after")] = "",
    defer_before: Annotated[str, _some("A moment.", "--defer-before")] = "",
    deferred: Annotated[bool, _some("With a day to wait for.", "--deferred")] = False,
    overdue: Annotated[bool, _some("Due, and not closed.", "--overdue")] = False,
) -> None:
    raise NotImplementedError


def _texts(
    *,
    description: Annotated[
        str | None, _some("What it is about; `-` reads standard input.", "-d", "--description")
    ] = None,
    body_file: Annotated[str, _some("Its description, from a file or `-`.", "--body-file")] = "",
    stdin: Annotated[bool, _some("Its description, from standard input.", "--stdin")] = False,
    design: Annotated[str | None, _some("How it is to be done.", "--design")] = None,
    design_file: Annotated[str, _some("The same, from a file or `-`.", "--design-file")] = "",
    acceptance: Annotated[str | None, _some("When it is done.", "--acceptance")] = None,
    notes: Annotated[str | None, _some("Notes.", "--notes")] = None,
    append_notes: Annotated[str, _some("A line more in the notes.", "--append-notes")] = "",
) -> None:
    raise NotImplementedError


def _facts(
    *,
    type_: Annotated[str, _some("task, bug, feature, epic, chore, …", "-t", "--type")] = "",
    priority: Annotated[str, _some("0 (now) to 4 (some day).", "-p", "--priority")] = "",
    assignee: Annotated[str | None, _some("Whose it is.", "-a", "--assignee")] = None,
    due: Annotated[str | None, _some("+6h, +2d, tomorrow, 2027-01-15.", "--due")] = None,
    defer: Annotated[str | None, _some("Not ready before; as --due.", "--defer")] = None,
    estimate: Annotated[int | None, _some("Minutes.", "-e", "--estimate")] = None,
    external_ref: Annotated[str | None, _some("What it is elsewhere.", "--external-ref")] = None,
    spec_id: Annotated[str | None, _some("The specification's id.", "--spec-id")] = None,
    metadata: Annotated[str, _some("A JSON object, or @file.", "--metadata")] = "",
    ephemeral: Annotated[bool, _some("A wisp: not for long.", "--ephemeral")] = False,
    wisp_type: Annotated[str | None, _some("heartbeat, ping, patrol, …", "--wisp-type")] = None,
    no_history: Annotated[bool, _some("Not to be kept for ever.", "--no-history")] = False,
    mol_type: Annotated[str | None, _some("swarm, patrol or work.", "--mol-type")] = None,
) -> None:
    raise NotImplementedError


def _around(
    *,
    no_inherit: Annotated[
        bool, _some("Without its parent's labels.", "--no-inherit-labels")
    ] = False,
    waits_for: Annotated[str, _some("Whose children.", "--waits-for")] = "",
    gate: Annotated[str, _some("all- or any-children.", "--waits-for-gate")] = "",
    context: Annotated[str, _some("Words under ## Context, in the description.", "--context")] = "",
    skills: Annotated[str, _some("Words under ## Required Skills.", "--skills")] = "",
    validate: Annotated[bool, _some("Only with what its type should tell.", "--validate")] = False,
) -> None:
    raise NotImplementedError


def _becoming(
    *,
    session: Annotated[str, _some("Whose session closes it.", "--session")] = "",
    may_be_empty: Annotated[
        bool, _some("Also where what is read is empty.", "--allow-empty-description")
    ] = False,
) -> None:
    raise NotImplementedError


def _options(*functions: Callable[..., None]) -> list[Any]:
    found: list[Any] = []
    for function in functions:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command()(function)
        found += [p for p in typer.main.get_command(app).params if p.name != "help"]
    return found


class Aside(Command):
    """A command with more options than a function can name: they go to `said`."""

    more: list[Any] = []  # noqa: RUF012  # typed by its parent

    def invoke(self, ctx: Any) -> Any:
        """The command runs; the options of its class are put where `said` finds them."""
        names = {option.name for option in self.more}
        ctx.meta[_SAID] = {name: ctx.params.pop(name) for name in names if name in ctx.params}
        return super().invoke(ctx)


class Choosing(Aside):
    """A command that is told which beads are meant."""

    more = _options(_by_kind, _by_people, _by_text, _by_time)
    extra = [*more, *SHARED]  # noqa: RUF012  # typed by its parent


class Readying(Choosing):
    """A command about what is ready, where `-s` is how that is sorted."""

    more = _options(_by_kind, _by_people, _by_text, _by_time)
    extra = [*more, *SHARED]  # noqa: RUF012  # typed by its parent


for _status in (option for option in Readying.more if option.name == "status"):
    _status.opts.remove("-s")


class Updating(Aside):
    """A command that is told what a bead is to become."""

    more = _options(_texts, _facts, _becoming)
    extra = [*more, *SHARED]  # noqa: RUF012  # typed by its parent


class Making(Aside):
    """A command that is told what a new bead is to be, and what stands around it."""

    more = _options(_texts, _facts, _around)
    extra = [*more, *SHARED]  # noqa: RUF012  # typed by its parent


def said(ctx: typer.Context) -> Mapping[str, Any]:
    """What the options of the command's class were given, by their names."""
    found: Mapping[str, Any] = ctx.meta[_SAID]
    return found
