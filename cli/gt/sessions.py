"""What commands about sessions share: one that is begun, handed to a person, ended."""

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from cli.context import Call
from cli.gt.agents import session_facts
from town.agents.address import Address
from town.market.answer import Answer, Next
from town.node.boot import child_environment
from town.sessions.desk import SessionView
from town.sessions.port import SessionThereError

if TYPE_CHECKING:
    from ledger.workspace.work import Session
    from town.node.works import Works

LAUNCHED = "import cli.launcher; cli.launcher.main('gt')"


def begun(call: Call, works: "Works", who: Address, *, runtime: str = "") -> tuple["Session", bool]:
    """The agent's session, and whether it was begun by this.

    Raises SessionError, NoAgentError, BadFileError.
    """
    there = works.agents.of(who)
    if there is not None and there.alive:
        return there.row, False
    request = works.agents.request(who, runtime=runtime)
    works.agents.check_program(who, runtime=request.runtime)
    try:
        row = works.agents.begin(request)
    except SessionThereError:
        return works.agents.newest(who), False
    see_through(call, row.id)
    return row, True


def see_through(call: Call, session: str) -> None:
    """The node sees the session through its beginning, else a process that nobody waits for."""
    if call.resident:
        return
    argv = [sys.executable, "-c", LAUNCHED, "session", "settle", session, "--home", call.home]
    subprocess.run(  # noqa: S603  # argv only
        ["/bin/sh", "-c", '"$@" &', "sh", *argv],
        env=child_environment(dict(call.env)),
        cwd=call.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
    )


def attached(call: Call, works: "Works", who: Address) -> tuple[str, ...]:
    """The argv that shows the agent's session; a person's terminal is handed over to it."""
    argv = ("env", "-u", "TMUX", *works.agents.attach(who))
    if call.tty[0] and call.tty[1] and not call.wants.json:
        call.then = argv
    return argv


def told(
    row: "Session",
    *,
    fresh: bool,
    alive: bool = True,
    then: tuple[str, ...] = (),
    asked: str = "",
) -> Answer:
    """A session as an answer; `then` is the argv that shows it, `asked` what it was to run."""
    view = SessionView(row=row, alive=alive)
    data: dict[str, Any] = {"session": session_facts(view), "started": fresh}
    data["attach"] = list(then) if then else None
    verb = "started" if fresh else "runs already"
    words = (f"✓ {row.agent}  {verb}  [{row.runtime}]  session {row.name}, pid {row.pid}",)
    steps = (
        Next(do="peek", cmd=("gt", "peek", row.agent), label="what it prints"),
        Next(do="attach", cmd=("gt", "session", "at", row.agent), label="sit down at it"),
    )
    other = asked and not fresh and asked != row.runtime
    again = f"gt session restart {row.agent} --agent {asked}"
    return Answer(
        schema="gt.v1.session", data=data, words=words, next=() if then else steps,
        warn=(f"it goes on with {row.runtime}; to have {asked}: {again}",) if other else (),
    )  # fmt: skip
