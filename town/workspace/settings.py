"""The settings of a town and of a rig: which there are, of what form, and what they are by default.

Values only; the files lie in `settings_file`. A key is a path with dots, as people type it. What a
file says and nobody here knows is kept and never read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, get_args, get_origin

import msgspec

from stamps.errors import WastelandError

Duration = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(ms|s|m|h|d)$")]
"""A length of time as people write it: `90s`, `5m`, `4h`."""
LENGTH_OF_TIME: Final = "a length of time, as 90s, 5m, 4h or 1d"
UNITS_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
TRUTHS: Final = {
    "true": True, "on": True, "yes": True, "false": False, "off": False, "no": False,
}  # fmt: skip
WANTED: Final[Mapping[Any, str]] = {
    bool: "true or false", int: "a whole number", float: "a number",
    tuple: "a list, between commas or as JSON", dict: "an object of JSON",
}  # fmt: skip
NEAR_MAX: Final = 3
_NUMBER: Final[Mapping[type, re.Pattern[str]]] = {
    int: re.compile(r"-?[0-9]{1,18}"),
    float: re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?"),
}
CHARS_MAX: Final = 10_000
Whole = TypeVar("Whole", bound=msgspec.Struct)


class SettingError(WastelandError):
    """There is no such setting, or it cannot have this value."""

    code: ClassVar[str] = "setting.bad"
    hint: ClassVar[str] = "`gt config list` and `gt rig config show <rig>` show every setting."
    exit: ClassVar[int] = 2


class UnknownSettingError(SettingError):
    """No setting is called so."""

    code: ClassVar[str] = "setting.unknown"

    def __init__(self, key: str, known: list[str]) -> None:
        within = [one for one in known if one.startswith(f"{key.rstrip('.')}.")]
        near = within[:NEAR_MAX] or get_close_matches(key, known, n=NEAR_MAX, cutoff=0.5)
        more = f"; near it are {', '.join(near)}" if near else ""
        super().__init__(f"no setting is called {key!r}{more}")
        self.key, self.near = key, near


class SettingValueError(SettingError):
    """The setting cannot have this value."""

    code: ClassVar[str] = "setting.value"

    def __init__(self, key: str, value: object, wants: str) -> None:
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        super().__init__(f"{key} cannot be {shown!r}: {wants}")
        self.key = key


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A group of settings; every field has a default."""


class Runtime(Part, frozen=True, kw_only=True):
    """The program of agents in a rig, as the file has had it for long; `agent` is shorter."""

    provider: str = ""
    command: str = ""
    args: tuple[str, ...] = ()
    prompt_mode: Literal["", "arg", "none"] = ""
    env: dict[str, str] = {}


class Convoys(Part, frozen=True, kw_only=True):
    """Convoys."""

    notify_on_complete: bool = False
    feed: bool = True  # ready beads of open convoys are given to workers by themselves


class Scheduler(Part, frozen=True, kw_only=True):
    """How much is done at once; fewer than one worker means as many as there is work."""

    max_polecats: int = -1
    batch_size: Annotated[int, msgspec.Meta(ge=1)] = 1
    spawn_delay: Duration = "0s"


class WorkerStatus(Part, frozen=True, kw_only=True):
    """When a worker that shows no activity is called so."""

    stale: Duration = "5m"
    stuck: Duration = "30m"


class SessionSettings(Part, frozen=True, kw_only=True):
    """What runs the sessions of agents: tmux where there is one, plain processes, or a script."""

    provider: Annotated[str, msgspec.Meta(pattern=r"^(auto|tmux|process|script:.+)$")] = "auto"


Seconds = Annotated[float, msgspec.Meta(ge=0, le=10_000_000)]


class Watching(Part, frozen=True, kw_only=True):
    """When the watch calls a session dead, silent or given up; numbers are seconds."""

    attempts_max: Annotated[int, msgspec.Meta(ge=1)] = 3
    backoff_s: Seconds = 30.0
    backoff_max_s: Seconds = 600.0
    silent_s: Seconds = 1_800.0
    interrupt_after_s: Seconds = 300.0
    restart_after_s: Seconds = 300.0
    settle_s: Seconds = 5.0
    grace_s: Seconds = 300.0


class Workers(Part, frozen=True, kw_only=True):
    """How many workers a rig may have at work."""

    working_max: Annotated[int, msgspec.Meta(ge=1)] = 25


class Operational(Part, frozen=True, kw_only=True):
    """Thresholds that most towns never touch."""

    session: Watching = Watching()


