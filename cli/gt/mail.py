"""`gt mail`: letters between the people and the agents of a town."""

from typing import Annotated, Any

import typer

from cli.answers import many_of, text_of
from cli.context import UsageError
from cli.gt.mail_groups import group
from cli.gt.mail_shown import boxed_facts, boxed_line, whole_letter
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.workspace.letters import PRIORITIES, TYPES, URGENT, Letter
from ledger.workspace.rows import DEACON, REFINERY, WITNESS
from town.mail.desk import Boxed
from town.mail.posting import Posted
from town.market.answer import Answer, Next

app = new_module()
mail = new_group("mail", "Letters between the people and the agents of the town.")
app.add_typer(mail)

NOTHING_NEW = 1
SERVICES = (DEACON, WITNESS, REFINERY)
Said = Annotated[str, typer.Argument(metavar="ID", help="The letter, or the start of its id.")]
Pinned = Annotated[bool, typer.Option("--pinned", help="It stays when a box is cleared.")]
Permanent = Annotated[bool, typer.Option("--permanent", help="It is never pruned.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="The letters.")]


def shown(
    ctx: typer.Context,
    data: Any,
    words: list[str],
    *,
    now: int,
    schema: str = "gt.v1.mail",
    following: tuple[Next, ...] = (),
) -> int:
    """The exit code of an answer that was printed."""
    found = Answer(schema=schema, data=data, words=tuple(words), next=following)
    return show(call_of(ctx), found, now=now)


@mail.command(cls=Command)
@example("gt mail inbox", "gt mail inbox --unread", "gt mail inbox mayor/")
def inbox(
    ctx: typer.Context,
    whose: Annotated[str, typer.Argument(metavar="[ADDRESS]", help="Whose box; yours.")] = "",
    *,
    unread: Annotated[bool, typer.Option("-u", "--unread", help="Only what is new.")] = False,
    everything: Annotated[bool, typer.Option("-a", "--all", help="What was put away too.")] = False,
) -> int:
    """List the letters in a box; looking changes nothing."""
    with works_of(ctx) as works:
        found = works.mail.inbox(whose=whose, unread=unread, everything=everything)
        now = works.now()
    return _listed(ctx, found, now=now, empty="no letters")


def _listed(ctx: typer.Context, found: list[Boxed], *, now: int, empty: str) -> int:
    fresh = sum(one.unread for one in found)
    words = [boxed_line(one, now=now) for one in found]
    data = {"total": len(found), "unread": fresh, "messages": [boxed_facts(one) for one in found]}
    return shown(ctx, data, words or [empty], now=now, schema="gt.v1.mail.list")


@mail.command(cls=Command)
@example(
    'gt mail send mayor/ -s "Done" -m "The cache is in."',
    'gt mail send --human -s "Which of the two?" --urgent --stdin',
    'gt mail send api/max --cc @witnesses -s "Look here" -m "It fails at start."',
)
def send(  # one option a field
    ctx: typer.Context,
    to: Annotated[list[str] | None, typer.Argument(metavar="[ADDRESS...]", help="To whom.")] = None,
    *,
    subject: Annotated[str, typer.Option("-s", "--subject", help="What it is about.")] = "",
    body: Annotated[str, typer.Option("-m", "--message", "--body", help="Its text.")] = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Its text is on standard input.")] = False,
    cc: Annotated[list[str] | None, typer.Option("--cc", help="Who gets it too.")] = None,
    kind: Annotated[str, typer.Option("--type", help=", ".join(TYPES))] = "",
    priority: Annotated[
        str, typer.Option("--priority", help="0 or urgent, 1 high, 2 normal, 3 low, 4 backlog.")
    ] = "",
    urgent: Annotated[bool, typer.Option("--urgent", help="The same as --priority 0.")] = False,
    reply_to: Annotated[str, typer.Option("--reply-to", help="The letter it answers.")] = "",
    pinned: Pinned = False,
    permanent: Permanent = False,
    itself: Annotated[bool, typer.Option("--self", help="To yourself.")] = False,
    human: Annotated[bool, typer.Option("--human", help="To the overseer.")] = False,
    sender: Annotated[str, typer.Option("--from", help="In whose name; yours.")] = "",
    notify: Annotated[
        bool, typer.Option("--notify/--no-notify", help="Tell whoever waits for something to do.")
    ] = True,
) -> int:
    """Write a letter."""
    letter = Letter(
        to=(*many_of(to), *(("overseer",) if human else ())),
        cc=many_of(cc),
        subject=subject,
        body=text_of(call_of(ctx), "-" if stdin else body),
        priority=URGENT if urgent else priority_of(priority),
        type=kind or ("reply" if reply_to else "notification"),
        reply_to=reply_to,
        pinned=pinned,
        permanent=permanent,
    )
    with works_of(ctx) as works:
        posted = works.mail.send(letter, itself=itself, sender=sender)
        woken = _announce(works, posted, letter) if notify else []
        now = works.now()
    return _sent(ctx, posted, woken, now=now)


def _announce(works: Any, posted: Posted, letter: Letter) -> list[str]:
    told: list[str] = works.nudges.announce(
        posted.recipients, subject=letter.subject, priority=letter.priority
    )
    return told


def _sent(ctx: typer.Context, posted: Posted, woken: list[str], *, now: int) -> int:
    words = [f"✓ sent {posted.id} to {', '.join(posted.recipients)}"]
    words += [f"  told {', '.join(woken)} at once"] if woken else []
    data = {"id": posted.id, "recipients": list(posted.recipients), "told": woken}
    return shown(ctx, data, words, now=now, schema="gt.v1.mail.sent")


def priority_of(said: str) -> int:
    """The number of a priority that is named or numbered. Raises UsageError."""
    if not said:
        return PRIORITIES["normal"]
    if said.isdigit() and int(said) in PRIORITIES.values():
        return int(said)
    if said not in PRIORITIES:
        raise UsageError(f"{said!r} is no priority; {', '.join(PRIORITIES)} are")
    return PRIORITIES[said]


@mail.command(cls=Command)
@example("gt mail read msg-x7k2m4pq")
def read(
    ctx: typer.Context,
    said: Annotated[str, typer.Argument(metavar="[ID]", help="The letter; the newest.")] = "",
) -> int:
    """Read a letter; one of your own is read then, one of somebody else's stays as it was."""
    with works_of(ctx) as works:
        chosen = said or _newest(works)
        found = works.mail.read(chosen) if chosen else None
        now = works.now()
    return _one(ctx, found, now=now)


def _newest(works: Any) -> str:
    found = works.mail.newest()
    return "" if found is None else str(found.message.id)


def _one(ctx: typer.Context, found: Boxed | None, *, now: int) -> int:
    if found is None:
        return shown(ctx, None, ["nothing new"], now=now)
    reply = Next(do="reply", cmd=("gt", "mail", "reply", found.message.id, "-m", "<text>"))
    words = whole_letter(found, now=now)
    # What a service of the town writes is told: nobody there reads an answer.
    steps = () if found.message.sender.rpartition("/")[2] in SERVICES else (reply,)
    return shown(ctx, boxed_facts(found, whole=True), words, now=now, following=steps)


@mail.command(cls=Command)
@example("gt mail peek", "gt mail peek msg-x7k2m4pq")
def peek(
    ctx: typer.Context,
    said: Annotated[str, typer.Argument(metavar="[ID]", help="The letter; the newest.")] = "",
) -> int:
    """Look at a letter and leave it unread."""
    with works_of(ctx) as works:
        chosen = said or _newest(works)
        found = works.mail.peek(chosen) if chosen else None
        now = works.now()
    return _one(ctx, found, now=now)


@mail.command(cls=Command)
@example('gt mail reply msg-x7k2m4pq -m "Yes."')
def reply(
    ctx: typer.Context,
    said: Said,
    *,
    subject: Annotated[str, typer.Option("-s", "--subject", help="What it is about.")] = "",
    body: Annotated[str, typer.Option("-m", "--message", "--body", help="Its text.")] = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Its text is on standard input.")] = False,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody who got it.")] = False,
) -> int:
    """Answer a letter."""
    text = text_of(call_of(ctx), "-" if stdin else body)
    with works_of(ctx) as works:
        posted = works.mail.reply(said, body=text, subject=subject, everybody=everybody)
        now = works.now()
    return _sent(ctx, posted, [], now=now)


