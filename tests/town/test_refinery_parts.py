"""Parts of the refinery alone: its gates from settings, messages of squashes, shells, leases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.living import alive
from tests.town.refining import Yard, yard_in
from tests.town.towns import git
from tests.waiting import LONG_S, until
from town.leases.right import Rights
from town.node.gates import ShellCommands, gate_environment
from town.refinery.gates import gates_of
from town.refinery.lease import at_work
from town.refinery.left import end_left
from town.refinery.message import END, FIELD, Said, read, squashed
from town.refinery.ports import Command
from town.workspace.files import write_json
from town.workspace.settings import RigSettings
from town.workspace.settings import read as read_settings

LEAVES = (
    "setsid sh -c 'echo $$ > pid; exec sleep 300' > /dev/null 2>&1 &"
    " while ! test -s pid; do sleep 0.05; done"
)

SAVED = "Saved by gt done: what was not committed yet"


def groups(**told: object) -> list[list[str]]:
    """The gates that settings come to, group by group."""
    queue = read_settings(RigSettings, {"merge_queue": told}).merge_queue
    return [[gate.name for gate in group] for group in gates_of(queue).groups]


def test_gates_follow_the_settings():
    """Those by name side by side, then those behind the squash; else the commands of old."""
    named = {"a": {"cmd": "a"}, "b": {"cmd": "b"}, "c": {"cmd": "c", "phase": "post-squash"}}
    assert groups(gates=named) == [["a", "b"], ["c"]]
    assert groups(gates=named, gates_parallel=False) == [["a"], ["b"], ["c"]]
    assert groups(gates=named, setup_command="s", test_command="t") == [
        ["setup"],
        ["a", "b"],
        ["c"],
    ]
    old = {f"{name}_command": name for name in ("test", "build", "lint", "typecheck", "setup")}
    assert groups(**old) == [["setup"], ["typecheck"], ["lint"], ["build"], ["test"]]
    assert groups(**old, run_tests=False)[-1] == ["build"]
    assert groups() == []
    queue = read_settings(RigSettings, {"merge_queue": {"setup_command": "s"}}).merge_queue
    assert gates_of(queue).count == 0
    timed = {"gates": {"a": {"cmd": "a", "timeout": "90s"}}}
    queue = read_settings(RigSettings, {"merge_queue": timed}).merge_queue
    assert gates_of(queue).groups[0][0].timeout_s == 90


def said(message: str) -> Said:
    return Said("nux", "n@example.org", "2026-01-01T00:00:00Z", message)


def test_a_squash_keeps_the_branchs_own_words():
    """One commit's message as it is; of several the newest leads, one saved by the tool last."""
    one = said("Add a\n\nBecause.\n")
    assert squashed([one], saved=SAVED, fallback="x") == "Add a\n\nBecause."
    assert squashed([said("New"), one], saved=SAVED, fallback="x") == "New\n\n* Add a"
    assert squashed([said(SAVED), one], saved=SAVED, fallback="x") == "Add a\n\nBecause."
    assert squashed([said(SAVED)], saved=SAVED, fallback="x") == SAVED
    assert squashed([], saved=SAVED, fallback="x") == "x"
    assert squashed([said("  \n")], saved=SAVED, fallback="x") == "x"


WORDS = st.text(st.characters(codec="utf-8", exclude_characters=f"\x00{FIELD}{END}"))


@given(st.lists(st.tuples(st.text("ab <>@", min_size=1), st.text("ab@."), WORDS), max_size=5))
def test_what_git_tells_of_commits_is_read_as_it_is(told):
    """Whatever stands in a message."""
    text = "\n".join(
        f"{name}{FIELD}{mail}{FIELD}now{FIELD}{message}{END}" for name, mail, message in told
    )
    assert read(text) == [Said(name, mail, "now", message) for name, mail, message in told]


# --- shells


def run(tmp_path, cmd: str, *, timeout_s: float = 30, stop: threading.Event | None = None):
    command = Command(
        cmd=cmd, cwd=tmp_path, env=gate_environment({"PATH": "/usr/bin:/bin"}), timeout_s=timeout_s
    )
    return ShellCommands().run(command, stop or threading.Event())