class RigOperational(Part, frozen=True, kw_only=True):
    """Thresholds that most rigs never touch."""

    polecat: Workers = Workers()


Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Keeping(Part, frozen=True, kw_only=True):
    """How much stays of what grows by itself: what sessions printed, and what happened."""

    transcripts_for: Duration = "30d"  # since their sessions ended
    transcripts_mb: Count = 2_000  # of all that ended; the oldest go first
    session_mb: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 32  # of what one prints
    events_for: Duration = "90d"  # in the database
    sessions_for: Duration = "90d"  # their rows, where no transcript is kept
    gate_runs_for: Duration = "90d"  # what gates found of trees that were not merged
    events_mb: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 32  # of the file of events
    events_parts: Count = 3  # older parts of it


class TownSettings(Part, frozen=True, kw_only=True):
    """What a person chose for the whole town: `settings/config.json`."""

    cli_theme: Literal["auto", "dark", "light"] = "auto"
    default_agent: str = "claude"
    agent_email_domain: str = ""
    runtime: Runtime = Runtime()
    agents: dict[str, dict[str, Any]] = {}
    role_agents: dict[str, str] = {}
    crew_agents: dict[str, str] = {}
    convoy: Convoys = Convoys()
    scheduler: Scheduler = Scheduler()
    worker_status: WorkerStatus = WorkerStatus()
    operational: Operational = Operational()
    session: SessionSettings = SessionSettings()
    keep: Keeping = Keeping()
    extensions: dict[str, str] = {}  # which adapter stands at a point; ours where none is named


class Gate(Part, frozen=True, kw_only=True):
    """A command that must succeed before work is merged."""

    cmd: str = ""
    timeout: Duration = "30m"
    phase: Literal["pre-merge", "post-squash"] = "pre-merge"


class Batch(Part, frozen=True, kw_only=True):
    """How merge requests are taken together."""

    max_batch_size: Annotated[int, msgspec.Meta(ge=1)] = 5
    batch_wait_time: Duration = "30s"
    retry_batch_on_flaky: bool = True


class MergeQueue(Part, frozen=True, kw_only=True):
    """How work is merged."""

    enabled: bool = True
    gates: dict[str, Gate] = {}
    gates_parallel: bool = True
    setup_command: str = ""
    typecheck_command: str = ""
    lint_command: str = ""
    build_command: str = ""
    test_command: str = ""
    run_tests: bool = True
    retry_flaky_tests: Annotated[int, msgspec.Meta(ge=0)] = 1
    on_conflict: Literal["assign_back", "auto_rebase"] = "assign_back"
    fix_inline: str = ""
    merge_strategy: Literal["direct", "pr"] = "direct"  # pr: a person merges what passed
    vcs_provider: Literal["", "github", "bitbucket"] = ""  # as the host's name says
    delete_merged_branches: bool = True
    max_retry_count: Annotated[int, msgspec.Meta(ge=0)] = 5
    poll_interval: Duration = "30s"
    integration_branch_polecat_enabled: bool = True
    integration_branch_refinery_enabled: bool = True
    integration_branch_template: str = ""
    batch: Batch = Batch()


class NamePool(Part, frozen=True, kw_only=True):
    """What workers are called."""

    theme: str = ""
    names: tuple[str, ...] = ()
    max: Annotated[int, msgspec.Meta(ge=1)] = 50


class CrewStart(Part, frozen=True, kw_only=True):
    """Which members of the crew are begun with the town."""

    startup: str = ""


class Workflow(Part, frozen=True, kw_only=True):
    """How work is done where nobody says how."""

    default_formula: str = ""


class RigSettings(Part, frozen=True, kw_only=True):
    """What a person chose for one rig: `<rig>/settings/config.json`."""

    theme: str = ""
    agent: str = ""
    runtime: Runtime = Runtime()
    agents: dict[str, dict[str, Any]] = {}
    role_agents: dict[str, str] = {}
    worker_agents: dict[str, str] = {}
    crew: CrewStart = CrewStart()
    merge_queue: MergeQueue = MergeQueue()
    namepool: NamePool = NamePool()
    operational: RigOperational = RigOperational()
    polecat_branch_template: str = ""
    submodules: bool = True
    workflow: Workflow = Workflow()


@dataclass(frozen=True, slots=True)
class Wrong:
    """A setting of a file that cannot be what it is, or that nobody knows."""

    key: str
    why: str
    known: bool


