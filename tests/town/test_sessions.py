"""The port of sessions, promise by promise, on each adapter, with real processes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.few import FEW
from tests.house.children import measured
from tests.living import alive
from tests.waiting import LONG_S, until
from town.node import session_processes, session_script
from town.node.births import created_at
from town.node.session_holder import NOT_KEPT, Kept
from town.node.session_processes import ProcessSessions
from town.node.session_script import ScriptSessions
from town.node.session_tmux import TmuxSessions
from town.sessions.port import (
    NoProviderError,
    NoSessionError,
    SessionError,
    SessionPlan,
    SessionThereError,
)

ADAPTERS = [
    "process",
    "script",
    pytest.param("tmux", marks=pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")),
]
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=ADAPTERS)
def sessions(request, tmp_path):
    """The sessions of one town; whatever a test leaves is ended."""
    if request.param == "process":
        found = ProcessSessions(tmp_path / "sessions")
    elif request.param == "script":
        found = scripted(tmp_path)
    else:
        found = TmuxSessions(tmp_path, dict(os.environ))
    yield found
    for one in found.running():
        found.stop(one.name, grace_s=0)
    if request.param == "tmux":
        subprocess.run(found._argv("kill-server"), check=False, capture_output=True)


def scripted(tmp_path: Path) -> ScriptSessions:
    """The sessions of a script, which is a program of its own each time."""
    script = tmp_path / "provider"
    called = f'exec "{sys.executable}" -m tests.town.provider "{tmp_path}/sessions" "$@"'
    script.write_text(f'#!/bin/sh\ncd "{ROOT}" && {called}\n')
    script.chmod(0o755)
    return ScriptSessions(str(script), measured(os.environ))


def plan(tmp_path: Path, script: str, name: str = "hq-mayor") -> SessionPlan:
    """A session that runs this shell script."""
    env = {"PATH": os.environ["PATH"], "GT_ROLE": "mayor", "HOME": str(tmp_path)}
    return SessionPlan(name=name, argv=("sh", "-c", script), cwd=tmp_path, env=env)


def test_a_session_sees_its_folder_and_its_environment_alone(sessions, tmp_path):
    """Nothing of whoever began it reaches it; what it prints can be read, also afterwards."""
    os.environ["LEAKED"] = "yes"
    try:
        script = 'printf "%s %s %s\\n" "$GT_ROLE" "$PWD" "${LEAKED:-none}"; exit 3'
        sessions.start(plan(tmp_path, script))
    finally:
        del os.environ["LEAKED"]
    until(lambda: sessions.find("hq-mayor") is None)
    said = until(lambda: sessions.peek("hq-mayor", lines=50).strip())
    assert said.split("\n")[0] == f"mayor {tmp_path} none"
    until(lambda: sessions.exit_code("hq-mayor") == 3)


def test_a_name_runs_once_and_is_free_again(sessions, tmp_path):
    """The second start is refused and disturbs nobody; after the end the name can be used."""
    first = sessions.start(plan(tmp_path, "sleep 600"))
    with pytest.raises(SessionThereError):
        sessions.start(plan(tmp_path, "sleep 600"))
    assert [one.pid for one in sessions.running()] == [first.pid]
    assert sessions.stop("hq-mayor", grace_s=5)
    assert not sessions.stop("hq-mayor", grace_s=5)
    again = sessions.start(plan(tmp_path, "sleep 600"))
    assert again.pid != first.pid
    assert created_at(again.pid) == again.created


def test_what_is_typed_arrives_whole(sessions, tmp_path):
    """Text with quotes, signs and other letters, and a long one; Enter stands behind it."""
    script = 'stty -echo; echo ready; while read -r line; do printf "<%s>\\n" "$line" >> got; done'
    sessions.start(plan(tmp_path, script))
    until(lambda: "ready" in sessions.peek("hq-mayor", lines=9))
    told = ['it\'s "quoted" $HOME `x` \\n', "ünï → 日本", "x" * 3_000]
    for text in told:
        sessions.send("hq-mayor", text)
    got = tmp_path / "got"
    until(lambda: got.exists() and got.read_text("utf-8").count("\n") == len(told))
    assert got.read_text("utf-8").splitlines() == [f"<{text}>" for text in told]


def test_an_interrupt_reaches_the_program(sessions, tmp_path):
    """As by Ctrl-C: the program decides what it means."""
    script = "trap 'echo stopped; exit 4' INT; echo ready; while :; do sleep 0.05; done"
    sessions.start(plan(tmp_path, script))
    until(lambda: "ready" in sessions.peek("hq-mayor", lines=9))
    sessions.interrupt("hq-mayor")
    until(lambda: sessions.find("hq-mayor") is None)
    until(lambda: "stopped" in sessions.peek("hq-mayor", lines=9))


def test_stop_ends_what_the_program_began_too(sessions, tmp_path):
    """A program that hears nothing, and one that it began in the background: both are gone."""
    script = "trap '' TERM HUP INT; sleep 600 & echo $! > kid; while :; do sleep 0.05; done"
    started = sessions.start(plan(tmp_path, script))
    kid = tmp_path / "kid"
    until(lambda: kid.exists() and kid.read_text().strip())
    pids = [started.pid, int(kid.read_text())]
    assert sessions.stop("hq-mayor", grace_s=0.2)
    until(lambda: not [pid for pid in pids if alive(pid)])
    assert sessions.running() == []


def test_all_are_asked_to_end_before_one_of_them_is_waited_for(sessions, tmp_path):
    """Each ends only when it sees that all were asked: nobody waits in vain, and all are gone."""
    names = ["a-one", "a-two"]
    asked = " && ".join(f"[ -e asked-{name} ]" for name in names)
    for name in names:
        told = f"trap 'touch asked-{name}' TERM; touch there-{name}"
        script = f"{told}; until {asked}; do sleep 0.05; done; touch bye-{name}"
        sessions.start(plan(tmp_path, script, name))
    until(lambda: len(list(tmp_path.glob("there-*"))) == len(names))
    ended = sessions.stop_all([*names, "a-third"], grace_s=LONG_S)
    assert sorted(ended) == sorted(names)
    assert len(list(tmp_path.glob("bye-*"))) == len(names)
    assert sessions.running() == []
    assert list(sessions.stop_all(names, grace_s=0)) == []


def test_a_killed_program_is_seen_to_be_gone(sessions, tmp_path):
    """kill -9: the session runs no more at once, and others are not touched."""
    first = sessions.start(plan(tmp_path, "sleep 600", "a-one"))
    sessions.start(plan(tmp_path, "sleep 600", "a-two"))
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: [one.name for one in sessions.running()] == ["a-two"])


def test_what_does_not_run_can_not_be_told_anything(sessions, tmp_path):
    """Each verb says that there is none of this name."""
    for work in (sessions.interrupt, lambda name: sessions.send(name, "x"), sessions.attach):
        with pytest.raises(NoSessionError):
            work("hq-nobody")
    with pytest.raises(NoSessionError):
        sessions.peek("hq-nobody", lines=3)
    assert sessions.exit_code("hq-nobody") is None


def test_a_program_that_is_not_there_ends_at_once(sessions, tmp_path):
    """The session says so in its own words, and is over."""
    nothing = SessionPlan(
        name="x-y", argv=("/not/there",), cwd=tmp_path, env={"PATH": "/bin:/usr/bin"}
    )
    sessions.start(nothing)
    until(lambda: sessions.find("x-y") is None)
    until(lambda: sessions.exit_code("x-y") == 127)
    until(lambda: "/not/there" in sessions.peek("x-y", lines=9))


def test_another_adapter_object_sees_the_same_sessions(sessions, tmp_path):
    """Whoever looks, in whatever process: sessions belong to the town."""
    started = sessions.start(plan(tmp_path, "sleep 600"))
    again = type(sessions)(*[getattr(sessions, name) for name in sessions.__slots__])
    assert [one.pid for one in again.running()] == [started.pid]
    assert again.stop("hq-mayor", grace_s=1)


def test_everything_that_was_printed_is_kept(sessions, tmp_path):
    """From the first letter to the last, in a file of its own that nobody else can read."""
    kept = tmp_path / "kept" / "one.log"
    script = "echo first; sleep 0.3; seq 1 500; echo last"
    told = replace(plan(tmp_path, script), transcript=kept)
    sessions.start(told)
    until(lambda: sessions.find("hq-mayor") is None)
    until(lambda: kept.read_text().split()[-1:] == ["last"])
    assert kept.read_text().split() == ["first", *map(str, range(1, 501)), "last"]
    assert kept.stat().st_mode & 0o077 == 0
    sessions.start(replace(told, transcript=tmp_path / "kept" / "two.log"))
    until(lambda: (tmp_path / "kept" / "two.log").read_text().split()[-1:] == ["last"])
    assert kept.read_text().split()[0] == "first"


def test_of_too_much_the_newest_is_kept_and_the_first_line_says_so(sessions, tmp_path):
    """However often it is full; not a byte of the rest is lost, and the session goes on."""
    kept, bytes_max = tmp_path / "kept" / "one.log", 20_000
    told = replace(
        plan(tmp_path, "seq 1 9999; echo last; sleep 600"),
        transcript=kept,
        transcript_bytes_max=bytes_max,
    )
    sessions.start(told)
    until(lambda: kept.exists() and kept.read_text().split()[-1:] == ["last"])
    first, *rest = kept.read_text().splitlines()
    said = re.fullmatch(r"\[the first (\d+) bytes .* are not kept: keep.session_mb\]", first)
    assert said
    numbers = [int(line) for line in rest[:-1]]
    assert numbers == list(range(numbers[0], 10_000))
    assert bytes_max // 3 < kept.stat().st_size <= bytes_max
    before = "".join(f"{number}\r\n" for number in range(1, numbers[0]))
    assert int(said[1]) == len(before)


@FEW
@given(st.lists(st.binary(max_size=90) | st.just(b"a line\n" * 9), max_size=40))
def test_what_is_kept_is_the_end_of_what_was_printed(tmp_path, pieces):
    """Every byte from some moment on, never more than may be; the first line counts the others."""
    path, bytes_max = tmp_path / "one.log", 300
    path.unlink(missing_ok=True)
    kept = Kept(str(path), bytes_max)
    with kept.file:
        for piece in pieces:
            kept.add(piece)
    mark = NOT_KEPT.format(kept.lost) if kept.lost else ""
    assert path.read_bytes() == mark.encode() + b"".join(pieces)[kept.lost :]
    assert path.stat().st_size <= bytes_max


def test_a_full_disk_ends_no_session():
    """What does not fit is counted; whoever holds the session goes on."""
    kept = Kept("/dev/full", 100)
    with kept.file:
        kept.add(b"lost")
    assert kept.lost == 4


def test_keys_in_an_environment_are_on_no_command_line(sessions, tmp_path):
    """Neither the session's program nor whatever holds it shows them to others; 64 KiB pass."""
    secret, large = "sk-0123456789", "x" * 65_000
    env = {"PATH": os.environ["PATH"], "OTHER_KEY": secret, "LARGE": large}
    script = 'echo "${#LARGE} $OTHER_KEY"; sleep 600'
    sessions.start(SessionPlan(name="hq-mayor", argv=("sh", "-c", script), cwd=tmp_path, env=env))
    until(lambda: f"65000 {secret}" in sessions.peek("hq-mayor", lines=9))
    shown = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
    assert not [line for line in shown if secret in line]


