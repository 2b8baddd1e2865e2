"""The programs of a town's agents as a person keeps them: the built-in ones and their own.

Their own lie in the town's settings. A built-in one is never changed.
"""

from typing import Any, ClassVar, Final

from stamps.errors import WastelandError
from town.agents.presets import BY_NAME, DEFAULT, Preset
from town.agents.runtime import NoAgentError, custom, known, typed
from town.workspace.files import changing, read_json, write_json
from town.workspace.layout import Workspace

TYPE: Final = "town-settings"
VERSION: Final = 1
NAME_CHARS_MAX: Final = 40


class BuiltInError(WastelandError):
    """A built-in agent program cannot be changed or taken away."""

    code: ClassVar[str] = "agent.builtin"
    hint: ClassVar[str] = "Give yours another name: gt config agent set my-NAME COMMAND"
    exit: ClassVar[int] = 4

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is built in and stays as it is")
        self.name = name


class AgentNameError(WastelandError):
    """An agent program cannot be called so."""

    code: ClassVar[str] = "agent.name"
    hint: ClassVar[str] = "Letters, digits, - and _, at most 40."
    exit: ClassVar[int] = 2

    def __init__(self, name: str) -> None:
        super().__init__(f"an agent program cannot be called {name!r}")
        self.name = name


class InUseError(WastelandError):
    """An agent program that a setting names cannot be taken away."""

    code: ClassVar[str] = "agent.in_use"
    hint: ClassVar[str] = "Choose another one there first."
    exit: ClassVar[int] = 4

    def __init__(self, name: str, where: str) -> None:
        super().__init__(f"{name} is what {where} names")
        self.name, self.where = name, where


class Agents:
    """The agent programs of a town."""

    def __init__(self, workspace: Workspace) -> None:
        self.path = workspace.settings

    def _told(self) -> dict[str, Any]:
        return read_json(self.path)

    def listed(self) -> list[Preset]:
        """Every one: the built-in ones in their order, then the person's by name."""
        found = known(self._told(), {})
        own = sorted(name for name in found if name not in BY_NAME)
        return [found[name] for name in (*BY_NAME, *own)]

    def default(self) -> str:
        """The name of the one that agents run where nobody says otherwise."""
        return str(self._told().get("default_agent") or DEFAULT)

    def get(self, name: str) -> Preset:
        """The program of this name. Raises NoAgentError, BadAgentError."""
        found = known(self._told(), {})
        if name not in found:
            raise NoAgentError(name, sorted(found))
        return found[name]

    def set(self, name: str, line: str) -> Preset:
        """The program of this name is that command. Raises BuiltInError, BadAgentError."""
        if name in BY_NAME:
            raise BuiltInError(name)
        plain = name.replace("-", "").replace("_", "")
        if not plain.isalnum() or not name.isascii() or len(name) > NAME_CHARS_MAX:
            raise AgentNameError(name)
        told = typed(name, line)
        made = custom(name, told)
        with changing(self.path):
            whole = self._told() or {"type": TYPE, "version": VERSION}
            kept = whole.get("agents", {}).get(name, {})
            more = {key: value for key, value in kept.items() if key not in told}
            whole.setdefault("agents", {})[name] = {**more, **told}
            write_json(self.path, whole)
        return made

    def remove(self, name: str) -> bool:
        """Whether there was one of this name; it is gone. Raises BuiltInError, InUseError."""
        if name in BY_NAME:
            raise BuiltInError(name)
        with changing(self.path):
            whole = self._told()
            if name not in whole.get("agents", {}):
                return False
            where = self._named(whole, name)
            if where:
                raise InUseError(name, where)
            del whole["agents"][name]
            write_json(self.path, whole)
        return True

    def _named(self, whole: dict[str, Any], name: str) -> str:
        """The setting that names a program; empty for none."""
        if whole.get("default_agent") == name:
            return "default_agent"
        for group in ("role_agents", "crew_agents"):
            for who, said in (whole.get(group) or {}).items():
                if said == name:
                    return f"{group}.{who}"
        return ""

    def choose(self, name: str) -> None:
        """Agents run this program where nobody says otherwise. Raises NoAgentError."""
        self.get(name)
        with changing(self.path):
            whole = self._told() or {"type": TYPE, "version": VERSION}
            write_json(self.path, {**whole, "default_agent": name})
