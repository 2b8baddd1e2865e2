"""How a command looks: shared options, examples under `--help`, groups loaded when named.

Typer describes the commands; this adds what every one of them has. It runs none of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from cli.context import Call, UsageError
from cli.later import OPTIONS, UNDER, ElsewhereError, NotYetError, Word
from cli.output import envelope
from cli.plain import read_plainly
from cli.worded import word

Function = TypeVar("Function", bound=Callable[..., Any])


def call_of(ctx: typer.Context) -> Call:
    """The call that this context belongs to."""
    call = ctx.find_object(Call)
    if call is None:
        raise RuntimeError("the command tree runs only under cli.app.run")
    return call


def _json(ctx: typer.Context, value: bool) -> bool:  # noqa: FBT001  # Typer's callback shape
    call_of(ctx).wants.json |= value
    return value


def _quiet(ctx: typer.Context, value: bool) -> bool:  # noqa: FBT001  # Typer's callback shape
    call_of(ctx).wants.quiet |= value
    return value


def _verbose(ctx: typer.Context, value: int) -> int:
    call_of(ctx).wants.verbose = max(call_of(ctx).wants.verbose, value)
    return value


def _yes(ctx: typer.Context, value: bool) -> bool:  # noqa: FBT001  # Typer's callback shape
    call_of(ctx).wants.yes |= value
    return value


def _dry_run(ctx: typer.Context, value: bool) -> bool:  # noqa: FBT001  # Typer's callback shape
    call_of(ctx).wants.dry_run |= value
    return value


def _shared(
    *,
    json: Annotated[
        bool, typer.Option("--json", callback=_json, help="Only JSON on standard output.")
    ] = False,
    home: Annotated[
        str, typer.Option("--home", metavar="DIR", help="The town's folder (or WL_HOME).")
    ] = "",
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", callback=_quiet, help="Print only the answer.")
    ] = False,
    verbose: Annotated[
        int,
        typer.Option(
            "-v", "--verbose", count=True, callback=_verbose, show_default=False, help="Print more."
        ),
    ] = 0,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", callback=_yes, help="Ask nothing; the answer is yes.")
    ] = False,
) -> None:
    del json, home, quiet, verbose, yes


def _telling(
    *,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", callback=_dry_run, help="Show what it comes to; do nothing."),
    ] = False,
) -> None:
    del dry_run


def _options(function: Callable[..., None]) -> list[Any]:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(function)
    options: list[Any] = list(typer.main.get_command(app).params)
    for option in options:
        option.expose_value = False
    return options


SHORT_CHARS = 110  # of what a list says of a command: its first line, whole
SHARED = _options(_shared)
TELLING = _options(_telling)


class Examples:
    """Help with examples, and printed to where the command was typed."""

    extra: list[Any] = SHARED

    def get_params(self, ctx: Any) -> list[Any]:
        """Its own options, then those that every command has."""
        own: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        options = [*own, *self.extra]
        read_plainly(options)
        return options

    def get_help(self, ctx: Any) -> str:
        """The help, in a person's words."""
        word(self.get_params(ctx))
        text: str = super().get_help(ctx)  # type: ignore[misc]
        return text

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """What the words say. Raises ElsewhereError for an option that others have and we not."""
        absent = OPTIONS.get(ctx.command_path, {})
        for word_ in args[: args.index("--")] if "--" in args else args:
            name = word_.partition("=")[0]
            if name in absent:
                raise ElsewhereError(f"{ctx.command_path} {name}", absent[name])
        return super().parse_args(ctx, args)  # type: ignore[misc]

    def get_help_option(self, ctx: Any) -> Any:
        """`--help`, printed through the call's terminal."""
        option: Any = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.callback = _print_help
            option.help = "Show this and examples."
        return option

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The examples, line by line."""
        found = getattr(getattr(self, "callback", None), "examples", ())
        if found:
            with formatter.section("Examples"):
                for line in found:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)  # type: ignore[misc]


def _print_help(ctx: Any, param: Any, value: bool) -> None:  # noqa: FBT001
    del param
    if value and not ctx.resilient_parsing:
        print_help(call_of(ctx), ctx.get_help())
        raise typer.Exit(0)


def print_help(call: Call, text: str) -> None:
    """The text is on standard output, as JSON where that was asked for."""
    plain = f"{text}\n"
    call.terminal.out(envelope("wl.v1.help", data=text) if call.wants.json else plain)


class Command(Examples, TyperCommand):
    """A command that changes nothing outside this machine."""


class Telling(Examples, TyperCommand):
    """A command that tells others something, and can first show what (`--dry-run`)."""

    extra = [*TELLING, *SHARED]  # noqa: RUF012  # typed by its parent


class Group(Examples, TyperGroup):
    """A word with commands under it."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words name. Raises ElsewhereError for what has another name here."""
        under = UNDER.get(ctx.command_path, {})
        if args[0] in under and self.get_command(ctx, args[0]) is None:
            raise ElsewhereError(f"{ctx.command_path} {args[0]}", under[args[0]])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Its commands, each with the whole of its first sentence."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        shown = [(name, one) for name, one in named if one is not None and not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_of(one)) for name, one in shown])