def test_a_script_may_leave_out_what_it_does_not_do(tmp_path):
    """An operation that it does not know counts as done; a failed one tells the script's words."""
    script = tmp_path / "provider"
    script.write_text(
        "#!/bin/sh\ncase $1 in\nlist) echo a-one 0; exit 0;;\n"
        "send) echo 'no line' >&2; exit 1;;\nesac\nexit 2\n"
    )
    script.chmod(0o755)
    sessions = ScriptSessions(str(script), {"PATH": os.environ["PATH"]})
    sessions.interrupt("a-one")
    assert sessions.stop("a-one", grace_s=1)
    assert sessions.exit_code("a-one") is None
    with pytest.raises(SessionError, match="no line"):
        sessions.send("a-one", "x")
    with pytest.raises(SessionError, match="gt peek"):
        sessions.attach("a-one")
    with pytest.raises(NoProviderError):
        ScriptSessions(str(tmp_path / "none"), {}).running()


@pytest.mark.parametrize("at_once", [1, session_script.AT_ONCE_MAX])
def test_a_script_that_fails_to_stop_one_session_is_asked_for_the_others_too(
    tmp_path, monkeypatch, at_once
):
    """Its words are told; whatever it names by number runs no more."""
    monkeypatch.setattr(session_script, "AT_ONCE_MAX", at_once)
    with ExitStack() as stack:
        begun = [stack.enter_context(subprocess.Popen(["sleep", "600"])) for _ in range(5)]
        names = [f"a-{one.pid}" for one in begun]
        script = tmp_path / "provider"
        script.write_text(
            f"#!/bin/sh\ncase $1 in\nlist) for n in {' '.join(names)}; do echo $n ${{n#a-}}; done; "
            f"exit 0;;\nstop) echo $2 >> {tmp_path}/asked; echo 'not today' >&2; exit 1;;\nesac\n"
            "exit 2\n"
        )
        script.chmod(0o755)
        sessions = ScriptSessions(str(script), {"PATH": os.environ["PATH"]})
        with pytest.raises(SessionError, match="not today"):
            sessions.stop_all(names, grace_s=0)
        assert sorted((tmp_path / "asked").read_text().split()) == sorted(names)
        assert max(one.wait() for one in begun) < 0  # ended by a signal


