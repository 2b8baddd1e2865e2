"""`gt namepool`: what the workers of a project are called, and which names are free."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.context import UsageError
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from town.hooks.pool import THEMES, names_of, theme_of
from town.market.answer import Answer
from town.workspace.layout import checked_person
from town.workspace.settings_file import rig_settings

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()

THEMES_WORD, SET, ADD, RESET = "themes", "set", "add", "reset"
VERBS: Final = (THEMES_WORD, SET, ADD, RESET)
THEME: Final = "namepool.theme"
NAMES: Final = "namepool.names"


@app.command(cls=Command)
@example(
    "gt namepool",
    "gt namepool themes",
    "gt namepool set minerals --rig myproject",
    "gt namepool add amos bo",
    "gt namepool reset",
)
def namepool(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[themes | set THEME | add NAME... | reset]", help="What to do."),
    ] = None,
    *,
    rig: Annotated[str, typer.Option("--rig", metavar="RIG", help="In which rig.")] = "",
) -> int:
    """Show what a project's workers are called, or choose it."""
    verb, *more = words or [""]
    if verb not in ("", *VERBS):
        raise UsageError(f"gt namepool {verb!r} is none of {', '.join(VERBS)}")
    if (verb in ("", THEMES_WORD, RESET)) == bool(more):
        raise UsageError("gt namepool [themes | set THEME | add NAME... | reset]")
    with works_of(ctx) as works:
        name = works.crew.rig_of(rig).name
        answer = _themes() if verb == THEMES_WORD else _pool(works, name, verb, more)
        return show(call_of(ctx), answer, now=works.now())


def _themes() -> Answer:
    words = tuple(f"{name:<12} {', '.join(names[:6])}, …" for name, names in THEMES.items())
    data = {"themes": {name: list(names) for name, names in THEMES.items()}}
    return Answer(schema="gt.v1.namepool.themes", data=data, words=words)


def _pool(works: "Works", rig: str, verb: str, more: list[str]) -> Answer:
    """The pool as it is after what was asked for."""
    file = rig_settings(works.workspace.rig(rig))
    if verb == SET:
        if len(more) > 1 or more[0] not in THEMES:
            raise UsageError(f"no theme is called {more[0]!r}; there are {', '.join(THEMES)}")
        file.set(THEME, more[0])
        file.unset(NAMES)  # names of one's own would be used in its place
    if verb == ADD:
        new = [checked_person(one) for one in more]
        there = list(file.read().namepool.names) or names_of(rig, works.hooks.settings(rig))
        file.set(NAMES, ",".join([*there, *(one for one in new if one not in there)]))
    if verb == RESET:
        file.unset(THEME)
        file.unset(NAMES)
    return _told(works, rig)


def _told(works: "Works", rig: str) -> Answer:
    told = works.hooks.settings(rig)
    names = names_of(rig, told)
    own = bool(rig_settings(works.workspace.rig(rig)).read().namepool.names)
    taken = {view.agent.name for view in works.agents.roster(every=True)}
    free = [one for one in names if one not in taken]
    whose = "names of your own" if own else f"theme {theme_of(rig, told)}"
    words = (
        f"rig     {rig}",
        f"names   {whose}: {len(names)}, {len(free)} free",
        f"next    {', '.join(free[:8]) or 'numbers, for all are taken'}",
    )
    data = {
        "rig": rig, "theme": None if own else theme_of(rig, told), "names": names,
        "taken": [one for one in names if one in taken],
    }  # fmt: skip
    return Answer(schema="gt.v1.namepool", data=data, words=words)
