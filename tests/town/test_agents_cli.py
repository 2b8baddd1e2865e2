"""Agents and sessions at a prompt: every line as a person types it, with real processes."""

import json
import os
import pty
import select
import shutil
import subprocess
import time

import pytest

from tests.house.children import measured
from tests.waiting import LONG_S, until

pytestmark = pytest.mark.slow
TALKER = "#!/bin/sh\nstty -echo\necho 'I am here'\nwhile read -r l; do echo \"heard: $l\"; done\n"


@pytest.fixture
def talker(prompt, town):
    """A town whose agents are a script that says what it hears, in plain processes."""
    script = prompt.at.parent / "talker.sh"
    script.write_text(TALKER)
    script.chmod(0o755)
    assert prompt.gt("config", "agent", "set", "talker", str(script)).code == 0
    assert prompt.gt("config", "default-agent", "talker").code == 0
    assert prompt.gt("config", "set", "session.provider", "process").code == 0
    yield town
    for one in prompt.json("gt", "session", "list")["data"]["sessions"]:
        prompt.gt("session", "stop", one["agent"])


def test_the_mayor_is_begun_looked_at_told_and_ended(prompt, talker):
    """`start` twice begins once; `peek` shows what it says; `inject` is heard; `stop` ends it."""
    first = prompt.json("gt", "mayor", "start")
    assert first["data"]["started"]
    assert not prompt.json("gt", "mayor", "start")["data"]["started"]
    until(lambda: "I am here" in prompt.gt("peek", "mayor").text)
    shown = prompt.gt("agents").text.splitlines()
    assert shown[0] == "Mayor"
    assert shown[1].startswith("  ● mayor [talker]  up ")
    assert shown[2] == "Services  ○ deacon  rest: gt up"
    until(lambda: "heard: gt nudge deacon session-started" in prompt.gt("peek", "mayor", "5").text)
    said = prompt.gt("peek", "mayor").text
    assert said.index("heard: gt prime") < said.index("heard: gt nudge deacon session-started")
    assert prompt.gt("session", "inject", "mayor", "a $word `x`").code == 0
    until(lambda: "heard: a $word `x`" in prompt.gt("session", "capture", "mayor").text)
    assert prompt.json("gt", "mayor", "status")["data"]["session"]["ready_at"]
    again = prompt.json("gt", "mayor", "restart")["data"]["session"]
    assert again["pid"] != first["data"]["session"]["pid"]
    assert prompt.gt("mayor", "stop").text == "✓ mayor  stopped\n"
    assert prompt.gt("mayor", "stop").text == "• mayor  did not run\n"
    assert prompt.gt("agents").text.startswith("nobody runs")
    rests = prompt.json("gt", "agents", "--all")["data"]["agents"]
    assert [one["runs"] for one in rests if one["agent"] == "mayor"] == [False]
    kinds = [
        one["type"]
        for one in prompt.json("gt", "log", "-t", "session_start", "-t", "session_end")["data"][
            "events"
        ]
    ]
    assert kinds == ["session_start", "session_end", "session_start", "session_end"]


def test_who_is_nobody_or_rests_is_said(prompt, talker):
    """Each refusal has its code, and nothing is begun."""
    assert prompt.refused("peek", "api/nobody") == (3, "agent.unknown")
    assert prompt.refused("peek", "mayor") == (3, "session.rests")
    assert prompt.refused("session", "inject", "mayor", "x") == (3, "session.rests")
    assert prompt.refused("session", "at", "mayor") == (3, "session.rests")
    assert prompt.refused("mayor", "start", "--agent", "nobody") == (3, "id.agent")
    assert prompt.gt("config", "agent", "set", "gone", "no-such-program-x").code == 0
    for verb in ("start", "attach", "restart"):
        assert prompt.refused("mayor", verb, "--agent", "gone") == (6, "agent.missing")
    assert prompt.json("gt", "session", "list")["data"]["sessions"] == []
    assert prompt.refused("mayor", "attach") == (1, "session.failed")
    assert "gt peek" in prompt.gt("mayor", "attach").talk
    assert prompt.json("gt", "session", "list")["data"]["sessions"][0]["agent"] == "mayor"
    assert prompt.json("gt", "mayor", "start")["warn"] == []
    other = prompt.json("gt", "mayor", "start", "--agent", "codex")
    assert other["warn"][0].endswith("to have codex: gt session restart mayor --agent codex")


def test_a_session_that_died_is_found_and_its_row_mended(prompt, talker):
    """`check` says whose program is gone and exits 1; `fix` lets the row say so, once."""
    pid = prompt.json("gt", "mayor", "start")["data"]["session"]["pid"]
    assert prompt.json("gt", "agents", "check")["exit"] == 0
    os.kill(pid, 9)
    until(lambda: prompt.json("gt", "agents", "check")["exit"] == 1)
    assert "its program is gone" in prompt.gt("agents", "--all").text
    assert len(prompt.json("gt", "agents", "fix")["data"]["fixed"]) == 1
    assert prompt.json("gt", "agents", "fix")["data"]["fixed"] == []
    assert prompt.json("gt", "session", "status", "mayor")["data"]["session"]["reason"] == "gone"