def short_of(command: Any) -> str:
    """What a list says of a command."""
    return str(command.get_short_help_str(SHORT_CHARS))


class NoCommandError(UsageError):
    """No command of the program is called so."""

    def __init__(self, why: str, program: str) -> None:
        super().__init__(why)
        self.try_ = ((program, "help"),)


class Lazy(Group):
    """The root: knows which file has which command, and imports it when it is named."""

    places: dict[str, str] = {}  # noqa: RUF012  # command -> module; set by cli.app
    sections: dict[str, tuple[str, ...]] = {}  # noqa: RUF012
    closing: tuple[str, ...] = ()
    later: dict[str, Word] = {}  # noqa: RUF012
    elsewhere: dict[str, Word] = {}  # noqa: RUF012

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words name.

        Raises UsageError for none, NotYetError and ElsewhereError for what others have.
        """
        said = args[0]
        if said in self.places or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        line = f"{ctx.command_path} {said}"
        if said in self.later:
            raise NotYetError(line, self.later[said])
        if said in self.elsewhere:
            raise ElsewhereError(line, self.elsewhere[said])
        near = " or ".join(get_close_matches(said, list(self.places), n=2))
        why = f"no command is called {said!r}{f'; near it: {near}' if near else ''}"
        raise NoCommandError(why, ctx.command_path)

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, without importing any."""
        del ctx
        return list(self.places)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, its file imported now."""
        del ctx
        if cmd_name not in self.commands and cmd_name in self.places:
            module = import_module(self.places[cmd_name])
            self.commands.update(typer.main.get_group(module.app).commands)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Commands by what they are for; aliases are not listed."""
        for title, names in self.sections.items():
            rows = [(name, short_of(self.get_command(ctx, name))) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Examples, what comes later, then where to read on."""
        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        if self.later:
            formatter.write_text(f"not here yet: {', '.join(self.later)}")
        for line in self.closing:
            formatter.write_text(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One of the programs: its root, which file has which command, and how help shows them."""

    root: typer.Typer
    places: Mapping[str, Sequence[str]]
    sections: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, str] = field(default_factory=dict)
    closing: tuple[str, ...] = ()
    later: Mapping[str, Word] = field(default_factory=dict)
    elsewhere: Mapping[str, Word] = field(default_factory=dict)


def new_root(name: str) -> typer.Typer:
    """The root of a program's tree."""
    return typer.Typer(
        name=name,
        cls=Lazy,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def new_group(name: str, help_text: str) -> typer.Typer:
    """A word with commands under it, shown with its help when it stands alone."""
    return typer.Typer(
        name=name,
        cls=Group,
        help=help_text,
        no_args_is_help=False,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def new_module() -> typer.Typer:
    """The commands of one file."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def example(*lines: str) -> Callable[[Function], Function]:
    """The function's help ends with these lines; each is a command that works."""

    def mark(function: Function) -> Function:
        function.examples = lines  # type: ignore[attr-defined]
        return function

    return mark
