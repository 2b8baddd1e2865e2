"""`gt doctor`: runs the town's checks one by one and prints what each found, as it is found."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.caller import caller_of
from cli.context import Call
from cli.escape import escape
from cli.gt.opened import workspace_of
from cli.output import envelope
from cli.tree import Command, call_of, example, new_module
from ledger.store import StoreError
from town.doctor.check import Outcome, Patient, examine

if TYPE_CHECKING:
    from town.node.private import OpenPrivate

app = new_module()

MARKS = {"ok": "✓", "warning": "⚠", "error": "✖"}
FAILED = 1


@app.command(cls=Command)
@example("gt doctor", "gt doctor --fix", "gt doctor --rig myproject -v")
def doctor(
    ctx: typer.Context,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    rig: Annotated[str, typer.Option("--rig", help="Only this rig's things.")] = "",
) -> int:
    """Look for what could be wrong with the town; 1 when something is."""
    call = call_of(ctx)
    workspace_of(call)
    with _opened(call) as (private, why):
        return _examined(call, _patient(call, private, why, rig), fix=fix)


@contextmanager
def _opened(call: Call) -> "Iterator[tuple[OpenPrivate | None, str]]":
    """The database where it opens, and why it does not otherwise."""
    source = call.private(call)
    try:
        private = source.__enter__()
    except StoreError as error:
        yield None, str(error)
        return
    with _closing(source):
        yield private, ""


@contextmanager
def _closing(source: Any) -> Iterator[None]:
    try:
        yield
    finally:
        source.__exit__(None, None, None)


def _patient(call: Call, private: "OpenPrivate | None", why: str, rig: str) -> Patient:
    from town.node.examining import patient  # noqa: PLC0415  # opens the engine's modules

    return patient(
        workspace_of(call), caller_of(call), call.env, private, closed_because=why, rig=rig
    )


def _examined(call: Call, patient: Patient, *, fix: bool) -> int:
    from town.doctor.registry import CHECKS  # noqa: PLC0415  # after the engine

    if patient.rig and patient.opened is not None:
        patient.rigs()
    found = []
    for check in CHECKS:
        if call.tty[1] and not call.wants.json:
            call.terminal.out(f"○ {check.name}…\r")
            call.terminal.flush()
        outcome = examine(check, patient, fix=fix)
        found.append(outcome)
        if not call.wants.json:
            _print(call, outcome)
    wrong = [one for one in found if not one.finding.good]
    failed = sum(one.finding.status == "error" for one in wrong)
    counts = {
        "passed": len(found) - len(wrong),
        "warnings": len(wrong) - failed,
        "failed": failed,
        "mended": sum(one.mended for one in found),
    }
    if call.wants.json:
        checks = [_facts(one) for one in found]
        call.terminal.out(envelope("gt.v1.doctor", data={"checks": checks, **counts}))
    else:
        _print_end(call, wrong, counts)
    return FAILED if failed else 0


def _facts(outcome: Outcome) -> dict[str, Any]:
    check, finding = outcome.check, outcome.finding
    return {
        "name": check.name,
        "what": check.what,
        "category": check.category,
        "status": finding.status,
        "message": finding.message,
        "details": list(finding.details),
        "hint": finding.hint,
        "mends": check.mend is not None,
        "mended": outcome.mended,
    }


def _print(call: Call, outcome: Outcome) -> None:
    check, finding = outcome.check, outcome.finding
    clear = "\x1b[K" if call.tty[1] else ""
    mended = " (mended)" if outcome.mended else ""
    line = f"{MARKS[finding.status]} {check.name:<17} {escape(finding.message)}{mended}"
    call.terminal.out(f"{clear}{line}\n")
    if call.wants.verbose:
        for more in (check.what, *finding.details):
            call.terminal.out(f"    {escape(more)}\n")


def _print_end(call: Call, wrong: list[Outcome], counts: dict[str, int]) -> None:
    passed, warnings, failed = counts["passed"], counts["warnings"], counts["failed"]
    warned = "1 warning" if warnings == 1 else f"{warnings} warnings"
    call.terminal.out(f"\n✓ {passed} passed  ⚠ {warned}  ✖ {failed} failed\n")
    for number, one in enumerate(wrong, 1):
        name, finding = one.check.name, one.finding
        mark = MARKS[finding.status]
        call.terminal.out(f"\n{number}. {mark} {name}: {escape(finding.message)}\n")
        for detail in finding.details:
            call.terminal.out(f"   {escape(detail)}\n")
        if finding.hint:
            call.terminal.out(f"   └─ {escape(finding.hint)}\n")
