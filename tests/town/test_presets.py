"""Ten runtimes by one table: argv to the letter, who gets which, and life seen by number."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from ledger.workspace.rows import MAYOR
from tests.town.towns import town_in
from tests.waiting import until
from town.agents.address import Address, of_crew, of_polecat
from town.agents.presets import BY_NAME, PRESETS
from town.agents.readiness import ready
from town.agents.runtime import (
    Asked,
    BadAgentError,
    NoAgentError,
    chosen,
    fallback,
    launch,
    question,
)
from town.sessions.starting import SessionRequest
from town.workspace.files import write_json

THE_MAYOR = Address(text=MAYOR, role=MAYOR)
SETTINGS = "/gt/mayor/.claude/settings.json"
# What each is begun with, gone on with, and asked with; None where it cannot.
GOLDEN = {
    "claude": (
        ["claude", "--dangerously-skip-permissions", "--settings", SETTINGS, "GO"],
        [
            "claude",
            "--dangerously-skip-permissions",
            "--settings",
            SETTINGS,
            "--resume",
            "id",
            "GO",
        ],
        ["claude", "--dangerously-skip-permissions", "--output-format", "json", "-p", "WHY"],
    ),
    "gemini": (
        ["gemini", "--approval-mode", "yolo", "GO"],
        ["gemini", "--approval-mode", "yolo", "--resume", "id", "GO"],
        ["gemini", "--approval-mode", "yolo", "--output-format", "json", "-p", "WHY"],
    ),
    "codex": (
        ["codex", "--dangerously-bypass-approvals-and-sandbox"],
        ["codex", "--dangerously-bypass-approvals-and-sandbox", "resume", "id"],
        ["codex", "exec", "--dangerously-bypass-approvals-and-sandbox", "--json", "WHY"],
    ),
    "cursor": (
        ["cursor-agent", "-f", "GO"],
        ["cursor-agent", "-f", "--resume", "id", "GO"],
        ["cursor-agent", "-f", "--output-format", "json", "-p", "WHY"],
    ),
    "auggie": (
        ["auggie", "--allow-indexing", "GO"],
        ["auggie", "--allow-indexing", "--resume", "id", "GO"],
        None,
    ),
    "amp": (
        ["amp", "--dangerously-allow-all", "--no-ide", "GO"],
        ["amp", "--dangerously-allow-all", "--no-ide", "threads", "continue", "id", "GO"],
        None,
    ),
    "opencode": (["opencode", "GO"], None, ["opencode", "run", "--format", "json", "WHY"]),
    "copilot": (
        ["copilot", "--yolo", "GO"],
        ["copilot", "--yolo", "--resume", "id", "GO"],
        None,
    ),
    "pi": (["pi", "-e", ".pi/extensions/gastown-hooks.js", "GO"], None, None),
    "omp": (["omp", "--hook", ".omp/hooks/gastown-hook.ts", "GO"], None, None),
}
PRINTED = {"runtime": {"provider": "codex", "command": "codex", "args": [], "prompt_mode": "none"}}


def test_every_preset_has_its_golden_words():
    """The ten of the README, in its order, and none besides."""
    assert [preset.name for preset in PRESETS] == list(GOLDEN)
    assert GOLDEN.keys() == BY_NAME.keys()


@pytest.mark.parametrize("name", GOLDEN)
def test_a_preset_is_started_resumed_and_asked_to_the_letter(name):
    """Scenario 41: begun, gone on with an id, asked one question; what it cannot it refuses."""
    preset = BY_NAME[name]
    begun, resumed, asked = GOLDEN[name]
    assert list(launch(preset, prompt="GO", settings=SETTINGS)) == begun
    if resumed is None:
        with pytest.raises(BadAgentError):
            launch(preset, prompt="GO", resume="id")
    else:
        assert list(launch(preset, prompt="GO", resume="id", settings=SETTINGS)) == resumed
    if asked is None:
        with pytest.raises(BadAgentError):
            question(preset, "WHY")
    else:
        assert list(question(preset, "WHY")) == asked


def test_only_claude_forks_and_leaves_the_session_as_it_is():
    """Its question to a session is put to a fork of it; nobody else is asked so."""
    assert [preset.name for preset in PRESETS if preset.forks] == ["claude"]
    assert list(question(BY_NAME["claude"], "WHY", session="id")) == [
        "claude", "--dangerously-skip-permissions", "--fork-session", "--resume", "id",
        "--output-format", "json", "-p", "WHY",
    ]  # fmt: skip
    with pytest.raises(BadAgentError):
        question(BY_NAME["gemini"], "WHY", session="id")


def test_what_is_typed_into_a_session_without_hooks_has_its_order():
    """As the README says: prime, mail for who works alone, the nudge to the deacon."""
    nudge = "gt nudge deacon session-started"
    assert fallback(autonomous=True) == ("gt prime", "gt mail check --inject", nudge)
    assert fallback(autonomous=False) == ("gt prime", nudge)
    assert [preset.name for preset in PRESETS if preset.hooks is None] == ["codex", "auggie", "amp"]


def test_copilot_needs_five_seconds_and_codex_shows_its_prompt():
    """Copilot has no prompt that could be seen; codex is taken as ready after three seconds."""
    copilot, codex = BY_NAME["copilot"], BY_NAME["codex"]
    assert not ready(copilot, "> any prompt", after_ms=4_999)
    assert ready(copilot, "", after_ms=5_000)
    assert ready(codex, "welcome\n\u203a ", after_ms=0)
    assert not ready(codex, "welcome", after_ms=2_999)
    assert ready(codex, "welcome", after_ms=3_000)
    assert ready(BY_NAME["claude"], "│ \u276f hello │", after_ms=0)


def test_the_nearest_answer_wins():
    """Scenario 41: what a start asks for, worker, role, a crew's, the rig, its block, the town."""
    town = {
        "default_agent": "gemini",
        "role_agents": {"witness": "amp"},
        "crew_agents": {"ann": "pi"},
        "agents": {"mine": {"command": "claude", "args": ["--model", "x"]}},
    }
    rig = {
        "role_agents": {"polecat": "cursor"},
        "worker_agents": {"toast": "omp"},
        "agent": "auggie",
    }
    say = lambda town=town, rig=rig, **more: chosen(Asked(town=town, rig=rig, **more)).name  # noqa: E731
    assert say(flag="mine", worker="toast", role="polecat") == "mine"
    assert say(worker="toast", role="polecat") == "omp"
    assert say(worker="rust", role="polecat") == "cursor"
    assert say(worker="witness", role="witness") == "amp"
    assert say(worker="ann", role="crew") == "pi"
    assert say(worker="ann", role="dog") == "auggie"
    assert say(rig=PRINTED, worker="rust", role="polecat") == "codex"
    assert say(rig={}, worker="rust", role="polecat") == "gemini"
    assert say(town={}, rig={}) == "claude"
    with pytest.raises(NoAgentError):
        say(flag="nobody")


