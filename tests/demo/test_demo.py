"""`wl demo` from a clean home: what it shows is what README shows, and nothing is left running."""

import json
import os
import subprocess
import sys

import pytest

from tests.demo.plain import plain
from tests.house import tree
from tests.house.children import measured
from town.node.boot import child_environment

# A whole demonstration takes its time, and more where others work beside it.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(660)]
START = "<!-- transcript of wl demo -->\n```console\n"
END = "```\n"


@pytest.fixture
def env(tmp_path):
    """A clean home, and nothing of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return measured(child_environment({**kept, "HOME": str(tmp_path), "NO_COLOR": "1"}))


def demo(env, *argv: str) -> subprocess.CompletedProcess:
    """One whole run."""
    return subprocess.run(
        [sys.executable, "-m", "cli.launcher", "demo", *argv],
        env=env,
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_the_readme_shows_what_the_demonstration_prints(env):
    """Two towns trade a job, race, carry and prove; the words are README's words."""
    run = demo(env)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    readme = (tree.ROOT / "README.md").read_text("utf-8")
    shown = readme.partition(START)[2].partition(END)[0]
    assert shown, "README has no transcript"
    assert plain(shown) == plain(run.stdout)


def test_who_is_told_where_to_keep_it_is_not_left_by_it(tmp_path, env):
    """The folder stands in its own line, and in that of the shell around it; another is left."""
    code = "import sys; from cli.demo_town import left_in; print(left_in(sys.argv[1]))"
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", str(tmp_path)], stdin=subprocess.PIPE
    ) as left:
        told = subprocess.run(
            ["sh", "-c", '"$0" -c "$1" "$2"; :', sys.executable, code, str(tmp_path)],
            env=env, cwd=tree.ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert told.stdout == f"[{left.pid}]\n"


def test_the_demonstration_for_programs_says_facts(env):
    """One JSON object: unsigned rows seen, one root, no process left."""
    run = demo(env, "--json")
    data = json.loads(run.stdout)["data"]
    assert (data["unsigned"], data["left"]) == (13, 0)
    assert len(data["root"]) == 64
