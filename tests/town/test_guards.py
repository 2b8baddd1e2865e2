"""The guard of agents' shells: harm is stopped with a reason, and work is let through."""

import json
import os
import subprocess

import pytest

from town.agents.guards import command_in, refused

HARM = [
    ("sudo apt install x", "mayor"), ("rm -rf /", "crew"), ("cd x && rm -fr ~", "polecat"),
    ("rm -r -f $HOME", "crew"), ("A=1 rm --recursive /usr", "crew"), ("rm -rf ..", "polecat"),
    ("git push --force", "crew"), ("git -C x push origin +main", "crew"),
    ("git push -f", "polecat"),
    ("gh pr create --fill", "polecat"), ("gh pr create", "crew"), ("git checkout -b x", "polecat"),
    ("git switch -c x", "polecat"), ("bd init", "polecat"), ("apt-get install y", "polecat"),
    ("echo hi\nsudo ls", "crew"), ("true | sudo tee /x", "crew"),
]  # fmt: skip
FINE = [
    ("rm -rf build", "polecat"), ("git push origin HEAD", "polecat"), ("gh pr view 1", "polecat"),
    ("git checkout -b x", "crew"), ("apt-get install y", "crew"),
    ("echo 'sudo rm -rf /'", "polecat"),
    ("git push --force-with-lease", "crew"), ("make test", "polecat"), ("echo 'open", "crew"),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("command", "role"), HARM)
def test_what_would_do_harm_is_stopped_with_a_reason(command, role):
    """Whatever stands before or behind it in the line."""
    assert refused(command, role)


@pytest.mark.parametrize(("command", "role"), FINE)
def test_what_is_work_is_let_through(command, role):
    """Words in a text are no command."""
    assert refused(command, role) == ""


def test_each_runtimes_way_to_name_a_command_is_read():
    """Nested, as text, plain; another tool has none."""
    assert command_in({"tool_name": "Bash", "tool_input": {"command": "ls"}}) == "ls"
    assert command_in({"toolName": "bash", "toolArgs": '{"command": "ls"}'}) == "ls"
    assert command_in({"command": "ls"}) == "ls"
    assert command_in({"toolName": "x", "toolArgs": "{"}) == ""
    assert command_in({"tool_name": "Read", "tool_input": {"file_path": "x"}}) == ""


def guard(prompt, told: dict, **env: str) -> "subprocess.CompletedProcess[bytes]":
    """What the guard said to a runtime, as a process of its own."""
    return subprocess.run(
        prompt.command("gt", "tap", "guard"), cwd=prompt.at, capture_output=True, check=False,
        input=json.dumps(told).encode(), env={**os.environ, **prompt.env, **env},
    )  # fmt: skip


def test_the_guard_stops_agents_and_no_person(prompt, town):
    """Exit 2 with the reason, for Copilot a decision; a person and nonsense pass."""
    told = {"tool_input": {"command": "sudo ls"}}
    stopped = guard(prompt, told, GT_ROLE="mayor")
    assert stopped.returncode == 2
    assert b"sudo" in stopped.stderr
    assert guard(prompt, told).returncode == 0
    copilot = {"toolName": "bash", "toolArgs": '{"command": "sudo ls"}'}
    said = guard(prompt, copilot, GT_ROLE="mayor")
    assert said.returncode == 0
    assert json.loads(said.stdout)["permissionDecision"] == "deny"
