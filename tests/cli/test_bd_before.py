"""What stands before a command of `bd`: where it is typed, and by whom."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.bd.before import placed
from tests.house.tree import ROOT


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder that the process is in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BD_ACTOR", "ann")
    return tmp_path


def test_folder_and_name_are_taken_from_the_line(here):
    """In any order, before the command; what stands behind it is the command's own."""
    (here / "in" / "side").mkdir(parents=True)
    line = ["--json", "-C", "in", "--actor=bob", "--directory=side", "show", "-C", "x"]
    assert placed(line) == ["--json", "show", "-C", "x"]
    assert os.environ["BD_ACTOR"] == "bob"
    assert str(Path.cwd()) == str(here / "in" / "side")


def test_a_line_that_may_only_read_says_so_to_whoever_runs_it(here, monkeypatch):
    """A sandbox of the predecessor's is one already: nothing is pushed."""
    monkeypatch.setenv("BD_READONLY", "")
    assert placed(["--sandbox", "--readonly", "-q", "list", "--readonly"]) == [
        "-q", "list", "--readonly",
    ]  # fmt: skip
    assert os.environ["BD_READONLY"] == "1"


def test_other_lines_stay_as_they_are(here):
    """Also where an option's value is what ours is called."""
    for line in (["--home", "-C", "list"], ["--", "-C", "x"], ["-q", "list"], ["list", "--actor"]):
        assert placed(line) == line
    assert (os.environ["BD_ACTOR"], str(Path.cwd())) == ("ann", str(here))


@pytest.mark.parametrize("line", [["-C", "nowhere", "list"], ["-C"], ["--actor"]])
def test_what_cannot_be_is_refused_before_anything_is_done(here, capfd, line):
    """A folder that is not there, a value that is missing."""
    assert placed([*line[:1], *line[1:]]) is None
    assert capfd.readouterr().err.startswith("error   usage\n")
    assert placed(["--json", *line]) is None
    assert json.loads(capfd.readouterr().out)["error"]["code"] == "usage"


@pytest.mark.slow
def test_a_line_works_in_another_folder(here):
    """As it is typed; a refusal ends with 2."""
    (here / "api").mkdir()
    code = "from cli.launcher import bd; bd()"
    env = {"PATH": os.environ["PATH"], "HOME": str(here), "PYTHONPATH": str(ROOT)}

    def bd(*argv):
        return subprocess.run(
            [sys.executable, "-c", code, *argv],
            capture_output=True, text=True, check=False, cwd=here, env=env,
        )  # fmt: skip

    assert bd("-C", "api", "init").returncode == 0
    told = json.loads(bd("-C", "api", "--actor", "bob", "create", "x", "--json").stdout)
    assert (told["created_by"], told["id"][:2]) == ("bob", "ap")
    assert bd("-C", "nowhere", "list").returncode == 2
