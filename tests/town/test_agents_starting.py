"""Sessions are begun one way: their environment, words, rows and races, with real processes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.private.store import Change, Dropped
from ledger.workspace.rows import MAYOR, Agent
from ledger.workspace.work import Lease, Session
from stamps.errors import WastelandError
from tests.living import alive
from tests.town.towns import town_in
from tests.waiting import until
from town.agents.address import Address, of_crew
from town.node.births import created_at
from town.sessions.desk import RestsError
from town.sessions.port import SessionError, SessionThereError
from town.sessions.settling import Settling
from town.sessions.starting import START_LEASE_US, BeingBegunError, SessionRequest
from town.workspace.files import write_json

pytestmark = pytest.mark.slow
THE_MAYOR = Address(text=MAYOR, role=MAYOR)
PROVIDERS = [
    "process",
    pytest.param("tmux", marks=pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")),
]
ECHO = (
    'stty -echo; env > env.txt; printf "%s\\n" "$@" > argv.txt;'
    ' while read -r l; do echo "<$l>" >> told.txt; done'
)


def agents(town, *, provider: str = "process", default: str = "fake", **told: object) -> None:
    """The town runs these programs by default, in sessions of this provider."""
    settings = {
        "default_agent": default,
        "session": {"provider": provider},
        "agents": {
            name: {"command": "sh", "args": ["-c", script, "sh"]} for name, script in told.items()
        },
    }
    write_json(town.workspace.settings, settings)


@pytest.fixture(params=PROVIDERS)
def provider(request):
    """What runs the sessions."""
    return request.param


@pytest.fixture
def town(tmp_path):
    """A town; its sessions are over in the end."""
    with town_in(tmp_path) as found:
        yield found
        desk = found.works().agents
        for view in desk.open():
            desk.around.sessions(view.row.provider).stop(view.row.name, grace_s=0)
        if shutil.which("tmux"):
            tmux = found.works().agents.around.sessions("tmux")
            tmux._run("kill-server")


OTHERS = {
    "GT_ROLE": "api/polecats/toast",
    "GT_ASSIGNMENT": "as-1",
    "CLAUDE_SESSION_ID": "other",
    "WL_PASSPHRASE": "secret",
    "TMUX": "/other/x,1,1",
    "GIT_DIR": "/elsewhere",
}


def begun(town) -> tuple[Session, dict[str, str], str]:
    """The mayor's session, what its program saw of the world, and its words."""
    row = town.works().agents.begin(
        SessionRequest(who=THE_MAYOR, sender="overseer", topic="started")
    )
    at = town.workspace.root / "mayor"
    until(lambda: (at / "argv.txt").exists() and (at / "argv.txt").read_text())
    lines = (at / "env.txt").read_text().splitlines()
    env = dict(line.split("=", 1) for line in lines if "=" in line)
    return row, env, (at / "argv.txt").read_text()


def test_a_session_knows_who_it_is_and_nobody_else(town, provider):
    """Its variables are those of the town and of the person; of another session nothing is left."""
    agents(town, provider=provider, fake=ECHO)
    town.env = {**town.env, "ANTHROPIC_API_KEY": "sk-1", **OTHERS}
    row, env, _ = begun(town)
    for name, value in {
        "GT_ROLE": "mayor",
        "GT_ROOT": str(town.workspace.root),
        "GT_SESSION_ID": row.id,
        "GT_RUN": row.id,
        "GT_SESSION": "hq-mayor",
        "GT_AGENT": "fake",
        "GT_PROCESS_NAMES": "sh",
        "BD_ACTOR": "mayor",
        "WL_HOME": str(town.workspace.home),
        "GIT_AUTHOR_NAME": "mayor",
        "GIT_COMMITTER_NAME": "mayor",
        "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_EMAIL": "ann@example.org",
        "ANTHROPIC_API_KEY": "sk-1",
        "HOME": str(town.folder),
    }.items():
        assert env.get(name) == value, name
    assert env["PATH"].split(":")[0] == str(Path(sys.executable).parent)
    gone = {*OTHERS, "GT_POLECAT", "GT_RIG"} - {"GT_ROLE"}
    assert not gone & set(env)


