"""`wl post update browse show withdraw note log diff`: the board, read and written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answers import ItemArgument, answer, many_of, text_of
from cli.batch import policy_of, posts_in
from cli.context import Call, UsageError
from cli.output import show
from cli.tree import Command, Telling, call_of, example, new_module
from town.market.errors import FieldError

if TYPE_CHECKING:
    from town.market.answer import Answer
    from town.node.compose import OpenTown

app = new_module()

Title = Annotated[
    str,
    typer.Argument(
        metavar="TITLE",
        help="What should be done, in one line; `-` reads it, and below it the description.",
    ),
]
TitleOption = Annotated[str, typer.Option("--title", help="The same as TITLE.")]
Description = Annotated[
    str, typer.Option("-d", "--description", help="What it is about; `-` reads standard input.")
]
Project = Annotated[str, typer.Option("--project", help="The project it belongs to.")]
Type = Annotated[str, typer.Option("--type", help="bug, feature, docs, design, …")]
Priority = Annotated[int | None, typer.Option("-p", "--priority", help="0 (now) to 4 (some day).")]
Effort = Annotated[str, typer.Option("--effort", help="trivial, small, medium, large, epic.")]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", "--tags", help="A tag, or several with commas.")
]
Repo = Annotated[str, typer.Option("--repo", help="The repository the work is in.")]
Base = Annotated[str, typer.Option("--base", help="The branch to start from.")]
Check = Annotated[str, typer.Option("--check", help="The command that shows it is done.")]
DoneWhen = Annotated[
    list[str] | None, typer.Option("--done-when", help="What is true when it is done; repeat.")
]
Deliver = Annotated[str, typer.Option("--deliver", help="pull_request, patch, commit or blob.")]
Needs = Annotated[list[str] | None, typer.Option("--needs", help="An item that comes first.")]
Due = Annotated[str, typer.Option("--due", help="When it is needed, as a date.")]
Lease = Annotated[str, typer.Option("--lease", help="How long a claim holds: 24h, 7d, …")]
Assign = Annotated[
    str, typer.Option("--assign", help="first, choose, or race:N (N may work at once).")
]

Poster = Annotated[
    str, typer.Option("--poster", "--posted-by", help="Items this town posted; `me` is you.")
]
Claimer = Annotated[
    str, typer.Option("--claimer", "--claimed-by", help="Items this town holds; `me` is you.")
]


def _given(**fields: Any) -> dict[str, Any]:
    empty: tuple[Any, ...] = (None, "", (), [])
    return {name: value for name, value in fields.items() if value not in empty}


@app.command(cls=Telling)
@example(
    'wl post "Fix the token refresh race" --type bug -p 1',
    'wl post --title "Write the guide" --project docs --tag help,docs --json',
    'git log -1 --format=%B | wl post "Port this fix" -d - --check "make test"',
    "wl post -F backlog.toml --dry-run",
)
def post(  # one option a field; `ctx.params` carries them on
    ctx: typer.Context,
    words: Title = "",
    *,
    title: TitleOption = "",
    description: Description = "",
    project: Project = "",
    type_: Type = "",
    priority: Priority = None,
    effort: Effort = "",
    tags: Tags = None,
    repo: Repo = "",
    base: Base = "",
    check: Check = "",
    done_when: DoneWhen = None,
    deliver: Deliver = "",
    needs: Needs = None,
    due: Due = "",
    reward: Annotated[str, typer.Option("--reward", help="What the work is worth.")] = "",
    assign: Assign = "",
    lease: Lease = "",
    home: Annotated[str, typer.Option("--decides", help="The node that decides about it.")] = "",
    supersedes: Annotated[str, typer.Option("--supersedes", help="The item it replaces.")] = "",
    file: Annotated[str, typer.Option("-F", "--file", help="TOML or JSON; `-` reads it.")] = "",
) -> int:
    """Put work on the board.

    The first post of a town that has joined no wasteland makes one of its own.
    """
    call = call_of(ctx)
    if file:
        return _post_file(call, file)
    fields = _post_fields(call, {**ctx.params, "title": title or words})
    return answer(ctx, lambda town: town.market.post(fields))


def _post_fields(call: Call, said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a post from its options, those not given left out."""
    taken = ("title", "project", "priority", "effort", "repo", "base", "check", "deliver")
    said = {**said, **_title_and_text(call, said["title"], said["description"])}
    fields = _given(
        **{name: said[name] for name in (*taken, "due", "reward", "supersedes", "home")},
        description=said["description"],
        type=said["type_"],
        tags=many_of(said["tags"]),
        done_when=tuple(said["done_when"] or ()),
        needs=many_of(said["needs"]),
        policy=policy_of(assign=said["assign"], lease=said["lease"]),
    )
    if "title" not in fields:
        raise UsageError("a post needs a title")
    return fields


def _title_and_text(call: Call, title: str, description: str) -> dict[str, str]:
    """The title and the description; a title of `-` is the first line of standard input."""
    if title != "-":
        return {"title": title, "description": text_of(call, description)}
    first, _, rest = text_of(call, title).partition("\n")
    below = rest.strip("\n") if description in ("", "-") else description
    return {"title": first.strip(), "description": below}


def _post_file(call: Call, name: str) -> int:
    """Every post of the file is on the board, or none where one of them cannot be."""
    posts = posts_in(call, name)
    call.streams = True
    code = 0
    with call.town(call) as town:
        rehearsed = [_rehearsed(town, fields, at) for at, fields in enumerate(posts, 1)]
        for fields, trial in zip(posts, rehearsed, strict=True):
            found = trial if call.wants.dry_run else town.market.post(fields)
            code = code or show(call, found, now=town.now())
    return code