def test_agent_programs_are_kept_as_a_person_types_them(prompt, town):
    """Built-in ones are protected; a person's are listed, shown, changed, named and taken away."""
    listed = prompt.json("gt", "config", "agent", "list")["data"]
    assert listed["default"] == "claude"
    assert [one["name"] for one in listed["agents"]] == [
        "claude", "gemini", "codex", "cursor", "auggie", "amp", "opencode", "copilot", "pi", "omp",
    ]  # fmt: skip
    assert prompt.gt("config", "agent", "list").text.splitlines()[0] == (
        "* claude    built in  claude --dangerously-skip-permissions"
    )
    assert prompt.gt("config", "agent", "set", "fast", "claude --model 'haiku x' -f").code == 0
    fast = prompt.json("gt", "config", "agent", "get", "fast")["data"]
    assert fast["argv"] == ["claude", "--model", "haiku x", "-f", "<prompt>"]
    assert fast["hooks"] == ".claude/settings.json"
    assert prompt.refused("config", "agent", "set", "codex", "x") == (4, "agent.builtin")
    assert prompt.refused("config", "agent", "remove", "codex") == (4, "agent.builtin")
    assert prompt.refused("config", "agent", "set", "a b", "x") == (2, "agent.name")
    assert prompt.refused("config", "agent", "set", "b", "x 'y") == (2, "agent.bad")
    assert prompt.refused("config", "agent", "set", "b", " ") == (2, "agent.bad")
    assert prompt.refused("config", "agent", "get", "b") == (3, "id.agent")
    assert prompt.refused("config", "default-agent", "b") == (3, "id.agent")
    assert prompt.gt("config", "default-agent", "fast").text == "fast\n"
    assert prompt.refused("config", "agent", "remove", "fast") == (4, "agent.in_use")
    assert prompt.gt("config", "default-agent", "codex").code == 0
    assert prompt.json("gt", "config", "agent", "remove", "fast")["data"]["removed"]
    assert not prompt.json("gt", "config", "agent", "remove", "fast")["data"]["removed"]
    told = json.loads((town / "settings" / "config.json").read_text())
    assert told["default_agent"] == "codex"
    assert told["agents"] == {}


def test_the_callers_keys_reach_a_program_that_the_node_starts(prompt, talker):
    """Those of models and no others; the services run now, and `gt agents` says so."""
    script = prompt.at.parent / "talker.sh"
    whole = 'env > "$HOME/env.new"; mv "$HOME/env.new" "$HOME/env"'
    script.write_text(f"#!/bin/sh\n{whole}; exec sleep 600\n")
    assert prompt.gt("up", "--port", "0").code == 0
    try:
        prompt.env.update({"ANTHROPIC_API_KEY": "sk-1", "OTHER_SECRET": "x"})
        assert prompt.line("gt", "mayor", "start")["data"]["started"]
        kept = prompt.at.parent.parent / "home" / "env"
        until(kept.exists)
        lines = kept.read_text().splitlines()
        assert "ANTHROPIC_API_KEY=sk-1" in lines
        assert "OTHER_SECRET=x" not in lines
        services = prompt.line("gt", "agents")["data"]["services"]
        assert services == [{"agent": "deacon", "runs": True}]
        status = until(lambda: prompt.line("gt", "mayor", "status")["data"]["session"]["ready_at"])
        assert status
    finally:
        prompt.gt("down")


def _seen(fd: int, wanted: str) -> str:
    """What the terminal showed until the words were there."""
    shown = ""
    deadline = time.monotonic() + LONG_S
    while wanted not in shown:
        assert time.monotonic() < deadline, shown
        if select.select([fd], [], [], 0.1)[0]:
            shown += os.read(fd, 65_536).decode("utf-8", "replace")
    return shown


def _leave(fd: int, attach: list[str], env: dict[str, str]) -> None:
    """The terminal is the person's again; two keys are no paste, however near they come."""
    apart = ("set-option", "-g", "assume-paste-time", "0")
    subprocess.run([*attach[:-3], *apart], env=env, check=True)
    os.write(fd, b"\x02d")
    _seen(fd, "detached")


@pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")
@pytest.mark.parametrize("resident", [False, True])
def test_a_person_sits_down_with_the_mayor_and_leaves_it_running(prompt, talker, resident):
    """`gt mayor attach` begins it and hands the terminal over, cold and through a node."""
    assert prompt.gt("config", "set", "session.provider", "tmux").code == 0
    if resident:
        assert prompt.gt("up", "--port", "0").code == 0
    near, far = pty.openpty()
    env = measured({**prompt.env, "TERM": "xterm-256color", "TMUX": ""})
    try:
        with subprocess.Popen(
            prompt.command("gt", "mayor", "attach"), cwd=prompt.at, env=env,
            stdin=far, stdout=far, stderr=far, start_new_session=True,
        ) as process:  # fmt: skip
            _seen(near, "heard: gt nudge deacon session-started")
            os.write(near, b"hello\r")
            _seen(near, "heard: hello")
            plain = prompt.line("gt", "mayor", "attach")["data"]["attach"]
            _leave(near, plain, prompt.env)
            process.wait(LONG_S)
        assert prompt.line("gt", "mayor", "status")["data"]["session"]["runs"]
        assert plain[:4] == ["env", "-u", "TMUX", "tmux"]
    finally:
        prompt.spawn("gt", "mayor", "stop")
        if resident:
            prompt.gt("down")
        os.close(near)
        os.close(far)


def test_a_program_named_from_here_is_found_from_anywhere(prompt, town):
    """What begins with `./` or `../` is kept by its whole path; the rest as it was typed."""
    assert prompt.gt("config", "agent", "set", "mine", "../agent.sh --fast").code == 0
    told = prompt.json("gt", "config", "agent", "get", "mine")["data"]
    assert (told["command"], told["args"]) == (str(town.parent / "agent.sh"), ["--fast"])
    assert prompt.gt("config", "agent", "set", "mine", "agent.sh ../x").code == 0
    told = prompt.json("gt", "config", "agent", "get", "mine")["data"]
    assert (told["command"], told["args"]) == ("agent.sh", ["../x"])