def test_the_block_of_the_readme_means_codex_as_printed():
    """Its provider's words, a prompt that is never an argument, and no hooks."""
    found = chosen(Asked(town={}, rig=PRINTED))
    words = launch(found, prompt="GO")
    assert words == ("codex", "--dangerously-bypass-approvals-and-sandbox")
    assert found.prompt_mode == "none"
    assert found.hooks is None
    other = {"runtime": {"provider": "claude", "command": "/usr/bin/claude-next", "args": ["-x"]}}
    found = chosen(Asked(town={}, rig=other))
    assert list(launch(found, prompt="GO", settings="/s")) == [
        "/usr/bin/claude-next", "-x", "--settings", "/s", "GO",
    ]  # fmt: skip
    assert found.process_names == ("claude-next",)


def test_a_program_of_ones_own_is_like_the_one_whose_command_it_uses():
    """It inherits hooks, prompt and resuming; of another command it has the provider's, if told."""
    town = {
        "agents": {
            "mine": {"command": "/usr/bin/copilot", "args": ["--model", "x"]},
            "wrapped": {"command": "sh", "args": ["-c", "x"], "provider": "claude"},
            "plain": {"command": "my-agent", "args": [], "env": {"A": "b"}},
        }
    }
    mine, wrapped, plain = (
        chosen(Asked(flag=name, town=town, rig={})) for name in ("mine", "wrapped", "plain")
    )
    assert mine.hooks == BY_NAME["copilot"].hooks
    assert list(launch(mine, prompt="GO", resume="id")) == [
        "/usr/bin/copilot", "--model", "x", "--resume", "id", "GO",
    ]  # fmt: skip
    assert wrapped.forks
    assert wrapped.process_names == ("sh",)
    assert (plain.hooks, plain.env, plain.prompt_mode) == (None, {"A": "b"}, "arg")
    for bad in ({"command": ""}, {"command": "x", "args": "y"}, {"command": "x", "env": [1]}):
        with pytest.raises(BadAgentError):
            chosen(Asked(town={"agents": {"bad": bad}}, rig={}))