def _rehearsed(town: "OpenTown", fields: Mapping[str, Any], at: int) -> "Answer":
    try:
        return town.rehearsed(lambda trial: trial.market.post(fields))
    except FieldError as error:
        error.args = (f"post {at} of the file: {error}",)
        raise


@app.command(cls=Telling)
@example(
    'wl update w-3fa9 --check "make test"',
    "wl update w-3fa9 --priority 0 --tag urgent --dry-run",
)
def update(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    title: TitleOption = "",
    description: Description = "",
    project: Project = "",
    type_: Type = "",
    priority: Priority = None,
    effort: Effort = "",
    tags: Tags = None,
    repo: Repo = "",
    base: Base = "",
    check: Check = "",
    done_when: DoneWhen = None,
    deliver: Deliver = "",
    needs: Needs = None,
    due: Due = "",
) -> int:
    """Change what a post says, while nobody works on it."""
    call = call_of(ctx)
    fields = _given(
        title=title,
        description=text_of(call, description),
        project=project,
        type=type_,
        priority=priority,
        effort=effort,
        tags=many_of(tags),
        repo=repo,
        base=base,
        check=check,
        done_when=tuple(done_when or ()),
        deliver=deliver,
        needs=many_of(needs),
        due=due,
    )
    if not fields:
        raise UsageError("nothing to change was said")
    return answer(ctx, lambda town: town.market.update(item, fields))


@app.command(cls=Command)
@example(
    "wl browse",
    "wl browse --type bug --status open --sort priority",
    "wl browse token refresh --limit 5 --json",
    "wl browse --as-of 2026-11-01",
)
def browse(
    ctx: typer.Context,
    text: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="Words in it.")] = None,
    *,
    project: Project = "",
    type_: Type = "",
    status: Annotated[
        list[str] | None, typer.Option("--status", help="open, claimed, in_review, …; or all.")
    ] = None,
    priority: Priority = None,
    tag: Annotated[str, typer.Option("--tag", help="Items with this tag.")] = "",
    poster: Poster = "",
    claimer: Claimer = "",
    search: Annotated[str, typer.Option("--search", help="The same as TEXT.")] = "",
    sort: Annotated[str, typer.Option("--sort", help="priority, newest, oldest, updated.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="A page's size.")] = 25,
    cursor: Annotated[str, typer.Option("--cursor", help="Where the page before ended.")] = "",
    as_of: Annotated[
        str, typer.Option("--as-of", help="The whole board at a date or a commit.")
    ] = "",
) -> int:
    """List what is on the board."""
    if as_of:
        return answer(ctx, lambda town: town.market.as_of(as_of))
    query = _given(
        text=" ".join([*(text or ()), *search.split()]),
        project=project,
        type=type_,
        status=many_of(status),
        priority=priority,
        tag=tag,
        poster=poster,
        claimer=claimer,
        sort=sort,
        limit=limit,
        cursor=cursor,
    )
    return answer(ctx, lambda town: town.market.browse(query))


@app.command(cls=Command)
@example("wl show w-3fa9", "wl show w-3fa9 --json | jq .data.may_start")
def show_(ctx: typer.Context, item: ItemArgument) -> int:
    """Show one item: what it asks, who has it, what was handed in, what was said."""
    return answer(ctx, lambda town: town.market.show(item))


show_.__name__ = "show"
app.registered_commands[-1].name = "show"


@app.command(cls=Telling)
@example('wl withdraw w-3fa9 --reason "not needed any more"')
def withdraw(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
) -> int:
    """Take a post off the board; its record remains."""
    return answer(ctx, lambda town: town.market.withdraw(item, reason=reason))


app.command("delete", cls=Telling, hidden=True)(withdraw)


@app.command(cls=Telling)
@example(
    'wl note w-3fa9 "2 of 3 tests green"',
    'wl note w-3fa9 --ask "Which of the two token stores?"',
    'wl note w-3fa9 --tag dispute "CI was green at the commit I named"',
)
def note(
    ctx: typer.Context,
    item: ItemArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="`-` reads it.")] = "",
    *,
    ask: Annotated[bool, typer.Option("--ask", help="The text is a question.")] = False,
    tag: Annotated[str, typer.Option("--tag", help="note, answer, progress, dispute, …")] = "",
    re: Annotated[str, typer.Option("--re", help="The note this answers.")] = "",
) -> int:
    """Say something about an item: progress, a question, an answer."""
    said = text_of(call_of(ctx), text)
    if not said.strip():
        raise UsageError("a note needs a text")
    chosen = tag or ("question" if ask else "note")
    return answer(ctx, lambda town: town.market.note(item, said, tag=chosen, re=re))


@app.command(cls=Command)
@example("wl log w-3fa9", "wl log --json")
def log(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="[ITEM]", help="Without one: commits.")] = "",
) -> int:
    """List the signed records of an item, or what the ledger committed."""
    return answer(ctx, lambda town: town.market.log(item))


@app.command(cls=Command)
@example("wl diff HEAD~1 HEAD", "wl diff 2026-11-01 2026-11-23 --json")
def diff(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(metavar="FROM", help="A commit or a date.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="A commit or a date.")] = "HEAD",
) -> int:
    """Show what changed on the board between two commits or dates."""
    return answer(ctx, lambda town: town.market.diff(first, last))