def test_a_command_tells_how_it_ended(tmp_path):
    """Its exit code, both of its streams, nothing to read; a folder that is gone is no success."""
    ended = run(tmp_path, "echo out; echo err >&2; cat; exit 3")
    assert (ended.code, ended.tail, ended.timed_out) == (3, "out\nerr\n", False)
    assert run(tmp_path, "kill -9 $$").code == -9
    assert run(tmp_path / "gone", "true").code == 127
    assert run(tmp_path, "head -c 100000 /dev/zero | tr '\\0' x").tail == "x" * 16_000
    assert "�" in run(tmp_path, "printf '\\377'").tail


@pytest.mark.slow
def test_nothing_of_a_command_runs_on(tmp_path):
    """What it left in the background ends with it: at its end, at its time, when it is stopped."""
    leave = "sleep 300 & echo $! > pid"
    assert run(tmp_path, leave).code == 0
    assert not alive(int((tmp_path / "pid").read_text()))
    assert run(tmp_path, f"{leave}; sleep 300", timeout_s=2).timed_out
    assert not alive(int((tmp_path / "pid").read_text()))
    stop = threading.Event()
    (tmp_path / "pid").unlink()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, tmp_path, f"trap '' TERM; {leave}; sleep 300", stop=stop)
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        stop.set()
        ended = running.result(LONG_S)
    assert not ended.timed_out
    assert ended.code != 0
    assert not alive(int((tmp_path / "pid").read_text()))


@pytest.mark.slow
def test_processes_that_bear_the_mark_are_ended_and_no_others(tmp_path):
    """By a variable of their environment, also those that left their group."""
    commands = ShellCommands()
    env = gate_environment({"PATH": "/usr/bin:/bin"})
    for mark in ("mine", "other"):
        place = tmp_path / mark
        place.mkdir()
        told = {**env, "GT_REFINERY": mark}
        commands.run(Command(cmd=LEAVES, cwd=place, env=told, timeout_s=30), threading.Event())
    pids = {mark: int((tmp_path / mark / "pid").read_text()) for mark in ("mine", "other")}
    assert alive(pids["mine"])
    assert commands.end_left("GT_REFINERY", "mine") == 1
    assert not alive(pids["mine"])
    assert alive(pids["other"])
    commands.end_left("GT_REFINERY", "other")
    assert not alive(pids["other"])


def test_what_a_killed_refinery_left_is_ended_where_none_is_at_work(yard: Yard):
    """`gt down` ends what the gates of a killed node run on; never those of one that lives."""
    works = yard.works()
    mark = {"GT_REFINERY": str(yard.workspace.rig("api").path)}
    env = {**gate_environment({"PATH": "/usr/bin:/bin"}), **mark}
    ShellCommands().run(
        Command(cmd=LEAVES, cwd=yard.clone, env=env, timeout_s=30), threading.Event()
    )
    pid = int((yard.clone / "pid").read_text())
    with at_work(Rights(works.store, works.ports, works.makers), "api"):
        assert end_left(works.refinery) == 0
        assert alive(pid)
    assert end_left(works.refinery) == 1
    assert not alive(pid)


# --- what a person has set for git is left out


@pytest.fixture
def yard(tmp_path):
    """A town whose gate fails where a file is called BROKEN."""
    with yard_in(tmp_path) as found:
        yield found


def test_a_persons_own_git_habits_do_not_stop_it(yard: Yard, tmp_path):
    """Signing, hooks, fast-forwards only, an editor: the refinery merges all the same."""
    config = tmp_path / "gitconfig"
    config.write_text(
        "[commit]\n gpgsign = true\n[merge]\n ff = only\n[core]\n editor = false\n"
        f" hooksPath = {tmp_path}/hooks\n[user]\n useConfigOnly = true\n"
    )
    (tmp_path / "hooks").mkdir()
    for name in ("pre-commit", "commit-msg", "pre-merge-commit", "post-checkout"):
        (tmp_path / "hooks" / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "hooks" / name).chmod(0o755)
    request = yard.handed_in("nux", {"a": "1"})
    yard.env = {**yard.env, "GIT_CONFIG_GLOBAL": str(config)}
    assert yard.cycle().merged == [request.id]


