"""`gt mq`: the merge queue of a project."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import UsageError
from cli.gt.integration import app as integration
from cli.gt.mq_shown import facts_of, lines_of, request_words, run_facts
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.merging.queue import Line, in_order
from ledger.workspace.work import MERGED
from town.market.answer import Answer, Next
from town.refinery.submitting import Submission

if TYPE_CHECKING:
    from town.node.works import Works
    from town.refinery.verifying import Verdict

FAILED = 1

app = new_module()
mq = new_group("mq", "The merge queue: what was handed in, and what becomes of it.")
app.add_typer(mq)
app.add_typer(mq, name="mr", hidden=True)
mq.add_typer(integration)

Rig = Annotated[str, typer.Argument(metavar="[RIG]", help="The project; the one you stand in.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A merge request, or its branch.")]
# As the predecessor has it, the rig may stand before; an id says it all.
Ids = Annotated[
    list[str], typer.Argument(metavar="[RIG] ID", help="A merge request, or its branch.")
]


def _listed(works: "Works", rig: str, keep: Callable[[Line], bool], *, ended: bool) -> list[Line]:
    found = works.queue.every(rig) if ended else works.queue.listed(rig)
    return in_order(line for line in found if keep(line))


@mq.command("list", cls=Command)
@example(
    "gt mq list myproject",
    "gt mq list myproject --ready --json",
    "gt mq list --all",
    "gt mq list --verify",
)
def list_(
    ctx: typer.Context,
    rig: Rig = "",
    *,
    ready: Annotated[bool, typer.Option("--ready", help="Only what could be merged now.")] = False,
    status: Annotated[str, typer.Option("--status", help="Only these: ready, merged, …")] = "",
    worker: Annotated[str, typer.Option("--worker", help="Only this worker's.")] = "",
    epic: Annotated[str, typer.Option("--epic", help="Only work below this epic.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="What is merged, rejected or replaced, too.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Look for branches that are gone, beads that are done.")
    ] = False,
) -> int:
    """List a project's merge requests; those of all where you stand in none."""
    with works_of(ctx) as works:
        names = [one.name for one in works.crew.rigs_of(rig)]
        below = works.integration.below(epic) if epic else set()

        def keep(line: Line) -> bool:
            one = line.request
            return (
                (not ready or (line.ready and not line.waiting_on))
                and (not status or one.state == status)
                and (not worker or worker in (one.worker, one.worker.rpartition("/")[2]))
                and (not epic or one.bead in below)
            )

        ended = everything or bool(status)
        queues = {name: _listed(works, name, keep, ended=ended) for name in names}
        every = [line.request for found in queues.values() for line in found]
        seen = works.verified(every) if verify else None
        now = works.now()
    return show(call_of(ctx), _queues(queues, seen, now), now=now)


def _queues(
    queues: Mapping[str, list[Line]], seen: "Mapping[str, Verdict] | None", now: int
) -> Answer:
    """Requests of rigs, and where that was looked at, which of them could never be merged."""
    words: list[str] = []
    for rig, lines in queues.items():
        if lines:
            words += ([rig] if len(queues) > 1 else []) + lines_of(lines, now)
        else:
            words.append(f"the merge queue of {rig} is empty")
    found = [line for lines in queues.values() for line in lines]
    known = seen or {}
    wrong = [f"✗ {one}: {why}" for one, verdict in known.items() for why in verdict.wrong]
    if seen is not None and found:
        words += wrong or ["✓ every branch is there, and every bead is still to be done"]
    facts = [
        {
            **facts_of(line),
            **({"verified": asdict(one)} if (one := known.get(line.request.id)) else {}),
        }
        for line in found
    ]
    data = {"rig": next(iter(queues)) if len(queues) == 1 else "", "requests": facts}
    return Answer(schema="gt.v1.mq", data=data, words=tuple(words), exit=FAILED if wrong else 0)


@mq.command("next", cls=Command)
@example("gt mq next myproject", "gt mq next myproject --strategy fifo")
def next_(
    ctx: typer.Context,
    rig: Rig = "",
    *,
    strategy: Annotated[str, typer.Option("--strategy", help="priority or fifo.")] = "priority",
) -> int:
    """Show what is merged next."""
    if strategy not in ("priority", "fifo"):
        raise UsageError(f"--strategy {strategy!r} is none of priority, fifo")
    with works_of(ctx) as works:
        name = works.crew.rig_of(rig).name
        lines = [line for line in works.queue.listed(name) if line.ready and not line.waiting_on]
        found = next(iter(in_order(lines, by_age=strategy == "fifo")), None)
        now = works.now()
    if found is None:
        words: tuple[str, ...] = (f"nothing is ready in {name}",)
    else:
        words = (found.request.id,) if call_of(ctx).wants.quiet else tuple(lines_of([found], now))
    data = {"rig": name, "request": facts_of(found) if found is not None else None}
    return show(call_of(ctx), Answer(schema="gt.v1.mq.next", data=data, words=words), now=now)


