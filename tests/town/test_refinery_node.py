"""The refinery of a town whose node runs: nobody calls it, and it survives the node."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.living import alive
from tests.town.prompt import Prompt
from tests.town.running import RunningTown, running_town
from tests.waiting import until
from town.workspace.files import write_json

pytestmark = pytest.mark.slow


@pytest.fixture
def node(prompt: Prompt, town: Path) -> Iterator[RunningTown]:
    """A running town with the rig `api`, and somebody's clone."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    with running_town(prompt, town) as found:
        assert found.json("gt", "rig", "add", "api", "../origin.git")["exit"] == 0
        assert found.json("gt", "crew", "add", "max", "--rig", "api")["exit"] == 0
        yield found


def gate(node: RunningTown, cmd: str) -> None:
    told = {
        "gates": {"test": {"cmd": cmd}}, "retry_flaky_tests": 0, "batch": {"batch_wait_time": "0s"}
    }  # fmt: skip
    place = node.root / "api" / "settings" / "config.json"
    write_json(place, {"merge_queue": told})  # as a whole: the node may read it at any moment


def handed_in(node: RunningTown, name: str) -> str:
    """The request of work that adds a file."""
    clone = node.root / "api" / "crew" / "max"
    git = node.prompt.git
    git("checkout", "-q", "-b", name, "origin/main", at=clone)
    (clone / name).write_text("x")
    git("add", "-A", at=clone)
    git("commit", "-q", "-m", f"Add {name}", at=clone)
    made = node.json("gt", "mq", "submit", at=clone)
    assert made["exit"] == 0, made
    return made["data"]["id"]


def state_of(node: RunningTown, request: str) -> Callable[[], str]:
    return lambda: node.json("gt", "mq", "status", request)["data"]["status"]


def test_what_is_handed_in_is_merged_by_itself(node: RunningTown):
    """Within seconds, by the node of the town; nobody has to call it."""
    gate(node, "sleep 1; test ! -e BROKEN")
    request = handed_in(node, "one")
    until(lambda: state_of(node, request)() == "merged")
    log = node.prompt.git("log", "--format=%s", "main", at=node.root.parent / "origin.git")
    assert log.splitlines()[0] == "Add one"

    def stands() -> tuple[str, int, str]:
        status = node.json("gt", "refinery", "status", "api")["data"]
        return status["state"], status["queue"], status["last_cycle"]

    until(lambda: stands() == ("idle", 0, "1 merged"))  # it puts things in order behind a merge


def test_a_node_that_is_killed_while_gates_run_merges_once(node: RunningTown, tmp_path: Path):
    """The next node ends the gate that was left, and merges."""
    pid = tmp_path / "pid"
    gate(node, f"test -e {pid} || {{ echo $$ > {pid}; sleep 300; }}")
    request = handed_in(node, "one")
    until(lambda: pid.exists() and pid.read_text().strip())
    left = int(pid.read_text())
    node.killed()
    node.up()
    until(lambda: state_of(node, request)() == "merged")
    assert not alive(left)
    log = node.prompt.git("log", "--format=%s", "main", at=node.root.parent / "origin.git")
    assert log.splitlines() == ["Add one", "begin"]


def test_a_node_that_is_told_to_end_ends_its_gates(node: RunningTown, tmp_path: Path):
    """Nothing runs on, nothing is merged, nobody is alarmed; the next node goes on."""
    pid = tmp_path / "pid"
    gate(node, f"test -e {pid} || {{ echo $$ > {pid}; sleep 300; }}")
    request = handed_in(node, "one")
    until(lambda: pid.exists() and pid.read_text().strip())
    node.down()
    assert not alive(int(pid.read_text()))
    status = node.json("gt", "refinery", "status", "api")["data"]
    assert (status["broken"], status["ready"]) == ("", 1)
    node.up()
    until(lambda: state_of(node, request)() == "merged")
