"""How `gt` says what is on hooks."""

from collections.abc import Sequence
from typing import Any

from cli.output import exit_of
from stamps.errors import WastelandError
from town.hooks.desk import Hooked
from town.hooks.slinging import Slung
from town.market.answer import Answer, Next, error_facts


def slung_answer(
    results: Sequence[Slung],
    failed: Sequence[tuple[str, WastelandError]],
    *,
    up: bool,
    rehearsed: bool,
    warn: Sequence[str] = (),
) -> Answer:
    """What came of every order; `warn` is why no session of it could begin here."""
    words: list[str] = []
    for one in results:
        words += _slung_words(one, rehearsed=rehearsed)
    words += [f"✗ {bead}: {error}" for bead, error in failed]
    steps = () if up else (Next(do="up", cmd=("gt", "up"), label="begin its session"),)
    data = {
        "slung": [_slung_facts(one) for one in results],
        "failed": [{"bead": bead, **error_facts(error)} for bead, error in failed],
    }
    code = exit_of(failed[0][1]) if failed else 0
    held = tuple(f"{one} Until then it waits on the hook." for one in warn)
    return Answer(
        schema="gt.v1.sling", data=data, words=tuple(words), next=steps, exit=code, warn=held
    )


def _slung_words(one: Slung, *, rehearsed: bool) -> list[str]:
    if not one.fresh:
        return [f"= {one.bead.id} is on the hook of {one.agent.id} already"]
    lines = [f"🎯 {'would sling' if rehearsed else 'Slinging'} {one.bead.id} to {one.agent.id}"]
    lines += [f"→ convoy {one.convoy}"] if one.convoy else []
    if not rehearsed:
        lines += ["✓ Work attached to hook (status=hooked)"]
        lines += [f"  worktree {one.work.worktree} on {one.work.branch}"] if one.work.branch else []
    return lines


def _slung_facts(one: Slung) -> dict[str, Any]:
    return {
        "bead": one.bead.id,
        "agent": one.agent.id,
        "assignment": one.work.id,
        "convoy": one.convoy,
        "branch": one.work.branch,
        "worktree": one.work.worktree,
        "fresh": one.fresh,
    }


def hooked_answer(found: Sequence[Hooked]) -> Answer:
    """What is on these hooks."""
    data = [
        {
            "agent": one.agent.id,
            "bead": one.bead.id if one.bead is not None else "",
            "title": one.bead.title if one.bead is not None else "",
            "status": one.bead.status if one.bead is not None else "",
            "assignment": one.work.id if one.work is not None else "",
            "attempt": one.work.attempt if one.work is not None else 0,
            "branch": one.work.branch if one.work is not None else "",
        }
        for one in found
    ]
    words = [
        f"{one.agent.id}: {one.bead.id} {one.bead.title} ({one.work.state})"
        if one.bead is not None and one.work is not None
        else f"{one.agent.id}: nothing on the hook"
        for one in found
    ]
    empty = "nobody has work on the hook"
    return Answer(schema="gt.v1.hook", data={"hooks": data}, words=tuple(words or [empty]))