def test_a_number_that_somebody_else_has_by_now_is_left_alone(tmp_path):
    """A stale file names a living process of somebody else; `stop` does not touch it."""
    sessions = ProcessSessions(tmp_path / "sessions")
    sessions.start(plan(tmp_path, "exit 0"))
    until(lambda: sessions.find("hq-mayor") is None)
    with subprocess.Popen(["sleep", "600"]) as other:
        born = tmp_path / "sessions" / "hq-mayor" / "born.json"
        born.write_text(f'{{"pid": {other.pid}, "created": 1.0}}')
        assert not sessions.stop("hq-mayor", grace_s=0)
        assert other.poll() is None
        with pytest.raises(NoSessionError):
            sessions.send("hq-mayor", "x")
        other.kill()


def test_whoever_held_the_last_run_does_not_speak_for_the_next(tmp_path):
    """It writes late how its own program ended: the next one of the name lives all the same."""
    sessions = ProcessSessions(tmp_path / "sessions")
    sessions.start(plan(tmp_path, "sleep 600"))
    late = holder_of(tmp_path)
    late.suspend()
    assert sessions.stop("hq-mayor", grace_s=0)
    second = sessions.start(plan(tmp_path, "sleep 600"))
    late.resume()
    until(lambda: not late.is_running() or late.status() == psutil.STATUS_ZOMBIE)
    assert [one.pid for one in sessions.running()] == [second.pid]
    assert sessions.exit_code("hq-mayor") is None
    assert sessions.stop("hq-mayor", grace_s=0)
    until(lambda: sessions.exit_code("hq-mayor") is not None)