def test_a_session_begins_with_its_line_and_stands_in_its_row(town, provider):
    """A person finds the line again; the row and the event are there, whatever runtime it is."""
    agents(town, provider=provider, fake=ECHO)
    row, _, said = begun(town)
    assert said.startswith("[GAS TOWN] mayor <- overseer • 20")
    assert said.endswith("• started\n\nRun `gt prime --hook` and begin work on your hook.\n")
    assert town.private.store.get(Session, row.id) == row
    assert town.private.store.get(Agent, "mayor").runtime == "fake"
    told = [one for one in town.private.store.events(0) if one.kind == "session_start"]
    assert [(one.subject, one.payload["session"], one.actor) for one in told] == [
        ("mayor", row.id, "overseer")
    ]


def test_a_session_without_hooks_is_told_in_order_once(town, provider):
    """`gt prime`, mail for who works alone, the deacon's nudge; nobody hears it twice."""
    agents(town, provider=provider, fake=ECHO)
    desk = town.works().agents
    row = desk.begin(SessionRequest(who=THE_MAYOR))
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: town.works().agents.settle(row.id), range(2)))
    assert sorted(told) == [False, True]
    at = town.workspace.root / "mayor" / "told.txt"
    until(lambda: at.exists() and "session-started" in at.read_text())
    assert at.read_text().splitlines() == ["<gt prime>", "<gt nudge deacon session-started>"]
    assert town.private.store.get(Session, row.id).ready_at
    assert not desk.settle(row.id)
    assert desk.unsettled() == []


def test_who_works_alone_is_told_of_mail_between(town):
    """A worker's session has the mail's line as its second."""
    agents(town, fake=ECHO)
    at = town.workspace.rig("api").path / "witness"
    witness = Address(text="api/witness", role="witness", rig="api", name="witness")
    row = town.works().agents.begin(SessionRequest(who=witness))
    assert row.name == "ap-witness"
    town.works().agents.settle(row.id)
    until(lambda: (at / "told.txt").exists() and "session" in (at / "told.txt").read_text())
    assert (at / "told.txt").read_text().splitlines() == [
        "<gt prime>", "<gt mail check --inject>", "<gt nudge deacon session-started>",
    ]  # fmt: skip


def test_a_question_at_the_start_is_answered_once(town, provider):
    """A runtime that asks whether the folder is trusted gets its answer, then shows a prompt."""
    script = (
        "stty -echo; sleep 0.3; echo 'Do you trust the files in this folder?'; echo ' 1. Yes';"
        ' read -r a; echo "$a" > told.txt; echo "│ \u276f type here"; while read -r l;'
        ' do echo "$l" >> told.txt; done'
    )
    agents(town, provider=provider, fake=script)
    told = json.loads(town.workspace.settings.read_text())
    told["agents"]["fake"]["provider"] = "claude"
    write_json(town.workspace.settings, told)
    row = town.works().agents.begin(SessionRequest(who=THE_MAYOR))
    assert town.works().agents.settle(row.id)
    at = town.workspace.root / "mayor" / "told.txt"
    until(at.exists)
    time.sleep(0.5)  # a second answer would have come by now
    assert at.read_text() == "1\n"  # hooks tell it the rest


def test_ten_begin_one_session_and_one_of_them_does(town, provider):
    """Whoever is late is told so, and the session that runs is the one in the row."""
    agents(town, provider=provider, fake="sleep 60")

    def begin(_: int) -> str:
        try:
            return town.works().agents.begin(SessionRequest(who=THE_MAYOR)).id
        except (SessionThereError, BeingBegunError) as error:
            return error.code

    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(begin, range(10)))
    won = [one for one in found if one.startswith("ses-")]
    assert len(won) == 1, found
    assert [(view.row.id, view.alive) for view in town.works().agents.open()] == [(won[0], True)]
    assert town.private.store.find(Lease) == () or not list(town.private.store.find(Lease))