@mq.command(cls=Command)
@example("gt mq submit", "gt mq submit --issue gt-abc12 --priority 1")
def submit(
    ctx: typer.Context,
    *,
    branch: Annotated[str, typer.Option("--branch", help="The branch; the one you are on.")] = "",
    issue: Annotated[str, typer.Option("--issue", help="Its bead; else as the branch says.")] = "",
    epic: Annotated[str, typer.Option("--epic", help="Into this epic's branch.")] = "",
    priority: Annotated[
        int | None, typer.Option("--priority", min=0, max=4, help="0 is highest; its bead's.")
    ] = None,
    resubmit: Annotated[
        bool, typer.Option("--resubmit", help="Also a commit that was rejected before.")
    ] = False,
    _always: Annotated[
        bool, typer.Option("--no-cleanup", "--skip-deps", hidden=True, help="As always.")
    ] = False,
) -> int:
    """Hand a branch in, to be tried and merged."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        rig = works.crew.rig_of()
        submitting = works.submitting
        target = works.integration.target_for(rig, epic=epic, bead=issue or branch)
        said = Submission(
            checkout=Path(call.cwd), branch=branch, issue=issue, target=target,
            priority=priority, again=resubmit,
        )  # fmt: skip
        request = submitting.hand_in(rig, said)
        line = submitting.line(request.id)
        now = works.now()
    words = [
        f"request {request.id}: {request.branch} at {request.sha[:12]} into {request.target}",
        "        submitted is not merged; its bead closes when it is",
    ]
    if request.state == MERGED:
        words = [f"request {request.id} is merged already, as {request.merge_commit}"]
    steps = (Next(do="look", cmd=("gt", "mq", "status", request.id)),)
    data = facts_of(line)
    return show(call, Answer(schema="gt.v1.mr", data=data, words=tuple(words), next=steps), now=now)


def _one(ctx: typer.Context, work: "Callable[[Works], str]", said: str = "") -> int:
    """What is shown of a request after something was done with it."""
    with works_of(ctx) as works:
        name = work(works)
        line = works.queue.line(name)
        runs = works.queue.runs_of(line.request)
        now = works.now()
    words = request_words(line, runs, now)
    data: dict[str, Any] = {**facts_of(line), "gate_runs": [run_facts(run) for run in runs]}
    answer = Answer(schema="gt.v1.mr", data=data, words=((said, *words) if said else tuple(words)))
    return show(call_of(ctx), answer, now=now)


def _id(words: list[str]) -> str:
    if len(words) > 2:  # noqa: PLR2004  # the rig, and what is meant
        raise UsageError("one merge request: its id, or its branch")
    return words[-1]


@mq.command(cls=Command)
@example("gt mq status ap-mr-x3k9p")
def status(ctx: typer.Context, request: Id) -> int:
    """Show one merge request, and what its gates found."""
    return _one(ctx, lambda works: works.queue.line(request).request.id)


@mq.command(cls=Command)
@example("gt mq retry ap-mr-x3k9p", "gt mq retry ap-mr-x3k9p --now")
def retry(
    ctx: typer.Context,
    request: Ids,
    *,
    now: Annotated[bool, typer.Option("--now", help="Without waiting for others.")] = False,
) -> int:
    """Try a merge request again."""
    return _one(ctx, lambda works: works.queue.retry(_id(request), at_once=now).id)


@mq.command(cls=Command)
@example("gt mq reject ap-mr-x3k9p --reason 'not what was asked for'")
def reject(
    ctx: typer.Context,
    request: Ids,
    *,
    reason: Annotated[str, typer.Option("-r", "--reason", help="Why; its worker reads it.")],
    notify: Annotated[bool, typer.Option("--notify", help="Write its worker a letter.")] = False,
) -> int:
    """End a merge request without merging it; its bead stays open."""

    def work(works: "Works") -> str:
        rejected = works.queue.reject(_id(request), reason)
        if notify and rejected.worker:
            _letter(works, rejected.worker, rejected.id, reason)
        return rejected.id

    return _one(ctx, work)


def _letter(works: "Works", worker: str, request: str, reason: str) -> None:
    from ledger.workspace.letters import Letter  # noqa: PLC0415

    works.mail.send(Letter(to=(worker,), subject=f"MERGE_REJECTED: {request}", body=reason))
