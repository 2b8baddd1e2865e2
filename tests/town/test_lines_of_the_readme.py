"""The command lines that the predecessor's README prints run as they stand there.

Agents are programs of their names that do nothing; the rest is real: git, tmux, the node.
"""

import json
import os
import pty
import select
import shlex
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.house.children import measured
from tests.town.prompt import Prompt
from tests.waiting import LONG_S, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux"),
]
AGENT = '#!/bin/sh\necho "${0##*/} is here"\nsleep 600\n'
BEADS = ("gt-abc12", "gt-def34", "gt-m3k9p", "gt-w5t2x")


class Reader(Prompt):
    """Somebody who types what the README says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        bin_ = folder / "bin"
        bin_.mkdir()
        for name in ("claude", "codex", "cursor-agent", "auggie"):
            (bin_ / name).write_text(AGENT, "utf-8")
            (bin_ / name).chmod(0o755)
        self.env["PATH"] = f"{bin_}:{self.env['PATH']}"
        self.env["HOME"] = str(self.at)

    def types(self, line: str, code: int = 0) -> str:
        """What a line printed; it ended so."""
        words = [word.replace("~", str(self.at.parent / "work")) for word in shlex.split(line)]
        done = self.spawn(words[0], *words[1:])
        assert done.returncode == code, (line, done.stdout, done.stderr)
        return done.stdout

    def attaches(self, line: str) -> str:
        """What a terminal shows after the line was typed at it; then the person goes away."""
        program, *words = shlex.split(line)
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.at)
            env = measured({**self.env, "TERM": "xterm"})
            argv = self.command(program, *words)
            os.execvpe(argv[0], argv, env)  # noqa: S606
        seen, end = b"", time.monotonic() + LONG_S
        while b"is here" not in seen and time.monotonic() < end:
            if select.select([terminal], [], [], 0.5)[0]:
                try:
                    seen += os.read(terminal, 65_536)
                except OSError:
                    break
        os.kill(pid, signal.SIGHUP)
        os.close(terminal)
        os.waitpid(pid, 0)
        return seen.decode("utf-8", "replace")


@pytest.fixture
def reader(tmp_path):
    found = Reader(tmp_path)
    yield found
    found.spawn("gt", "down")


def founded(reader: Reader) -> None:
    """The first lines: installation, two projects, a crew, agents, beads."""
    reader.repository("repo")
    url = (reader.at / "repo.git").as_uri()
    reader.types("gt install ~/gt --git")
    reader.at = reader.at / "gt"
    for line in (
        f"gt rig add myproject {url} --prefix gt",
        f"gt rig add other {reader.at.parent}/repo",
        "gt crew add yourname --rig myproject",
        "gt config agent set sleeper \"sh -c 'sleep 600'\"",
        *(f'bd create "Do {bead}" --id {bead} --silent' for bead in BEADS),
    ):
        reader.types(line)
    assert "myproject" in reader.types("gt rig list")
    assert "claude" in reader.types("gt config agent list")


def followed(reader: Reader) -> None:
    """The lines about convoys."""
    reader.types('gt convoy create "Feature X" gt-abc12 gt-def34 --notify --human')
    reader.types('gt convoy create "Bug Fixes" --human')
    assert "Feature X" in reader.types("gt convoy list")
    made = json.loads(reader.types('gt convoy create "Fix bugs" gt-abc12 --json'))
    convoy = made["data"]["id"]
    reader.types(f"gt convoy add {convoy} gt-m3k9p gt-w5t2x")
    reader.types("gt convoy show")
    assert "gt-m3k9p" in reader.types(f"gt convoy show {convoy}")


def at_work(reader: Reader) -> None:
    """The lines that give work, and those that start the mayor."""
    for line in (
        "gt sling gt-abc12 myproject",
        "gt sling gt-def34 myproject --agent cursor",
        "gt sling gt-m3k9p myproject/my-agent",
        "gt up --port 0",
    ):
        reader.types(line)
    assert "is here" in reader.attaches("gt mayor attach")
    reader.types("gt mayor stop")
    reader.types("gt mayor start --agent auggie")


def begun(reader: Reader, *runtimes: str) -> list[dict]:
    """The sessions, once there is one of each of these; the town begins them by itself."""
    found = json.loads(reader.types("gt seance --json"))["data"]["sessions"]
    return list(found) if {*runtimes} <= {one["runtime"] for one in found} else []


def asked(reader: Reader) -> None:
    """The lines by which one looks, asks and is told."""
    agents = reader.types("gt agents")
    assert "mayor" in agents
    assert "my-agent" in agents
    sessions = until(lambda: begun(reader, "auggie", "cursor", "claude"))
    talk = next(one["id"] for one in sessions if one["runtime"] == "auggie")
    for line in (
        "gt seance",
        f'gt seance --talk {talk} -p "What did you find?"',
        "gt prime",
        "gt mail check --inject",
        "gt nudge deacon session-started",
    ):
        reader.types(line)


def test_every_line_runs_as_it_is_printed(reader):
    """Installation, projects, crew, mayor, convoys, sling, agents, seance, mail, down."""
    founded(reader)
    followed(reader)
    at_work(reader)
    asked(reader)
    reader.types("gt done", code=3)  # a person has nothing to hand in
    reader.types("gt down")


def test_the_runtime_block_of_the_readme_is_taken_as_printed(reader):
    """`settings/config.json` of a rig with the block for Codex: its workers run codex."""
    reader.repository("repo")
    reader.types("gt install ~/gt")
    reader.at = reader.at / "gt"
    reader.types(f"gt rig add myproject {reader.at.parent}/repo --prefix gt")
    settings = reader.at / "myproject" / "settings" / "config.json"
    block = {"provider": "codex", "command": "codex", "args": [], "prompt_mode": "none"}
    told = json.loads(settings.read_text("utf-8")) | {"runtime": block}
    settings.write_text(json.dumps(told), "utf-8")
    reader.types('bd create "Do it" --id gt-abc12 --silent')
    reader.types("gt sling gt-abc12 myproject")
    reader.types("gt up --port 0")
    sessions = until(lambda: begun(reader, "codex"))
    assert [one["runtime"] for one in sessions] == ["codex"]