@mail.command(cls=Command)
@example("gt mail thread msg-x7k2m4pq")
def thread(ctx: typer.Context, said: Said) -> int:
    """Show a conversation, the oldest letter first."""
    with works_of(ctx) as works:
        found = works.mail.thread(said)
        now = works.now()
    return _listed(ctx, found, now=now, empty="no letters")


@mail.command(cls=Command)
@example("gt mail search cache")
def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="What stands in it.")],
    *,
    everything: Annotated[bool, typer.Option("--all", help="Letters of others too.")] = False,
) -> int:
    """Find letters by words in them."""
    with works_of(ctx) as works:
        found = works.mail.search(" ".join(words), everything=everything)
        now = works.now()
    return _listed(ctx, found, now=now, empty="no letter has these words")


@mail.command("mark-read", cls=Command)
@example("gt mail mark-read msg-x7k2m4pq", "gt mail mark-read --all")
def mark_read(
    ctx: typer.Context,
    said: Ids = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All of yours.")] = False,
) -> int:
    """Call letters read."""
    with works_of(ctx) as works:
        ids = [one.message.id for one in works.mail.inbox(unread=True)] if everything else said
        done = works.mail.mark_read(_named(ids, everything=everything))
        now = works.now()
    return _done(ctx, "read", done, now=now)


