"""Whoever adds a project may die at any moment; what is left is found, and nobody else's is."""

import json
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.house.children import measured
from tests.town.prompt import Prompt, files
from tests.town.running import RunningTown, running_town
from tests.town.wrapped_git import FAIL, KILL, wrapped_git
from tests.waiting import LONG_S, until

pytestmark = pytest.mark.slow

# At which call of git the process dies: right after the name was taken, when everything was
# fetched, when the last worktree was there.
POINTS = [("init", 1, True), ("fetch", 1, False), ("worktree", 2, False)]


@pytest.fixture
def origin(prompt, town) -> Path:
    """A bare repository beside the town."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    return town.parent / "origin.git"


def killed(prompt: Prompt, *argv: str, path: str) -> None:
    """The line ran in a process that git killed."""
    done = subprocess.run(
        prompt.command("gt", *argv), cwd=prompt.at, env=measured({**prompt.env, "PATH": path}),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


def dying_at(folder: Path, point: tuple[str, int, bool]) -> str:
    """A PATH whose git kills its caller at that point."""
    word, times, before = point
    return wrapped_git(folder, word, then=KILL, times=times, before=before)


def whole(prompt: Prompt, town: Path) -> None:
    """There is one rig, and no trace of another attempt at it."""
    assert [rig["name"] for rig in prompt.json("gt", "rig", "list")["data"]["rigs"]] == ["api"]
    assert prompt.git("status", "--porcelain", at=town / "api" / "refinery" / "rig") == ""
    assert [path.name for path in town.rglob(".making*")] == []


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.usefixtures("origin")
def test_the_next_one_finds_what_a_dead_adder_left(prompt, town, tmp_path, point):
    """After kill -9 no rig is listed; the same line again makes it whole, with its own prefix."""
    path = dying_at(tmp_path / "bin", point)
    killed(prompt, "rig", "add", "api", "../origin.git", path=path)
    assert (town / "api").is_dir()
    assert prompt.json("gt", "rig", "list")["data"]["rigs"] == []
    assert prompt.refused("rig", "status", "api") == (3, "id.rig")
    found = prompt.json("gt", "rig", "add", "api", "../origin.git")
    assert found["exit"] == 0, found
    whole(prompt, town)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.usefixtures("origin")
def test_another_rig_clears_it_too(prompt, town, tmp_path, point):
    """A dead adder's prefix is free for whoever comes next, under whatever name."""
    path = dying_at(tmp_path / "bin", point)
    killed(prompt, "rig", "add", "web", "../origin.git", "--prefix", "api", path=path)
    assert prompt.json("gt", "rig", "add", "api", "../origin.git")["data"]["prefix"] == "api"
    assert not (town / "web").exists()
    whole(prompt, town)


@pytest.mark.usefixtures("origin")
def test_a_folder_that_somebody_made_since_is_not_removed(prompt, town, tmp_path):
    """What lies at the dead adder's place without its token is a person's."""
    path = wrapped_git(tmp_path / "bin", "fetch", then=KILL)
    killed(prompt, "rig", "add", "api", "../origin.git", path=path)
    (town / "api").rename(town.parent / "away")
    (town / "api").mkdir()
    (town / "api" / "mine").write_text("mine\n")
    assert prompt.refused("rig", "add", "api", "../origin.git") == (1, "rig.there")
    assert files(town / "api") == {"mine": b"mine\n"}
    (town / "api").rename(town.parent / "mine")
    assert prompt.json("gt", "rig", "add", "api", "../origin.git")["exit"] == 0


@pytest.mark.usefixtures("origin")
def test_a_killed_crew_is_cleared_as_well(prompt, town, tmp_path):
    """A clone that was cut short is no member, and its name is free again."""
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    for word, before in (("clone", True), ("clone", False), ("checkout", False)):
        folder = tmp_path / f"{word}{before}"
        path = wrapped_git(folder, word, then=KILL, before=before)
        killed(prompt, "crew", "add", "max", path=path)
        assert prompt.json("gt", "crew", "list", "--all")["data"]["crew"] == []
    assert prompt.gt("crew", "add", "max").code == 0
    assert {path.name for path in (town / "api" / "crew").iterdir()} == {"max"}
    whole(prompt, town)


AT_REMOVAL = """
import os, signal, sys
def die(event, args):
    if event == 'shutil.rmtree':
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
"""


