"""An import is killed with -9 at several moments: everything is there or nothing, and bd works."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BEADS = 4_000
SHARES = (0.5, 0.8, 0.95)  # of the time that the import takes
PATIENCE_S = 300  # for one command, where others use the machine too
AFTER_S = (0.0, 0.0, 0.002, 0.005, 0.015)  # behind the first byte that it writes
BD = (sys.executable, "-c", "from cli.launcher import bd; bd()")
ROOT = Path(__file__).parent.parent.parent


def line(number: int) -> str:
    """A bead with labels, a link and a comment."""
    bead, other = f"gt-{number:05}", f"gt-{(number + 1) % BEADS:05}"
    facts = {
        "id": bead,
        "title": f"Work item {number}",
        "description": "what is to be done " * 10,
        "status": "open",
        "priority": number % 5,
        "labels": ["a", "b"],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
        "comments": [{"id": f"{number:08}", "author": "ada", "text": "looked at it"}],
        "dependencies": [{"depends_on_id": other, "type": "related"}],
    }
    return json.dumps(facts) + "\n"


class Project:
    """A folder with beads, at whose prompt real processes are started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "USER": "ada",
            "NO_COLOR": "1",
            "PYTHONPATH": str(ROOT),
        }
        self.run("init", "--prefix", "gt")
        self.run("create", "here before", "--id", "gt-before")

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        """A process that goes on by itself."""
        out = subprocess.DEVNULL
        return subprocess.Popen([*BD, *argv], cwd=self.folder, env=self.env, stdout=out, stderr=out)

    def run(self, *argv: str) -> bytes:
        """What a command printed that ended well."""
        line = [*BD, *argv]
        done = subprocess.run(
            line,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def beads(self) -> int:
        """How many beads are there, each with its comment and its link."""
        facts = [json.loads(text) for text in self.run("export").splitlines()]
        comments = sum(len(one.get("comments", ())) for one in facts)
        links = sum(len(one.get("dependencies", ())) for one in facts)
        assert comments == links == len(facts) - 1
        return len(facts)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Some thousand beads."""
    path = tmp_path_factory.mktemp("file") / "many.jsonl"
    path.write_text("".join(line(number) for number in range(BEADS)), "utf-8")
    return path


def kill(project: Project, file: Path, share_s: float, after_s: float | None) -> bool:
    """Whether an import was killed: so long after its begin, or after the database has grown."""
    database = project.folder / ".beads" / "beads.db"
    size = database.stat().st_size
    process = project.start("import", str(file))
    if after_s is None:
        time.sleep(share_s)
    else:
        while process.poll() is None and database.stat().st_size == size:
            time.sleep(0.0005)  # the core is the import's
        time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    return process.wait(PATIENCE_S) == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_import_that_is_killed_is_there_whole_or_not_at_all(file, tmp_path):
    """The next command works, and the import can be repeated."""
    project = Project(tmp_path / "whole")
    began = time.monotonic()
    assert project.start("import", str(file)).wait(PATIENCE_S) == 0
    took = time.monotonic() - began
    assert project.beads() == BEADS + 1
    project = Project(tmp_path / "killed")
    killed = 0
    moments = [*((took * share, None) for share in SHARES), *((0.0, after) for after in AFTER_S)]
    names = (tmp_path / f"killed-{number}" for number in itertools.count())
    while moments:
        share_s, after_s = moments.pop(0)
        died = kill(project, file, share_s, after_s)
        if not died:  # it was faster than this moment came: again, and sooner
            moments.insert(0, (share_s / 2, after_s and after_s / 2))
        killed += died
        assert b"here before" in project.run("show", "gt-before")
        beads = project.beads()
        assert beads in (1, BEADS + 1)
        if beads > 1:
            project = Project(next(names))
    assert killed >= len(AFTER_S)
    project.run("import", str(file))
    assert project.beads() == BEADS + 1
    assert json.loads(project.run("import", str(file), "--json"))["unchanged"] == BEADS
