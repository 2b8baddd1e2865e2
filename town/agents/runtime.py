"""Which program an agent runs, and the words it is started with.

Pure. The nearest answer wins: what this start asks for, then the worker's, the role's, the rig's,
the town's, and `claude` at last. Every way of starting a session comes through here.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, ClassVar, Final

from stamps.errors import WastelandError
from town.agents.presets import BY_NAME, DEFAULT, PRESETS, Preset

PROMPT_MODES: Final = ("arg", "none")


class NoAgentError(WastelandError):
    """No agent program is called so."""

    code: ClassVar[str] = "id.agent"
    hint: ClassVar[str] = "`gt config agent list` shows them; `gt config agent set` adds one."
    exit: ClassVar[int] = 3
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("gt", "config", "agent", "list"),)

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no agent is called {name!r}; there are {', '.join(known)}")
        self.name = name


class BadAgentError(WastelandError):
    """An agent program cannot be described so."""

    code: ClassVar[str] = "agent.bad"
    hint: ClassVar[str] = 'gt config agent set NAME "command and its arguments"'
    exit: ClassVar[int] = 2

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"agent {name}: {why}")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything that says which agent is meant, the nearest first; empty fields say nothing.

    `town` and `rig` are the objects of the two settings files.
    """

    flag: str = ""
    worker: str = ""  # the name of the one who works
    role: str = ""
    town: Mapping[str, Any]
    rig: Mapping[str, Any]


def custom(name: str, told: Mapping[str, Any]) -> Preset:
    """A town's own agent; it is like the runtime whose command it uses. Raises BadAgentError."""
    command = told.get("command")
    args = told.get("args", [])
    if not isinstance(command, str) or not command.strip():
        raise BadAgentError(name, "command: is missing")
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        raise BadAgentError(name, "args: is no list of texts")
    mode = told.get("prompt_mode", "")
    if mode and mode not in PROMPT_MODES:
        raise BadAgentError(name, f"prompt_mode: is one of {', '.join(PROMPT_MODES)}")
    program = PurePath(command).name
    base = _base(str(told.get("provider") or ""), program)
    own = {"process_names": (program,)} if base.command != program else {}
    return replace(
        base,
        name=name,
        command=command,
        args=tuple(args),
        env=dict(base.env) | _texts(name, told.get("env", {})),
        prompt_mode=mode or base.prompt_mode,
        builtin=False,
        **own,  # type: ignore[arg-type]
    )


def _base(provider: str, program: str) -> Preset:
    if provider in BY_NAME:
        return BY_NAME[provider]
    plain = Preset(name="plain", command="")
    return next((preset for preset in PRESETS if preset.command == program), plain)


def _texts(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise BadAgentError(name, "env: is no object of texts")
    return {str(key): str(one) for key, one in value.items()}


def typed(name: str, line: str) -> dict[str, Any]:
    """The settings of an agent from a command line as a person types it. Raises BadAgentError."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise BadAgentError(name, str(error)) from error
    if not words:
        raise BadAgentError(name, "command: is missing")
    return {"command": words[0], "args": words[1:]}


def known(town: Mapping[str, Any], rig: Mapping[str, Any]) -> dict[str, Preset]:
    """Every agent by name: the built-in ones, the town's, the rig's. Raises BadAgentError."""
    found = dict(BY_NAME)
    for settings in (town, rig):
        own = settings.get("agents") or {}
        found |= {name: custom(name, told) for name, told in own.items()}
    return found


def chosen(asked: Asked) -> Preset:
    """The agent that is meant. Raises NoAgentError, BadAgentError."""
    agents = known(asked.town, asked.rig)
    block = asked.rig.get("runtime") or {}
    ways = (
        asked.flag,
        _named(asked.rig, "worker_agents", asked.worker),
        _named(asked.rig, "role_agents", asked.role),
        _named(asked.town, "role_agents", asked.role),
        _named(asked.town, "crew_agents", asked.worker) if asked.role == "crew" else "",
        str(asked.rig.get("agent") or ""),
    )
    name = next((way for way in ways if way), "")
    if not name and block:
        return _of_block(block, agents)
    name = name or str(asked.town.get("default_agent") or DEFAULT)
    if name not in agents:
        raise NoAgentError(name, sorted(agents))
    return agents[name]


def _named(settings: Mapping[str, Any], group: str, who: str) -> str:
    return str((settings.get(group) or {}).get(who) or "") if who else ""


def _of_block(block: Mapping[str, Any], agents: Mapping[str, Preset]) -> Preset:
    """The agent of a rig's `runtime` block: a provider, with what the block says otherwise."""
    provider = str(block.get("provider") or DEFAULT)
    if provider not in agents:
        raise NoAgentError(provider, sorted(agents))
    base = agents[provider]
    told = {
        "provider": provider,
        "command": block.get("command") or base.command,
        "args": block.get("args") or list(base.args),
        "prompt_mode": block.get("prompt_mode") or base.prompt_mode,
        "env": block.get("env") or {},
    }
    same = told["command"] == base.command
    names = base.process_names if same else (PurePath(str(told["command"])).name,)
    return replace(custom(provider, told), process_names=names)


def launch(
    preset: Preset, *, prompt: str = "", resume: str = "", settings: str = ""
) -> tuple[str, ...]:
    """The argv of a session: begun anew with a prompt, or resumed by the runtime's own id.

    `settings` is the path of a hook file for a runtime that can be pointed to one. Raises
    BadAgentError where the runtime cannot resume.
    """
    flag = preset.hooks.flag if preset.hooks is not None else ""
    words = [preset.command, *preset.args]
    words += [flag, settings] if flag and settings else []
    if resume:
        if not preset.resume:
            raise BadAgentError(preset.name, "cannot resume a session")
        words += [*preset.resume, resume]
    if prompt and preset.prompt_mode == "arg":
        words.append(prompt)
    return tuple(words)


def forked(preset: Preset, session: str) -> tuple[str, ...]:
    """The argv of a conversation with a fork of a session, which stays as it is.

    Raises BadAgentError where the runtime cannot.
    """
    if not preset.forks:
        raise BadAgentError(preset.name, "cannot fork a session")
    return (preset.command, *preset.args, "--fork-session", *preset.resume, session)


def question(preset: Preset, text: str, *, session: str = "") -> tuple[str, ...]:
    """The argv that asks one question and ends, of a fork of a session where one is named.

    Raises BadAgentError where the runtime cannot.
    """
    headless = preset.headless
    if headless is None or (session and not preset.forks):
        raise BadAgentError(preset.name, "cannot be asked one question")
    words = [preset.command, *((headless.subcommand,) if headless.subcommand else ()), *preset.args]
    if session:
        words += ["--fork-session", *preset.resume, session]
    words += headless.output_flags
    return (*words, *((headless.prompt_flag,) if headless.prompt_flag else ()), text)


def fallback(*, autonomous: bool) -> tuple[str, ...]:
    """What is typed into a session that no hooks tell anything, in this order, once it is ready."""
    mail = ("gt mail check --inject",) if autonomous else ()
    return ("gt prime", *mail, "gt nudge deacon session-started")
