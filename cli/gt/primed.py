"""`gt prime`: the lines that an agent reads first. A broken store is never told as "no work"."""

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import typer

from cli.caller import caller_of
from cli.context import Call, NoPlaceError
from cli.escape import escape
from cli.gt.opened import works_of
from cli.gt.said import goes_on, native_of, said_by_runtime
from cli.output import envelope, exit_of
from stamps.errors import WastelandError
from town.agents.beacon import autonomous
from town.hooks.errors import StaleError
from town.hooks.explaining import MEANS, parts, state_of
from town.hooks.priming import STORE_BROKEN, Told, primed
from town.mail.telling import Told as Waiting

if TYPE_CHECKING:
    from town.node.works import Works

MAIL = "### what waits for you"
STALE = "This work was given to somebody else or is over. Stop, and end this session."


class Shown(Enum):
    """What is printed: the lines themselves, why each part stands in them, or only the state."""

    LINES = "lines"
    REASONS = "reasons"
    STATE = "state"


def primed_lines(
    ctx: typer.Context,
    call: Call,
    *,
    hooked: bool,
    compact: bool,
    begin: bool,
    shown: Shown = Shown.LINES,
) -> int:
    """The exit code; the lines are printed, and what is on the hook is begun."""
    said = said_by_runtime(call, waits=False) if hooked else {}
    compact = compact or goes_on(said)
    try:
        with works_of(ctx) as works:
            _note(works, call, said)
            told = works.told(
                caller_of(call).actor,
                assignment=call.env.get("GT_ASSIGNMENT", ""),
                session=call.env.get("GT_SESSION_ID", ""),
                begin=begin,
            )
            if shown is not Shown.LINES:
                return _explained(call, told, only_state=shown is Shown.STATE)
            told, waiting = _with_mail(works, told, wanted=hooked and begin, compact=compact)
            printed = _printed(call, primed(told, compact=compact), data=_facts(told))
            works.nudges.acked(waiting)
            return printed
    except NoPlaceError:
        if hooked:
            return 0  # a person's own session of the same runtime, in no town
        raise
    except StaleError:
        return _printed(call, [STALE], data={"stale": True})
    except WastelandError as error:
        if not error.code.startswith("store."):
            raise
        _printed(call, [*STORE_BROKEN, f"({error.code}: {error})"], data={"broken": error.code})
        return exit_of(error)


def _explained(call: Call, told: Told, *, only_state: bool) -> int:
    """Why each part is told, and how a session would begin; nothing is begun by it."""
    from cli.caller import identity_of  # noqa: PLC0415
    from cli.gt.whoami import SOURCES  # noqa: PLC0415

    who = identity_of(call)
    state = state_of(told)
    found = parts(told, identity=SOURCES[who.source] if who is not None else "it was said")
    lines = [state] if only_state else [f"state      {state}: {MEANS[state]}"]
    data: dict[str, Any] = {"state": state}
    if not only_state:
        lines += [f"{'✓' if one.told else '•'} {one.name:<11}{one.why}" for one in found]
        data["parts"] = [{"name": one.name, "told": one.told, "why": one.why} for one in found]
    if call.wants.json:
        call.terminal.out(envelope("gt.v1.prime.why", data=data))
        return 0
    return _printed(call, lines, data=None)


def _note(works: "Works", call: Call, said: dict[str, Any]) -> None:
    """The session's row has what its runtime calls it, so that it can be asked later."""
    session, native = call.env.get("GT_SESSION_ID", ""), native_of(said)
    if session and native:
        works.agents.turned(session, native=native)


def _with_mail(works: "Works", told: Told, *, wanted: bool, compact: bool) -> tuple[Told, Waiting]:
    """The same with what waits for the agent, where it works by itself or goes on after a cut.

    Whoever works with a person hears it when that person says something.
    """
    if not (wanted and told.role and (compact or autonomous(told.role))):
        return told, Waiting(text="")
    waiting = works.nudges.inject(works.ports.caller.session)
    heard = (MAIL, waiting.text) if waiting.text else ()
    return replace(told, mail=heard), waiting


def _facts(told: Told) -> dict[str, object]:
    return {
        "agent": told.agent,
        "role": told.role,
        "has_work": told.bead is not None,
        "bead": told.bead.id if told.bead is not None else "",
        "assignment": told.work.id if told.work is not None else "",
    }


def _printed(call: Call, lines: list[str], *, data: object) -> int:
    if call.wants.json:
        call.terminal.out(envelope("gt.v1.prime", data={"lines": lines, "facts": data}))
    else:
        call.terminal.out("".join(f"{escape(line)}\n" for line in "\n".join(lines).split("\n")))
    return 0