def test_a_session_whose_starter_died_is_begun_anew(town, provider):
    """What runs under the name and stands in no row was never told anything: it is ended first."""
    agents(town, provider=provider, fake="sleep 60")
    desk = town.works().agents
    first = desk.begin(SessionRequest(who=THE_MAYOR))
    town.private.store.apply(Change(drops=(Dropped(kind=Session, key=(first.id,)),)))
    second = desk.begin(SessionRequest(who=THE_MAYOR))
    assert second.pid != first.pid
    assert [view.row.pid for view in desk.open() if view.alive] == [second.pid]
    until(lambda: not alive(first.pid))


ENDING = """#!/bin/sh
case "$*" in *new-session*)
    test -e {mark} || {{ touch {mark}; echo "server exited unexpectedly" >&2; exit 1; }} ;;
esac
exec {real} "$@"
"""


@pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")
def test_a_tmux_that_ends_with_its_last_session_keeps_no_other_from_its_beginning(town):
    """It still answers while it ends, and what it answers is that it does: another one is begun."""
    bin_, mark = town.folder / "bin", town.folder / "ended"
    bin_.mkdir()
    (bin_ / "tmux").write_text(ENDING.format(mark=mark, real=shutil.which("tmux")))
    (bin_ / "tmux").chmod(0o755)
    agents(town, provider="tmux", fake="sleep 60")
    town.env = {**town.env, "PATH": f"{bin_}:{os.environ['PATH']}"}
    row = town.works().agents.begin(SessionRequest(who=THE_MAYOR))
    assert (mark.exists(), alive(row.pid)) == (True, True)


def test_a_start_that_was_killed_holds_the_next_one_up_for_no_moment(town):
    """Whoever begins a session is waited for while they live, and not until their lease ends."""
    agents(town, fake="sleep 60")
    desk = town.works().agents
    with subprocess.Popen([shutil.which("sleep") or "", "60"]) as starter:
        born = created_at(starter.pid)
        who = json.dumps([socket.gethostname(), starter.pid, born])
        lease = Lease(
            resource="session:hq-mayor", holder=f"ses-x {who}",
            expires_at=town.works().now() + START_LEASE_US - 1_000_000,
        )  # fmt: skip
        town.private.store.apply(Change(puts=(lease,)))
        with pytest.raises(BeingBegunError):
            desk.begin(SessionRequest(who=THE_MAYOR))
        starter.kill()
    assert desk.begin(SessionRequest(who=THE_MAYOR)).pid
    assert list(town.private.store.find(Lease)) == []


def test_a_folder_that_is_not_there_begins_nothing(town):
    """The error says which; no row, no lease, no process is left, and a later start is free."""
    agents(town, fake="sleep 60")
    with pytest.raises(SessionError, match="not there"):
        town.works().agents.begin(SessionRequest(who=of_crew("api", "ann")))
    with pytest.raises(WastelandError) as found:
        town.works().agents.begin(SessionRequest(who=THE_MAYOR, runtime="nobody"))
    assert found.value.code == "id.agent"
    assert list(town.private.store.find(Session)) == []
    assert list(town.private.store.find(Lease)) == []


