"""Nudges to real sessions, of tmux and of plain processes, and as they are typed."""

import os
import shutil
import subprocess
import time

import pytest

from ledger.workspace.talk import DELIVERED, PENDING
from tests.town.talkers import Talkers
from tests.town.test_nudge import NAME, RUST, row
from tests.waiting import until
from town.node.session_processes import ProcessSessions
from town.node.session_tmux import TmuxSessions
from town.nudge.desk import IMMEDIATE, Saying
from town.nudge.errors import AsleepError
from town.sessions.port import SessionPlan

ADAPTERS = [
    "process",
    pytest.param("tmux", marks=pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")),
]


# --- real sessions


@pytest.fixture(params=ADAPTERS)
def live(request, tmp_path):
    """A town with real sessions, on the real clock."""
    found = Talkers()
    if request.param == "process":
        found.sessions = ProcessSessions(tmp_path / "sessions")
    else:
        found.sessions = TmuxSessions(tmp_path, dict(os.environ))
    yield found
    for one in found.sessions.running():
        found.sessions.stop(one.name, grace_s=0)
    if request.param == "tmux":
        subprocess.run(found.sessions._argv("kill-server"), check=False, capture_output=True)


def test_a_real_session_hears_what_is_said_to_it_once(live, tmp_path):
    """A shell that copies what is typed to it into a file: each nudge is one line there."""
    heard = tmp_path / "heard"
    script = f'while read -r line; do printf "%s\\n" "$line" >> {heard}; done'
    live.sessions.start(
        SessionPlan(
            name=NAME, argv=("sh", "-c", script), cwd=tmp_path, env={"PATH": os.environ["PATH"]}
        )
    )
    live.now = time.time_ns() // 1_000 + 10_000_000  # ten seconds ahead: it has been idle
    said = live.nudges("mayor").nudge(RUST, Saying(text='it\'s "me", $HOME; `x` & 🚚'))
    assert row(live, said).state == DELIVERED
    live.nudges("mayor").nudge(RUST, Saying(text="two\nlines", mode=IMMEDIATE))
    until(lambda: heard.exists() and len(heard.read_text("utf-8").splitlines()) == 2)
    assert heard.read_text("utf-8").splitlines() == [
        '[from mayor] it\'s "me", $HOME; `x` & 🚚',
        "[from mayor] two lines",
    ]
    assert live.sessions.stop(NAME, grace_s=5)
    with pytest.raises(AsleepError):
        live.nudges("mayor").nudge(RUST, Saying(text="gone", mode=IMMEDIATE))


# --- as it is typed


def test_nudges_are_typed(town, prompt):
    """The lines of the README, and what each answers."""
    assert prompt.gt("nudge", "deacon", "session-started").code == 0
    found = prompt.json("gt", "nudge", "mayor", "look", "here", "--mode", "queue")
    assert found["data"]["state"] == PENDING
    assert found["data"]["untrusted"] == {"text": "look here"}
    piped = prompt.gt("nudge", "mayor", "--stdin", "--mode", "queue", stdin=b"from a pipe\n")
    assert piped.code == 0
    assert piped.text.startswith("queued  for mayor, should it begin within 30m (nudge-")
    told = prompt.gt("mail", "check", "--inject", env={"GT_ROLE": "mayor"})
    assert '"look here"' in told.text
    assert '"from a pipe"' in told.text
    assert prompt.gt("mail", "check", "--inject", env={"GT_ROLE": "mayor"}).text == ""
    assert prompt.refused("nudge", "mayr", "x")[1] == "address.unknown"
    assert prompt.refused("nudge", "mayor", "x", "--mode", "loud") == (2, "usage")
    assert prompt.refused("nudge", "mayor", "") == (2, "mail.bad")
    assert prompt.refused("nudge", "mayor", "x", "--mode", "immediate") == (3, "nudge.asleep")
    skipped = prompt.json("gt", "nudge", "mayor", "x", "--if-fresh")
    assert (skipped["exit"], skipped["data"]) == (0, None)


def test_levels_are_typed(town, prompt):
    """dnd toggles; notify says and sets."""
    mayor = {"GT_ROLE": "mayor"}
    assert prompt.json("gt", "notify", env=mayor)["data"] == {"level": "normal"}
    assert prompt.json("gt", "dnd", env=mayor)["data"]["on"] is True
    assert prompt.refused("nudge", "mayor", "x")[1] == "nudge.muted"
    assert prompt.json("gt", "dnd", "status", env=mayor)["data"]["on"] is True
    assert prompt.json("gt", "dnd", env=mayor)["data"]["on"] is False
    assert prompt.json("gt", "dnd", "off", env=mayor)["data"]["on"] is False
    assert prompt.json("gt", "notify", "verbose", env=mayor)["data"] == {"level": "verbose"}
    assert prompt.refused("notify", "loud", env=mayor)[1] == "mail.bad"
    assert prompt.refused("dnd", "maybe") == (2, "usage")
    assert prompt.json("gt", "broadcast", "hi", "--dry-run")["data"] == {"told": []}
