"""The locks: everything that is installed is named with its version and its hash."""

import re
import tomllib

import pytest

from tests.house import tree

LOCKS = ("runtime", "dev")
NORMAL = re.compile(r"[-_.]+")


def lock_text(name: str) -> str:
    return (tree.ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")


def requirements(text: str) -> dict[str, str]:
    """Each locked distribution, with the lines that belong to it."""
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip() + "\n"
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return {
        NORMAL.sub("-", re.split(r"[=\[ ;]", block)[0]).lower(): block.strip() for block in blocks
    }


@pytest.mark.parametrize("name", LOCKS)
def test_each_distribution_is_held_to_a_version_and_a_hash(name):
    """An installer that checks hashes accepts the lock as it is."""
    locked = requirements(lock_text(name))
    assert len(locked) > 20
    loose = [who for who, block in locked.items() if "==" not in block or "--hash=" not in block]
    assert not loose


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name):
    """Where packages come from is the reader's choice: no index or host stands in a lock."""
    text = lock_text(name)
    assert "://" not in text
    assert not [line for line in text.splitlines() if line.startswith("-")]


@pytest.mark.parametrize("name", LOCKS)
def test_what_the_project_asks_for_is_locked(name):
    """A dependency that was added to pyproject.toml is in the lock too."""
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = list(project["dependencies"])
    if name == "dev":
        asked += project["optional-dependencies"]["dev"]
    names = {NORMAL.sub("-", re.split(r"[<>=;\[ ]", one)[0]).lower() for one in asked}
    assert not names - set(requirements(lock_text(name)))


def test_what_runs_is_what_was_tested():
    """Both locks hold one version of each distribution that they share."""
    runtime, dev = requirements(lock_text("runtime")), requirements(lock_text("dev"))
    assert set(runtime) <= set(dev)
    assert {name: dev[name] for name in runtime} == runtime