@pytest.mark.usefixtures("origin")
def test_who_dies_while_clearing_up_is_cleared_up_after(prompt, town, tmp_path):
    """A removal that was cut short, of a failed rig or of a member, is finished by the next one."""
    path, prompt.env["PATH"] = (
        prompt.env["PATH"],
        wrapped_git(tmp_path / "bin", "fetch", then=FAIL, before=True),
    )
    failed = prompt.spawn("gt", "rig", "add", "api", "../origin.git", prelude=AT_REMOVAL)
    assert failed.returncode == -signal.SIGKILL
    prompt.env["PATH"] = path
    assert not (town / "api").exists()
    assert [one.name for one in town.glob(".making-*")] != []
    assert prompt.json("gt", "rig", "add", "api", "../origin.git")["exit"] == 0
    whole(prompt, town)
    assert prompt.gt("crew", "add", "max").code == 0
    cut = prompt.spawn("gt", "crew", "remove", "max", prelude=AT_REMOVAL)
    assert cut.returncode == -signal.SIGKILL
    assert prompt.json("gt", "crew", "list", "--all")["data"]["crew"] == []
    assert prompt.gt("crew", "add", "zoe").code == 0
    assert {one.name for one in (town / "api" / "crew").iterdir()} == {"zoe"}
    assert prompt.gt("crew", "add", "max").code == 0
    whole(prompt, town)


@pytest.mark.usefixtures("origin")
def test_a_node_that_dies_leaves_what_the_next_one_clears(prompt, town, tmp_path):
    """Under way, it is refused as that; when the node is killed, it is rubbish."""
    waits = tmp_path / "wait"
    held = f'while [ ! -e "{waits}" ]; do sleep 0.05; done'
    path = wrapped_git(tmp_path / "bin", "fetch", then=held)
    with running_town(prompt, town) as node:
        first = node.start("gt", "rig", "add", "api", "../origin.git", PATH=path)
        until((tmp_path / "bin" / "count").exists)
        for name in ("api", "API"):
            again = node.json("gt", "rig", "add", name, "../origin.git", "--prefix", "x")
            assert again["exit"] == 1
            assert again["error"]["code"] == {"api": "rig.adding", "API": "rig.there"}[name]
        assert node.data("gt", "rig", "list")["rigs"] == []
        pid = node.killed()
        first.communicate(timeout=LONG_S)
        assert first.returncode == 6
        assert node.up() != pid
        waits.touch()
        assert node.json("gt", "rig", "add", "api", "../origin.git")["exit"] == 0
        assert [rig["name"] for rig in node.data("gt", "rig", "list")["rigs"]] == ["api"]
    whole(prompt, town)


@pytest.mark.usefixtures("origin")
def test_a_caller_who_gives_up_ends_the_fetch(prompt, town, tmp_path):
    """Ctrl-C at the prompt stops git in the node, and nothing of the rig is there."""
    waits = tmp_path / "wait"
    held = f'trap "exit 143" TERM; while [ ! -e "{waits}" ]; do sleep 0.05; done'
    path = wrapped_git(tmp_path / "bin", "fetch", then=held)
    with running_town(prompt, town) as node:
        first = node.start("gt", "rig", "add", "api", "../origin.git", PATH=path)
        until((tmp_path / "bin" / "count").exists)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=LONG_S)
        assert first.returncode == 130
        until(lambda: not (town / "api").exists())
        until(lambda: node.data("gt", "rig", "list")["rigs"] == [])
        assert node.json("gt", "rig", "add", "api", "../origin.git")["exit"] == 0
    waits.touch()


@pytest.mark.usefixtures("origin")
def test_a_node_that_goes_down_takes_its_fetch_along(prompt, town, tmp_path):
    """`down` ends git with the node; nothing of the rig stays, and the next node knows of none."""
    held = f'while [ ! -e "{tmp_path / "wait"}" ]; do sleep 0.05; done'
    path = wrapped_git(tmp_path / "bin", "fetch", then=held)
    with running_town(prompt, town) as node:
        first = node.start("gt", "rig", "add", "api", "../origin.git", PATH=path)
        until((tmp_path / "bin" / "count").exists)
        node.down()
        first.communicate(timeout=LONG_S)
        assert first.returncode != 0
        until(lambda: not git_of(tmp_path / "bin"))
        assert not (town / "api").exists()
        node.up()
        assert node.data("gt", "rig", "list")["rigs"] == []
        assert node.json("gt", "rig", "add", "api", "../origin.git")["exit"] == 0
    whole(prompt, town)


