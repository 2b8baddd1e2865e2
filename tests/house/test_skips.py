"""A test that is left out says why, and where all are required only listed reasons stand."""

import os
import subprocess
import sys
import tomllib

import pytest

from tests.house import tree

pytestmark = [pytest.mark.slow, pytest.mark.timeout(660)]


def run(
    tmp_path, source: str, *options: str, require_all: bool
) -> subprocess.CompletedProcess[str]:
    """Run pytest on this source in a process of its own."""
    (tmp_path / "test_given.py").write_text(source, encoding="utf-8")
    env = dict(os.environ, WL_REQUIRE_ALL="1" if require_all else "0", PYTHONPATH=str(tree.ROOT))
    env.pop("PYTEST_ADDOPTS", None)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    plugins = ["-p", "tests.plugin_skips", "-p", "no:randomly", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options, str(tmp_path)],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def skipping(reason: str) -> str:
    return (
        f'import pytest\ndef test_given():\n    pytest.skip("{reason}")\ndef test_other(): pass\n'
    )


def test_a_skip_is_told_and_lets_the_run_pass(tmp_path):
    """While working, a missing part costs no red run, and no silence either."""
    done = run(tmp_path, skipping("no moon tonight"), require_all=False)
    assert done.returncode == 0, done.stdout
    assert "not here (1): no moon tonight" in done.stdout


def test_an_unlisted_skip_fails_where_all_are_required(tmp_path):
    """A continuous run cannot go green by leaving tests out."""
    done = run(tmp_path, skipping("no moon tonight"), require_all=True)
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout
    assert "no moon tonight" in done.stdout


def test_a_listed_skip_may_stand_where_all_are_required(tmp_path):
    """What no machine of ours can offer is listed with its reason, and told at the end."""
    listed = tomllib.loads((tree.ROOT / "tests" / "not-here.toml").read_text("utf-8"))["reason"]
    assert all(entry["text"] and entry["why"] for entry in listed)
    text = listed[0]["text"]
    done = run(tmp_path, skipping(text), require_all=True)
    assert done.returncode == 0, done.stdout
    assert f"not here (1): {text}" in done.stdout


def test_a_module_that_skips_itself_fails_where_all_are_required(tmp_path):
    """A whole file cannot leave by the back door."""
    source = 'import pytest\npytest.skip("no moon tonight", allow_module_level=True)\n'
    done = run(tmp_path, source, require_all=True)
    assert done.returncode not in (0, 5), done.stdout


MODULE = 'import pytest\npytest.skip("no moon tonight", allow_module_level=True)\n'
SHARED = ("-n", "2")  # among workers, which print nothing themselves


def test_what_workers_leave_out_is_told_once(tmp_path):
    """The reason of a test, and of a module that every worker reads, reach the end of the run."""
    (tmp_path / "test_module.py").write_text(MODULE, encoding="utf-8")
    done = run(tmp_path, skipping("no sun either"), *SHARED, require_all=False)
    assert done.returncode == 0, done.stdout
    assert "not here (1): no sun either" in done.stdout
    assert "not here (1): no moon tonight" in done.stdout


@pytest.mark.parametrize("source", [skipping("no moon tonight"), MODULE], ids=["test", "module"])
def test_no_worker_leaves_anything_out_where_all_are_required(tmp_path, source):
    """Neither a test nor a module can leave by way of another process."""
    (tmp_path / "test_more.py").write_text("def test_more(): pass\n", encoding="utf-8")
    done = run(tmp_path, source, *SHARED, require_all=True)
    assert done.returncode == 1, done.stdout
    assert "no moon tonight" in done.stdout
    assert "1 failed" in done.stdout or "1 error" in done.stdout or "2 errors" in done.stdout


def test_an_expected_failure_is_no_skip(tmp_path):
    """A test that is known to fail is told as such, not as one that was left out."""
    source = "import pytest\n@pytest.mark.xfail\ndef test_given(): assert False\n"
    done = run(tmp_path, source, require_all=True)
    assert done.returncode == 0, done.stdout
    assert "not here" not in done.stdout
