"""The same lines through a running node: files where the command was typed, pipes, and a crowd."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FIXTURES = Path(__file__).parent.parent / "data" / "bd"
pytestmark = pytest.mark.timeout(900)
PATIENCE_S = 300  # for one command, where others use the machine too
RUN = "from cli.launcher import main; import sys; main(sys.argv.pop(1))"


class Town:
    """A town whose node runs, and a folder at whose prompt lines are typed."""

    def __init__(self, folder: Path) -> None:
        self.at = folder / "project"
        self.at.mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "WL_HOME": str(folder / "home"),
            "WL_NODE_PORT": "0",
            "USER": "ada",
            "NO_COLOR": "1",
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder / "state"),
        }

    def start(self, program: str, *argv: str) -> "subprocess.Popen[bytes]":
        """The line, going on by itself."""
        line = [sys.executable, "-c", RUN, program, *argv, "--home", self.env["WL_HOME"]]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            line, cwd=self.at, env=self.env, stdin=pipe, stdout=pipe, stderr=pipe
        )

    def type(self, program: str, *argv: str, stdin: bytes = b"") -> bytes:
        """What a line printed that ended well."""
        process = self.start(program, *argv)
        out, err = process.communicate(stdin, timeout=PATIENCE_S)
        assert process.returncode == 0, err.decode()
        return out


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town with a node."""
    found = Town(tmp_path_factory.mktemp("town"))
    found.type("wl", "init", "--handle", "rust")
    found.type("wl", "up", "--detach")
    yield found
    found.type("wl", "down")


@pytest.mark.slow
def test_lines_go_in_and_out_through_a_node(town):
    """A relative path is that of the prompt; a pipe of megabytes arrives whole."""
    payload = (FIXTURES / "everything.jsonl").read_bytes()
    (town.at / "in.jsonl").write_bytes(payload)
    assert json.loads(town.type("bd", "import", "in.jsonl", "--json"))["created"] == 14
    town.type("bd", "export", "--all", "-o", "out.jsonl")
    theirs = (town.at / "out.jsonl").read_bytes().splitlines()
    assert len(set(payload.splitlines()) - set(theirs)) <= 1  # whatever other tests left there
    many = b"".join(
        json.dumps({"id": f"gt-m{number:04}", "title": "t", "notes": "x" * 2_000}).encode() + b"\n"
        for number in range(3_000)
    )
    assert json.loads(town.type("bd", "import", "-", "--json", stdin=many))["created"] == 3_000
    out = town.type("bd", "export").splitlines()
    assert sum(b'"id":"gt-m' in line for line in out) == 3_000


@pytest.mark.slow
def test_a_crowd_that_imports_at_once_agrees(town):
    """Each bead is new to one of them, and the newest form of it is there for all."""
    crowd = []
    for number in range(6):
        same = {"title": f"by {number}", "updated_at": f"2026-01-0{number + 1}T00:00:00Z"}
        lines = [{"id": f"gt-c{bead:03}", **same} for bead in range(200)]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (town.at / f"crowd{number}.jsonl").write_text(text, "utf-8")
        crowd.append(town.start("bd", "import", f"crowd{number}.jsonl", "--json"))
    said = [json.loads(process.communicate(timeout=PATIENCE_S)[0]) for process in crowd]
    assert sum(one["created"] for one in said) == 200
    beads = [json.loads(line) for line in town.type("bd", "export").splitlines()]
    assert {one["title"] for one in beads if one["id"].startswith("gt-c0")} == {"by 5"}