def milliseconds(duration: str) -> int:
    """The length of a duration."""
    number = duration.rstrip("dhms")
    return int(number) * UNITS_MS[duration[len(number) :]]


def keys_of(kind: type[msgspec.Struct]) -> list[str]:
    """Every setting, in the order of the file."""
    return [".".join(path) for path, _ in _leaves(kind)]


def _leaves(kind: type[msgspec.Struct]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for field in msgspec.structs.fields(kind):
        if _is_part(field.type):
            for path, type_ in _leaves(field.type):
                yield (field.name, *path), type_
        else:
            yield (field.name,), field.type


def _is_part(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def type_of(kind: type[msgspec.Struct], key: str) -> Any:
    """The type of the setting, or of a cell of its table. Raises UnknownSettingError."""
    type_: Any = kind
    for part in key.split("."):
        if _is_part(type_):
            fields = {field.name: field.type for field in msgspec.structs.fields(type_)}
            type_ = fields.get(part)
        elif get_origin(type_) is dict and part:
            type_ = get_args(type_)[1]
        elif type_ is not Any:
            type_ = None
        if type_ is None:
            raise UnknownSettingError(key, keys_of(kind))
    if _is_part(type_):
        raise UnknownSettingError(key, [one for one in keys_of(kind) if one.startswith(f"{key}.")])
    return type_


def parsed(kind: type[msgspec.Struct], key: str, said: str) -> Any:
    """The value that a person typed, as the file will have it. Raises SettingError."""
    type_ = type_of(kind, key)
    if len(said) > CHARS_MAX:
        raise SettingValueError(key, f"{said[:20]}…", f"at most {CHARS_MAX} characters")
    value = checked(key, _read(type_, said), type_)
    return list(value) if isinstance(value, tuple) else value


def _read(type_: Any, said: str) -> Any:
    origin = get_origin(type_)
    plain = get_args(type_)[0] if origin is Annotated else type_
    if plain is bool:
        return TRUTHS.get(said.strip().lower(), said)
    if plain in (int, float):
        return plain(said) if _NUMBER[plain].fullmatch(said.strip()) else said
    if origin is tuple and not said.lstrip().startswith("["):
        return [word.strip() for word in said.split(",") if word.strip()]
    return _json(said) if origin in (dict, tuple) or type_ is Any else said


def _json(said: str) -> Any:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return said


def checked(key: str, value: Any, type_: Any) -> Any:
    """The value, if the setting can have it. Raises SettingValueError."""
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        raise SettingValueError(key, value, _wanted(type_) or str(error)) from error
    return value


def _wanted(type_: Any) -> str:
    """What a value of the type is, in words; empty where only the check itself can say it."""
    if type_ == Duration:
        return LENGTH_OF_TIME
    if get_origin(type_) is Literal:
        return f"one of {', '.join(str(one) or 'nothing' for one in get_args(type_))}"
    plain, *more = get_args(type_) if get_origin(type_) is Annotated else (type_,)
    least = next((meta.ge for meta in more if meta.ge is not None), None)
    found = WANTED.get(get_origin(plain) or plain, "")
    return f"{found}, at least {least}" if found and least is not None else found


def read(kind: type[Whole], told: Mapping[str, Any]) -> Whole:
    """The settings that the object says, the rest by default. Raises SettingValueError."""
    for wrong in found_wrong(kind, told):
        if wrong.known:
            raise SettingValueError(wrong.key, at(told, wrong.key), wrong.why)
    return msgspec.convert(told, kind)


def found_wrong(kind: type[msgspec.Struct], told: Mapping[str, Any]) -> list[Wrong]:
    """What in the file's object cannot be, or is not known; nothing of it was read."""
    found: list[Wrong] = []
    _look(kind, told, "", found)
    return found


def _look(kind: Any, told: Mapping[str, Any], above: str, found: list[Wrong]) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for name, value in told.items():
        key = f"{above}{name}"
        type_ = fields.get(name)
        if type_ is None:
            if key not in ("type", "version"):
                found.append(Wrong(key, "nobody here knows it", known=False))
        elif _is_part(type_) and isinstance(value, Mapping):
            _look(type_, value, f"{key}.", found)
        else:
            try:
                checked(key, value, type_)
            except SettingValueError as error:
                found.append(Wrong(key, str(error), known=True))


def at(told: Any, key: str) -> Any:
    """What an object says under the key; None for nothing."""
    for part in key.split("."):
        told = told.get(part) if isinstance(told, Mapping) else getattr(told, part, None)
    return told
