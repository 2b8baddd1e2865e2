"""The tools beside the program: each says in one line what is missing, and what to do."""

import os
import subprocess
import sys

import pytest

from tests.house import tree
from tests.house.children import measured

TOOLS = tree.ROOT / "tools"


def run(*argv, **env) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, env=dict(os.environ, **env), capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def static_python(tmp_path):
    """A Python whose SQLite is built in, as those are that some installers bring."""
    stand_in = tmp_path / "python3"
    code = "import sys, types; sys.modules['_sqlite3'] = types.ModuleType('_sqlite3')"
    stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}\n$2"\n')
    stand_in.chmod(0o755)
    return stand_in


def test_a_python_that_fits_is_printed():
    """The interpreter that runs this links SQLite as a library, so it may carry the project."""
    done = run(TOOLS / "python-for-us", PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == sys.executable


def test_a_python_with_sqlite_built_in_is_refused(static_python):
    """One clear line and two ways out, before anything is installed."""
    done = run(TOOLS / "python-for-us", PYTHON=str(static_python))
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].endswith("has SQLite built in, so the embedded engine cannot load.")
    assert [line.split()[0] for line in lines[1:]] == ["Either", "or"]


def test_a_missing_python_is_refused(tmp_path):
    """A name that is nowhere is said to be nowhere."""
    done = run(TOOLS / "python-for-us", PYTHON=str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "nowhere is not there." in done.stderr


def test_the_engine_is_there_in_this_environment():
    """What `make setup` asks last: the engine takes the place of SQLite."""
    done = run(sys.executable, TOOLS / "engine_fits.py")
    assert done.returncode == 0, done.stderr


def test_dolt_is_not_built_where_only_a_ready_one_was_asked_for(tmp_path):
    """A test that looks for Dolt never starts a build of minutes."""
    path = os.pathsep.join(("/usr/bin", "/bin"))
    done = run(TOOLS / "dolt" / "build", "--made", PATH=path, XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 1 or done.stdout.strip() == "/usr/bin/dolt"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_measured_child_has_the_engine_and_counts_its_lines(tmp_path, monkeypatch):
    """A node that a test starts counts towards coverage, and still has the right engine."""
    config = tmp_path / ".coveragerc"
    config.write_text("[run]\nparallel = true\nsource_pkgs = stamps\n")
    monkeypatch.setenv("WL_COVERAGE", str(config))
    env = measured(os.environ)
    code = (
        "import sqlite3, stamps.limits\n"
        "print(sqlite3.connect(':memory:').execute('select doltlite_engine()').fetchone()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tree.ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "prolly"
    assert list(tmp_path.glob(".coverage.*"))