def test_how_a_program_ended_is_known_as_soon_as_it_is_gone(tmp_path, monkeypatch):
    """Also where whoever holds it has had no time yet to write it down; no wait for a dead one."""
    monkeypatch.setattr(session_processes, "LAST_WORD_S", LONG_S)
    sessions, go = ProcessSessions(tmp_path / "sessions"), tmp_path / "go"
    sessions.start(plan(tmp_path, f"until test -e {go}; do sleep 0.05; done; exit 3"))
    holder = holder_of(tmp_path)
    holder.suspend()
    go.touch()
    until(lambda: sessions.find("hq-mayor") is None)
    with ThreadPoolExecutor(1) as pool:
        code = pool.submit(sessions.exit_code, "hq-mayor")
        holder.resume()
        assert code.result(LONG_S) == 3
    second = sessions.start(plan(tmp_path, "sleep 600"))
    holder_of(tmp_path).kill()
    os.kill(second.pid, signal.SIGKILL)
    until(lambda: sessions.find("hq-mayor") is None)
    assert sessions.exit_code("hq-mayor") is None


def holder_of(tmp_path: Path) -> psutil.Process:
    """Whoever holds the newest session of plain processes."""
    [state] = (tmp_path / "sessions" / "hq-mayor").glob("state*.json")
    return psutil.Process(json.loads(state.read_text())["holder"])


def test_a_number_that_somebody_else_had_hides_no_session(tmp_path, monkeypatch):
    """Whoever looked at all processes long ago knew another one by it: it is asked to end."""
    sessions, bye = ProcessSessions(tmp_path / "sessions"), tmp_path / "bye"
    script = f"trap 'touch {bye}; exit' TERM; touch there; while :; do sleep 0.05; done"
    started = sessions.start(plan(tmp_path, script))
    until((tmp_path / "there").exists)
    other = psutil.Process(started.pid)
    other._ident = (started.pid, -1.0)  # as of one that was there before
    monkeypatch.setattr(psutil, "_pmap", {started.pid: other})
    assert sessions.stop("hq-mayor", grace_s=LONG_S)
    assert bye.exists()


def test_a_plain_process_shows_itself_to_nobody(tmp_path):
    """Attaching needs tmux; the error says what to do instead."""
    sessions = ProcessSessions(tmp_path / "sessions")
    sessions.start(plan(tmp_path, "sleep 600"))
    with pytest.raises(SessionError, match="gt peek"):
        sessions.attach("hq-mayor")
    assert sessions.stop("hq-mayor", grace_s=1)