def _named(ids: list[str] | None, *, everything: bool = False) -> list[str]:
    if not ids and not everything:
        raise UsageError("no letter is named")
    return ids or []


def _done(ctx: typer.Context, word: str, done: list[str], *, now: int) -> int:
    return shown(ctx, {word: done}, [f"✓ {word}: {', '.join(done) or 'none'}"], now=now)


@mail.command("mark-unread", cls=Command)
@example("gt mail mark-unread msg-x7k2m4pq")
def mark_unread(ctx: typer.Context, said: Ids = None) -> int:
    """Call letters unread."""
    with works_of(ctx) as works:
        done = works.mail.mark_unread(_named(said))
        now = works.now()
    return _done(ctx, "unread", done, now=now)


@mail.command(cls=Command)
@example("gt mail archive msg-x7k2m4pq", "gt mail archive --stale")
def archive(
    ctx: typer.Context,
    said: Ids = None,
    *,
    stale: Annotated[bool, typer.Option("--stale", help="All that are older than a day.")] = False,
) -> int:
    """Put letters away."""
    with works_of(ctx) as works:
        ids = [*(said or ()), *(works.mail.old() if stale else ())]
        done = works.mail.archive(_named(ids, everything=stale))
        now = works.now()
    return _done(ctx, "archived", done, now=now)


@mail.command(cls=Command)
@example("gt mail delete msg-x7k2m4pq")
def delete(ctx: typer.Context, said: Ids = None) -> int:
    """Delete letters from your box."""
    with works_of(ctx) as works:
        done = works.mail.delete(_named(said))
        now = works.now()
    return _done(ctx, "deleted", done, now=now)


@mail.command(cls=Command)
@example("gt mail clear")
def clear(ctx: typer.Context) -> int:
    """Empty your box, but for what is pinned."""
    with works_of(ctx) as works:
        done = works.mail.clear()
        now = works.now()
    return _done(ctx, "deleted", done, now=now)


@mail.command(cls=Command)
@example("gt mail check", "gt mail check --inject")
def check(
    ctx: typer.Context,
    *,
    inject: Annotated[bool, typer.Option("--inject", help="For a turn's end: tell it.")] = False,
) -> int:
    """Say whether there is mail: exit 0 if so, 1 if not; --inject tells a turn, and is 0 always."""
    if inject:
        return _inject(ctx)
    with works_of(ctx) as works:
        fresh = works.mail.unread_count()
        now = works.now()
    words = [f"{fresh} unread" if fresh else "nothing new"]
    shown(ctx, {"unread": fresh}, words, now=now, schema="gt.v1.mail.check")
    return 0 if fresh else NOTHING_NEW


def _inject(ctx: typer.Context) -> int:
    """What waits for this turn is printed, and told to nobody else."""
    from cli.gt.injecting import inject  # noqa: PLC0415  # it never fails, whatever happens

    return inject(ctx)


@mail.command(cls=Command)
@example("gt mail directory")
def directory(ctx: typer.Context) -> int:
    """List everybody who can be written to."""
    with works_of(ctx) as works:
        found = works.mail.addresses()
        now = works.now()
    words = [one for kind in found.values() for one in kind]
    return shown(ctx, found, words, now=now, schema="gt.v1.mail.directory")


mail.add_typer(group)
