"""`wl doctor`: prints what the node's checks found, and does what it was told to mend.

Without an option it changes nothing, and does not even open a ledger that it cannot lock.
"""

from dataclasses import replace

from cli.context import Call
from cli.output import command_line, envelope
from stamps.errors import WastelandError
from town.node.doctor import Check, look
from town.node.home import Home

MARKS = {"good": "ok", "warn": "warn", "bad": "bad", "unknown": "?"}
FAILED = 1


def examine(call: Call) -> int:
    """0 when nothing is bad; every finding is printed."""
    return _print(call, _findings(call), done=())


def mend(call: Call) -> int:
    """The plan is printed; with `--yes` it was carried out."""
    found = _findings(call)
    if not call.wants.yes:
        return _print(call, found, done=())
    plan = [(check.id, check.mend) for check in found if check.mend is not None]
    for _, carry_out in plan:
        carry_out()
    return _print(call, _findings(call), done=tuple(name for name, _ in plan))


def remake(call: Call) -> int:
    """Rows and indexes were made anew from the records, in every ledger of the town."""
    with call.town(call) as town:
        counts = town.rebuild()
    if call.wants.json:
        call.terminal.out(envelope("wl.v1.rebuild", data=counts))
        return 0
    for name, records in counts.items():
        call.terminal.out(f"rebuilt  {name}: {records} records\n")
    if not counts:
        call.terminal.out("rebuilt  nothing: this town is in no wasteland\n")
    return 0


def _findings(call: Call) -> list[Check]:
    home = Home(call.path(call.home))
    found = look(home, call.env)
    if not home.inhabited:
        return found
    try:
        with call.town(call) as town:
            return [*found, *(_mendable(call, check) for check in town.checks())]
    except WastelandError as error:
        closed = Check(
            id="ledger",
            state="bad",
            found=f"{error.code}: {error}",
            cause=error.hint,
            command=next(iter(getattr(error, "try_", ())), ()),
        )
        return [*found, closed]


def _mendable(call: Call, check: Check) -> Check:
    """A check of the open town, with what can be done about it in a town that is opened anew."""
    if check.id != "loose" or check.state == "good":
        return check

    def empty() -> None:
        with call.town(call) as town:
            town.empty_loose()

    return replace(check, mend=empty)


def _print(call: Call, found: list[Check], *, done: tuple[str, ...]) -> int:
    code = FAILED if any(check.state == "bad" for check in found) else 0
    if call.wants.json:
        data = {"checks": [check.plain() for check in found], "mended": list(done)}
        call.terminal.out(envelope("wl.v1.doctor", data=data))
        return code
    for check in found:
        call.terminal.out(f"{MARKS[check.state]:<5} {check.id:<12} {check.found}\n")
        if check.cause:
            call.terminal.out(f"{'':<19}{check.cause}\n")
        if check.command:
            mark = "  (wl doctor --fix --yes does it)" if check.mend is not None else ""
            call.terminal.out(f"{'':<19}{command_line(check.command)}{mark}\n")
    for name in done:
        call.terminal.out(f"mended {name}\n")
    return code