def test_a_person_without_an_address_has_one_of_this_machine_in_commits(yard: Yard):
    """No merge has an empty address, whoever made it."""
    write_json(yard.workspace.overseer, {"name": "Ada Lee", "email": ""})
    yard.handed_in("nux", {"a": "1"})
    yard.cycle()
    assert git(yard.origin, "log", "-1", "--format=%ce", "main").strip() == "Ada.Lee@localhost"


def test_odd_names_and_odd_files_are_merged_as_they_are(yard: Yard):
    """Spaces, quotes, a newline, a leading dash; a mode that says that a file is a program."""
    request = yard.handed_in("nux", {"a b": "1", 'q"x': "2", "ü\nz": "3", "-n": "4"})
    assert yard.cycle().merged == [request.id]
    told = git(yard.origin, "ls-tree", "-z", "--name-only", "main").split("\0")
    assert {"a b", 'q"x', "ü\nz", "-n"} <= set(told)


def test_what_a_gate_leaves_is_not_there_for_the_next_one(yard: Yard):
    """Neither files that git ignores nor changed ones: each try sees its tree and no more."""
    yard.handed_in("nux", {".gitignore": "cache\n"})
    yard.cycle()
    gate = "test ! -e cache && touch cache && echo x >> README && touch left"
    yard.gates({"one": {"cmd": gate}}, gates_parallel=False)
    for name in ("one", "two"):
        request = yard.handed_in(name, {name: "1"})
        assert yard.cycle().merged == [request.id]
    assert yard.clean()
    assert "left" not in yard.main_files()


def test_clones_without_work_of_their_own_have_what_was_merged(yard: Yard):
    """A clean clone of the crew on the branch moves forward; one with changes stays as it is."""
    for name in ("max", "ann"):
        yard.works().crew.add(yard.works().rigs.rig("api"), name)
    crew = yard.workspace.rig("api").crew
    (crew / "ann" / "README").write_text("mine\n")
    yard.handed_in("nux", {"a": "1"})
    yard.cycle()
    assert (crew / "max" / "a").exists()
    assert not (crew / "ann" / "a").exists()
    assert (crew / "ann" / "README").read_text() == "mine\n"
    assert (yard.workspace.rig("api").mayor / "a").exists()


def test_a_branch_that_grew_after_it_was_handed_in_is_kept(yard: Yard):
    """Only what was merged may be deleted; further commits of it lie nowhere else."""
    request = yard.handed_in("nux", {"a": "1"})
    git(yard.clone, "checkout", "-q", request.branch)
    (yard.clone / "more").write_text("x")
    git(yard.clone, "add", "-A")
    git(yard.clone, "commit", "-q", "-m", "more")
    git(yard.clone, "push", "-q", "origin", request.branch)
    assert yard.cycle().merged == [request.id]
    assert request.branch in git(yard.origin, "branch", "--list")
    yard.gates({"test": {"cmd": "true"}}, delete_merged_branches=False)
    kept = yard.handed_in("kept", {"b": "1"})
    yard.cycle()
    assert kept.branch in git(yard.origin, "branch", "--list")


class Counted:
    """Git, and how often it was asked for something."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.inner, name)

        def call(*args: Any, **more: Any) -> Any:
            self.calls += 1
            return real(*args, **more)

        return call


def test_what_a_request_takes_of_git_does_not_grow_with_the_queue(yard: Yard):
    """A longer queue takes fewer calls a request; `bench.refinery` has the time beside them."""
    calls = {}
    for count in (2, 8):
        for number in range(count):
            yard.handed_in(f"w{count}-{number}", {f"f{count}-{number}": "x"})
        refinery = yard.works().refinery
        refinery.git = git_ = Counted(refinery.git)
        while refinery.cycle("api").due:
            pass
        calls[count] = git_.calls
    assert len(yard.main()) == 2 + 8
    assert calls[8] / 8 <= calls[2] / 2
