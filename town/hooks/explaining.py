"""Why a primed agent is told what it is told, and in which state it begins.

Pure: from the same values as the lines themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from town.hooks.formula import gate_commands
from town.hooks.priming import Told

NORMAL: Final = "normal"
POST_HANDOFF: Final = "post-handoff"
CRASH_RECOVERY: Final = "crash-recovery"
AUTONOMOUS: Final = "autonomous"
MEANS: Final = {
    NORMAL: "nothing is on its hook, and nobody left it anything",
    POST_HANDOFF: "the session before handed on",
    CRASH_RECOVERY: "work was begun, and its last checkpoint is there",
    AUTONOMOUS: "work is on its hook, to be begun at once",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what an agent is told: whether it is, and why or why not."""

    name: str
    told: bool
    why: str


def state_of(told: Told) -> str:
    """How a session of the agent would begin, in a word."""
    if told.handoff:
        return POST_HANDOFF
    if told.checkpoint is not None:
        return CRASH_RECOVERY
    return AUTONOMOUS if told.bead is not None else NORMAL


def parts(told: Told, *, identity: str) -> list[Part]:
    """Every part in its order; `identity` says how it is known who the agent is."""
    return [
        Part("identity", told=True, why=f"{told.agent}, because {identity}"),
        Part("role", told=True, why=f"what is told to every {told.role or 'overseer'}"),
        *_policies(told),
        _given("handoff", told.handoff, "the session before left it", "nobody left anything"),
        _given(
            "checkpoint", told.checkpoint,
            "this very work has one: gt checkpoint write", "no checkpoint of this work",
        ),
        *_hook(told),
        _given(
            "memories", told.remembered,
            f"{len(told.remembered)} kept with bd remember", "nothing was remembered",
        ),
        Part("mail", told=False, why="only with --hook, to who works alone; else at a turn's end"),
    ]  # fmt: skip


def _given(name: str, there: object, why: str, why_not: str) -> Part:
    return Part(name, told=bool(there), why=why if there else why_not)


def _policies(told: Told) -> Iterator[Part]:
    if not told.directives:
        file = f"directives/{told.role or 'ROLE'}.md"
        yield Part("policy", told=False, why=f"no {file} in the town or its rig")
    for where, text in told.directives:
        yield Part("policy", told=True, why=f"of {where}, {len(text)} characters")


def _hook(told: Told) -> Iterator[Part]:
    bead, work = told.bead, told.work
    if bead is None or work is None:
        yield Part("hook", told=False, why="nothing is on it: what its role then does is told")
        return
    yield Part("hook", told=True, why=f"{bead.id} is on it, attempt {work.attempt} as {work.id}")
    earlier = f"{len(told.earlier)} branches have earlier work"
    yield _given("earlier", told.earlier, earlier, "nobody worked on it before")
    if not work.formula:
        yield Part("steps", told=False, why="it was given without a formula, or to no worker")
        return
    gates = len(gate_commands(told.settings))
    yield Part("steps", told=True, why=f"of {work.formula}; {gates} gates of the rig stand in it")