def test_a_session_that_was_stopped_says_when_and_why(town, provider):
    """Its row is over, its transcript stays, a new one has another; who rests cannot be told."""
    agents(town, provider=provider, fake="echo hello from one; sleep 60")
    desk = town.works().agents
    first = desk.begin(SessionRequest(who=THE_MAYOR))
    until(lambda: "hello from one" in desk.peek(THE_MAYOR, lines=5)[1])
    assert desk.stop(THE_MAYOR, grace_s=1)
    over = town.private.store.get(Session, first.id)
    assert over.reason == "stopped"
    assert over.ended_at
    assert desk.peek(THE_MAYOR, lines=5)[1] == "hello from one"
    with pytest.raises(RestsError):
        desk.inject(THE_MAYOR, "x")
    second = desk.restart(THE_MAYOR)
    until(lambda: "hello from one" in Path(second.transcript).read_text("utf-8"))
    assert "hello from one" in Path(first.transcript).read_text("utf-8")
    assert second.transcript != first.transcript
    assert not desk.stop(of_crew("api", "nobody"))


def test_what_was_asked_for_is_kept_through_a_restart(town):
    """A runtime chosen for one start stays the session's at its restart."""
    agents(town, fake="sleep 60", other="sleep 60")
    desk = town.works().agents
    desk.begin(SessionRequest(who=THE_MAYOR, runtime="other"))
    assert desk.restart(THE_MAYOR).runtime == "other"
    assert desk.restart(THE_MAYOR, runtime="fake").runtime == "fake"


def test_a_begin_waits_for_no_prompt(town, provider):
    """A runtime that needs long before it takes input is begun, and not ready yet."""
    agents(town, provider=provider, default="claude")
    bin_ = town.folder / "bin"
    bin_.mkdir()
    claude = bin_ / "claude"
    claude.write_text("#!/bin/sh\nexec sleep 60\n")
    claude.chmod(0o755)
    town.env = {**town.env, "PATH": f"{bin_}:{os.environ['PATH']}"}
    row = town.works().agents.begin(SessionRequest(who=THE_MAYOR))
    assert row.ready_at == 0
    plan = json.loads((town.workspace.root / "mayor" / ".claude" / "settings.json").read_text())
    assert set(plan["hooks"]) == {
        "SessionStart",
        "PreCompact",
        "UserPromptSubmit",
        "PreToolUse",
        "Stop",
    }


def test_settling_a_session_that_ended_tells_nobody(town):
    """It returns at once and leaves the row to whoever watches."""
    agents(town, fake="exit 3", default="fake")
    desk = town.works().agents
    assert isinstance(desk, Settling)
    row = desk.begin(SessionRequest(who=THE_MAYOR))
    until(lambda: not desk.of(THE_MAYOR).alive)
    assert not desk.settle(row.id)
    assert town.private.store.get(Session, row.id).ready_at == 0
    assert desk.settle_doubles() == [f"mayor: {row.id} is over"]
    assert town.private.store.get(Session, row.id).exit == 3


def test_several_beginnings_are_seen_through_at_once(town, provider):
    """One that needs long holds up nobody; one that cannot be looked at is told of, and no more."""
    agents(town, provider=provider, fake=ECHO, slow=ECHO)
    told = json.loads(town.workspace.settings.read_text())
    told["agents"]["slow"]["provider"] = "gemini"  # five seconds, and hooks
    write_json(town.workspace.settings, told)
    desk = town.works().agents
    witness = Address(text="api/witness", role="witness", rig="api", name="witness")
    first = desk.begin(SessionRequest(who=THE_MAYOR, runtime="slow"))
    second = desk.begin(SessionRequest(who=witness))
    failed = []

    def ready(row: Session) -> int:
        return town.private.store.get(Session, row.id).ready_at

    clock = [first.started_at + 4_999_999]  # it stands still until the quick one is ready
    desk.ports = replace(desk.ports, now=lambda: clock[-1])
    desk.sleep = lambda _: clock.append(first.started_at + 5_000_000) if ready(second) else None
    desk.settle_all(lambda row, error: failed.append((row, error)))
    assert (ready(second), ready(first)) == (clock[0], clock[-1])
    assert failed == []
    desk.settle_all(lambda row, error: failed.append((row, error)), going=lambda: False)
