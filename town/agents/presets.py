"""The runtimes that a town knows: one row each, honoured wherever a session is begun.

Pure data. A town's own agents inherit the row whose command they use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

PromptMode = Literal["arg", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headless:
    """How a runtime answers one question and ends."""

    subcommand: str = ""
    prompt_flag: str = ""
    output_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFile:
    """Where a runtime reads what it shall call at its turns, below its working folder.

    `flag` names the option that points it to a file elsewhere; `form` is the file's format.
    """

    provider: str
    path: str
    form: Literal["claude", "gemini", "cursor", "copilot", "script"]
    flag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One runtime: how it is started, continued, recognised and told."""

    name: str
    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    process_names: tuple[str, ...] = ()
    session_id_env: str = ""
    resume: tuple[str, ...] = ()  # words before the id of a session; none: it cannot
    continue_flag: str = ""
    forks: bool = False  # a session can be asked without being changed
    headless: Headless | None = None
    prompt_mode: PromptMode = "arg"
    config_dir_env: str = ""
    instructions: str = "AGENTS.md"
    hooks: HookFile | None = None
    ready_prompt: str = ""  # how its line begins when it waits for input
    ready_delay_ms: int = 0  # how long it takes, where no such line is known
    escape_cancels: bool = False
    drains_nudges: bool = False  # its hooks read what waits at each turn's end
    builtin: bool = True


PRESETS: Final[tuple[Preset, ...]] = (
    Preset(
        name="claude",
        command="claude",
        args=("--dangerously-skip-permissions",),
        process_names=("node", "claude"),
        session_id_env="CLAUDE_SESSION_ID",
        resume=("--resume",),
        continue_flag="--continue",
        forks=True,
        headless=Headless(prompt_flag="-p", output_flags=("--output-format", "json")),
        config_dir_env="CLAUDE_CONFIG_DIR",
        instructions="CLAUDE.md",
        hooks=HookFile(
            provider="claude", path=".claude/settings.json", form="claude", flag="--settings"
        ),
        ready_prompt="❯ ",  # noqa: RUF001  # its own sign
        ready_delay_ms=10_000,
        drains_nudges=True,
    ),
    Preset(
        name="gemini",
        command="gemini",
        args=("--approval-mode", "yolo"),
        process_names=("gemini",),
        resume=("--resume",),
        headless=Headless(prompt_flag="-p", output_flags=("--output-format", "json")),
        hooks=HookFile(provider="gemini", path=".gemini/settings.json", form="gemini"),
        ready_delay_ms=5_000,
        escape_cancels=True,
    ),
    Preset(
        name="codex",
        command="codex",
        args=("--dangerously-bypass-approvals-and-sandbox",),
        process_names=("codex",),
        resume=("resume",),
        headless=Headless(subcommand="exec", output_flags=("--json",)),
        prompt_mode="none",
        ready_prompt="› ",  # noqa: RUF001  # its own sign
        ready_delay_ms=3_000,
    ),
    Preset(
        name="cursor",
        command="cursor-agent",
        args=("-f",),
        process_names=("cursor-agent", "agent"),
        resume=("--resume",),
        headless=Headless(prompt_flag="-p", output_flags=("--output-format", "json")),
        hooks=HookFile(provider="cursor", path=".cursor/hooks.json", form="cursor"),
        ready_delay_ms=5_000,
    ),
    Preset(
        name="auggie",
        command="auggie",
        args=("--allow-indexing",),
        process_names=("auggie",),
        resume=("--resume",),
    ),
    Preset(
        name="amp",
        command="amp",
        args=("--dangerously-allow-all", "--no-ide"),
        process_names=("amp",),
        resume=("threads", "continue"),
    ),
    Preset(
        name="opencode",
        command="opencode",
        env={"OPENCODE_PERMISSION": '{"*":"allow"}'},
        process_names=("opencode", "node", "bun"),
        headless=Headless(subcommand="run", output_flags=("--format", "json")),
        hooks=HookFile(provider="opencode", path=".opencode/plugins/gastown.js", form="script"),
        ready_delay_ms=8_000,
    ),
    Preset(
        name="copilot",
        command="copilot",
        args=("--yolo",),
        process_names=("copilot",),
        resume=("--resume",),
        continue_flag="--continue",
        config_dir_env="COPILOT_HOME",
        hooks=HookFile(provider="copilot", path=".github/hooks/gastown.json", form="copilot"),
        ready_delay_ms=5_000,
    ),
    Preset(
        name="pi",
        command="pi",
        args=("-e", ".pi/extensions/gastown-hooks.js"),
        process_names=("pi", "node", "bun"),
        session_id_env="PI_SESSION_ID",
        hooks=HookFile(provider="pi", path=".pi/extensions/gastown-hooks.js", form="script"),
        ready_delay_ms=8_000,
    ),
    Preset(
        name="omp",
        command="omp",
        args=("--hook", ".omp/hooks/gastown-hook.ts"),
        process_names=("omp", "node", "bun"),
        session_id_env="OMP_SESSION_ID",
        hooks=HookFile(provider="omp", path=".omp/hooks/gastown-hook.ts", form="script"),
    ),
)
BY_NAME: Final[Mapping[str, Preset]] = {preset.name: preset for preset in PRESETS}
DEFAULT: Final = "claude"