@pytest.fixture
def town(tmp_path):
    """A town; its sessions are over in the end."""
    with town_in(tmp_path) as found:
        yield found
        desk = found.works().agents
        for view in desk.open():
            desk.around.sessions(view.row.provider).stop(view.row.name, grace_s=0)
        if shutil.which("tmux"):
            desk.around.sessions("tmux")._run("kill-server")


def binaries(folder: Path) -> None:
    """A program of the name of each runtime, which keeps its argv and lives on."""
    folder.mkdir()
    for preset in PRESETS:
        program = folder / preset.command
        program.write_text(
            '#!/bin/sh\nprintf "%s\\n" "$0" "$@" > "argv-$GT_SESSION_ID"\nexec sleep 60\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.slow
@pytest.mark.parametrize(
    "provider",
    [
        "process",
        pytest.param("tmux", marks=pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")),
    ],
)
def test_a_program_of_each_name_runs_and_is_seen_to_live(town, provider):
    """Scenario 41: whatever its process is called by then: number and birth say that it lives."""
    binaries(town.folder / "bin")
    town.env = {**town.env, "PATH": f"{town.folder / 'bin'}:{town.env['PATH']}"}
    write_json(town.workspace.settings, {"session": {"provider": provider}})
    desk = town.works().agents
    folder = town.workspace.root / "mayor"
    for preset in PRESETS:
        row = desk.begin(SessionRequest(who=THE_MAYOR, runtime=preset.name))
        for _ in range(3):
            assert desk.of(THE_MAYOR).alive, preset.name
        kept = folder / f"argv-{row.id}"
        until(kept.exists)
        said = until(kept.read_text).split("\n")
        fixed = GOLDEN[preset.name][0][: -1 if preset.prompt_mode == "arg" else None]
        words = [word.replace(SETTINGS, str(folder / ".claude/settings.json")) for word in fixed]
        assert [Path(said[0]).name, *said[1 : len(words)]] == words
        assert desk.restart(THE_MAYOR).runtime == preset.name
        assert desk.stop(THE_MAYOR, grace_s=1)
    assert [row.runtime for row in town.works().seance.listed(at_most=99)] == [
        preset.name for preset in reversed(PRESETS) for _ in range(2)
    ]


def test_settings_in_files_choose_per_rig_worker_and_role(town):
    """The files as a person edits them; one start asks for another, and nobody else gets it."""
    write_json(town.workspace.settings, {"default_agent": "amp"})
    rig = town.workspace.rig("api").settings
    write_json(rig, PRINTED | {"worker_agents": {"toast": "pi"}})
    desk = town.works().agents
    assert desk.preset(THE_MAYOR).name == "amp"
    assert desk.preset(of_polecat("api", "rust")).name == "codex"
    assert desk.preset(of_polecat("api", "toast")).name == "pi"
    assert desk.preset(of_crew("api", "ann"), runtime="cursor").name == "cursor"
    assert desk.preset(of_crew("api", "ann")).name == "codex"
    assert json.loads(rig.read_text())["runtime"] == PRINTED["runtime"]