@pytest.mark.usefixtures("origin")
def test_without_a_node_one_waits_and_is_told_for_whom(prompt, town, tmp_path):
    """A command beside a long fetch gives up with who holds the town; the fetch goes on."""
    waits = tmp_path / "wait"
    held = f'while [ ! -e "{waits}" ]; do sleep 0.05; done'
    path = wrapped_git(tmp_path / "bin", "fetch", then=held)
    first = subprocess.Popen(
        prompt.command("gt", "rig", "add", "api", "../origin.git"), cwd=town, text=True,
        env=measured({**prompt.env, "PATH": path}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    until((tmp_path / "bin" / "count").exists)
    beside = prompt.json("gt", "rig", "add", "api", "../origin.git")
    assert (beside["exit"], beside["error"]["code"]) == (6, "store.locked")
    assert beside["error"]["message"] == f"process {first.pid} (gt rig) holds this town's ledger"
    waits.touch()
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert prompt.refused("rig", "add", "api", "../origin.git") == (1, "rig.there")
    whole(prompt, town)


@pytest.mark.usefixtures("origin")
def test_what_a_removal_could_not_empty_goes_with_the_next_one(prompt, town):
    """A program that writes on in a removed folder leaves rubbish; rubbish has no row and goes."""
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    stray = ".making-" + 32 * "0"
    for place in (town / stray, town / "api" / "crew" / stray):
        (place / "objects").mkdir(parents=True)
        (place / "objects" / "late").write_text("")
    (town / ".making-notes").mkdir()
    (town / ".making-notes" / "mine").write_text("a person's\n")
    assert prompt.gt("crew", "add", "max").code == 0
    assert [path.name for path in town.rglob(".making-*")] == [".making-notes"]
    assert (town / ".making-notes" / "mine").exists()


def git_of(folder: Path) -> list[int]:
    """The numbers of processes that run that folder's git."""
    script = str(folder / "git")
    return [
        one.pid for one in psutil.process_iter(["cmdline"]) if script in (one.info["cmdline"] or ())
    ]


@pytest.mark.usefixtures("origin")
def test_a_long_fetch_holds_nobody_up(prompt, town, tmp_path):
    """While one clones, others make beads and rigs; each sees its own environment."""
    waits = tmp_path / "wait"
    held = f'while [ ! -e "{waits}" ]; do sleep 0.05; done'
    path = wrapped_git(tmp_path / "bin", "fetch", then=held)
    with running_town(prompt, town) as node:
        first = node.start("gt", "rig", "add", "api", "../origin.git", PATH=path)
        until((tmp_path / "bin" / "count").exists)
        assert node.json("gt", "rig", "add", "web", "../origin.git")["exit"] == 0
        assert node.run("bd", "create", "meanwhile", "--silent")[1].startswith("hq-")
        assert first.poll() is None
        waits.touch()
        out, err = first.communicate(timeout=60)
        assert first.returncode == 0, (out, err)
        names = [rig["name"] for rig in node.data("gt", "rig", "list")["rigs"]]
        assert names == ["api", "web"]


RUNS = 20


def race(node: RunningTown, lines: list[tuple[str, ...]]) -> list[dict]:
    """The envelopes of lines that ran at the same moment."""
    started = [node.start("gt", *line, "--json") for line in lines]
    return [json.loads(process.communicate(timeout=60)[0]) for process in started]


@pytest.mark.usefixtures("origin")
def test_of_two_that_want_one_name_or_one_prefix_one_wins(prompt, town):
    """Twenty times, in real processes: one rig, one refusal that says why, no half of either."""
    with running_town(prompt, town) as node:
        for run in range(RUNS):
            name = f"r{run}"
            other = name if run % 2 else f"s{run}"
            lines = [
                ("rig", "add", one, "../origin.git", "--prefix", f"p{run}") for one in (name, other)
            ]
            found = race(node, lines)
            lost = [one["error"]["code"] for one in found if one["error"]]
            assert len(lost) == 1, found
            assert lost[0] in ("rig.there", "rig.adding", "rig.prefix")
        rigs = node.data("gt", "rig", "list")["rigs"]
        assert len(rigs) == RUNS
        assert {rig["name"] for rig in rigs} == {
            path.name for path in town.iterdir() if (path / ".repo.git").exists()
        }
        assert len({rig["prefix"] for rig in rigs}) == RUNS
