"""Sessions that were: listed for every runtime, asked, and never changed by it."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger.private.store import Change
from ledger.workspace.work import Session
from tests.town.towns import town_in
from tests.waiting import until
from town.seance.desk import ManySessionsError, NoSuchSessionError, SilentError
from town.seance.passages import answering, plain, words_of
from town.workspace.files import write_json

TALK = (
    """\
\x1b[1mReading\x1b[0m the sources of the login\r
downloading 10%\rdownloading 100%\r
The refresh token was read after it had been rotated.\r
I moved the lock above the read; test_rotate passes now.\r
\x1b]0;title\x07
Nothing else in this part.
"""
    + "".join(f"line {number} of a long build\n" for number in range(60))
    + """\
The cache of fonts is never emptied: see fonts.py, which I left alone.
done
"""
)


@pytest.fixture
def town(tmp_path):
    """A town with a project."""
    with town_in(tmp_path) as found:
        yield found


def session(
    town, identifier: str, *, agent: str = "mayor", said: str = TALK, at: int = 1, **more
) -> Session:
    """A session that was, with its transcript."""
    path = town.workspace.root / ".runtime" / "transcripts" / f"{identifier}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(said.encode())
    row = Session(
        id=identifier, agent=agent, runtime="codex", transcript=str(path), topic="assigned",
        cwd=str(town.workspace.root), started_at=at, ended_at=at + 1,
    )  # fmt: skip
    row = replace(row, **more)
    town.private.store.apply(Change(puts=(row,)))
    return row


def digest(row: Session) -> str:
    """What its transcript is."""
    return hashlib.sha256(Path(row.transcript).read_bytes()).hexdigest()


def test_sessions_are_listed_newest_first_by_role_and_rig(town):
    """Scenario 39: of whatever runtime, and no more than are asked for."""
    session(town, "ses-a1", at=10)
    session(town, "ses-b1", agent="api/polecats/toast", at=30)
    session(town, "ses-c1", agent="api/crew/ann", at=20)
    desk = town.works().seance
    assert [row.id for row in desk.listed(at_most=9)] == ["ses-b1", "ses-c1", "ses-a1"]
    assert [row.id for row in desk.listed(at_most=1)] == ["ses-b1"]
    assert [row.id for row in desk.listed(at_most=9, role="polecat")] == ["ses-b1"]
    assert [row.id for row in desk.listed(at_most=9, rig="api")] == ["ses-b1", "ses-c1"]
    assert desk.listed(at_most=9, rig="web") == []


def test_a_transcript_answers_with_its_own_words_and_their_place(town):
    """Scenario 39: for a runtime without a fork; session and transcript stay as they are."""
    row = session(town, "ses-a1")
    before = digest(row)
    said = town.works().seance.ask("ses-a1", "What did you find about the rotated token?")
    assert not said.forked
    assert said.matched
    assert "The refresh token was read after it had been rotated." in said.passages[0].lines
    assert plain(TALK)[said.passages[0].first - 1 : said.passages[0].last] == list(
        said.passages[0].lines
    )
    fonts = town.works().seance.ask("a1", "Which fonts are left?")
    assert any("fonts.py" in line for one in fonts.passages for line in one.lines)
    assert fonts.lines == len(plain(TALK))
    nothing = town.works().seance.ask("ses-a", "zebra crossings")
    assert not nothing.matched
    assert nothing.passages[-1].lines[-1] == "done"
    assert digest(row) == before
    assert town.private.store.get(Session, "ses-a1") == row


def test_an_id_that_is_nobodys_or_two_sessions_is_refused(town):
    """Scenario 39: a whole id wins over one that only begins so."""
    session(town, "ses-a1")
    session(town, "ses-a12", native_id="a1f0-native")
    desk = town.works().seance
    for nobody in ("ses-z", "", "zz"):
        with pytest.raises(NoSuchSessionError):
            desk.called(nobody)
    with pytest.raises(ManySessionsError):
        desk.called("ses-a")
    assert desk.called("ses-a1").id == "ses-a1"
    assert desk.called("a1f0").id == "ses-a12"


def test_a_session_of_which_nothing_is_left_says_so(town):
    """No transcript, an empty one, one that is gone: each has its reason."""
    session(town, "ses-a1", said="")
    gone = session(town, "ses-b1")
    Path(gone.transcript).unlink()
    session(town, "ses-c1", transcript="")
    for name, why in (("ses-a1", "nothing"), ("ses-b1", "not there"), ("ses-c1", "was kept")):
        with pytest.raises(SilentError, match=why):
            town.works().seance.ask(name, "what?")


def claude(town, script: str) -> None:
    """A program of that name that keeps its argv."""
    bin_ = town.folder / "bin"
    bin_.mkdir()
    program = bin_ / "claude"
    kept = f'printf "%s\\n" "$@" > "{town.folder}/argv"; env > "{town.folder}/env"'
    program.write_text(f"#!/bin/sh\n{kept}\n{script}\n")
    program.chmod(0o755)
    town.env = {**town.env, "PATH": f"{bin_}:{os.environ['PATH']}", "GT_ROLE": "mayor"}


def test_a_runtime_that_forks_is_asked_itself(town):
    """Scenario 39: by a fork of the session, which stays as it is; the answer is the runtime's."""
    claude(town, """echo '{"result": "the lock"}'""")
    row = session(town, "ses-a1", runtime="claude", native_id="native-1")
    before = digest(row)
    said = town.works().seance.ask("ses-a1", "What was it?")
    assert said.forked
    assert json.loads(said.text) == {"result": "the lock"}
    assert (town.folder / "argv").read_text().splitlines() == [
        "--dangerously-skip-permissions", "--fork-session", "--resume", "native-1",
        "--output-format", "json", "-p", "What was it?",
    ]  # fmt: skip
    assert "GT_ROLE" not in (town.folder / "env").read_text()
    assert digest(row) == before
    assert town.private.store.get(Session, "ses-a1") == row


def test_a_person_can_sit_down_with_a_fork(town):
    """In the folder of the session, which stays as it is; a runtime without forks says so."""
    session(town, "ses-a1", runtime="claude", native_id="native-1")
    session(town, "ses-b1")
    desk = town.works().seance
    assert desk.conversation("ses-a1")[-6:] == (
        str(town.workspace.root),
        "claude", "--dangerously-skip-permissions", "--fork-session", "--resume", "native-1",
    )  # fmt: skip
    with pytest.raises(SilentError, match="-p"):
        desk.conversation("ses-b1")


def test_a_fork_that_fails_is_told_of_and_the_transcript_answers(town):
    """So does one of a runtime that the town does not know any more."""
    claude(town, "echo 'no such session' >&2; exit 1")
    session(town, "ses-a1", runtime="claude", native_id="native-1")
    said = town.works().seance.ask("ses-a1", "the rotated token")
    assert not said.forked
    assert said.matched
    assert said.warn == "claude could not be asked: no such session"
    session(town, "ses-b1", runtime="gone")
    assert "gone" in town.works().seance.ask("ses-b1", "the rotated token").warn


def test_what_a_terminal_shows_is_what_is_read():
    """Colours, titles and lines that were written over are no words of the session."""
    assert plain(TALK)[:5] == [
        "Reading the sources of the login",
        "downloading 100%",
        "The refresh token was read after it had been rotated.",
        "I moved the lock above the read; test_rotate passes now.",
        "",
    ]
    assert words_of("Did you rotate the tokens?") == ["rotate", "token"]
    assert answering("token", []) == []
    spread = ["x"] * 40 + ["token here"] + ["x"] * 40 + ["token there"]
    assert [(one.first, one.last) for one in answering("tokens", spread)] == [(41, 46), (81, 82)]


def test_what_is_looked_for_is_found_in_a_large_transcript():
    """Fifty thousand lines, and none is left out."""
    lines = [f"step {number} built module_{number % 97}" for number in range(50_000)]
    lines[31_337] = "the needle is here"
    found = answering("where is the needle?", lines)
    assert any("needle" in line for one in found for line in one.lines)


@pytest.fixture
def flux(prompt, tmp_path):
    """A town whose mayor had two sessions, as the prompt's `--json` tells them."""
    root = prompt.at / "gt"
    assert prompt.gt("install", str(root)).code == 0
    prompt.at = root
    assert "no session was begun yet" in prompt.gt("seance").text
    script = tmp_path / "one.sh"
    script.write_text("#!/bin/sh\necho 'the \x1b[31mflux\x1b[0m was low'; exec sleep 600\n")
    script.chmod(0o755)
    told = {
        "agents": {"one": {"command": str(script), "args": []}},
        "default_agent": "one",
        "session": {"provider": "process"},
    }
    write_json(root / "settings" / "config.json", told)
    first = prompt.json("gt", "mayor", "start")["data"]["session"]
    second = prompt.json("gt", "mayor", "restart")["data"]["session"]
    until(lambda: "low" in Path(second["transcript"]).read_text())
    prompt.gt("mayor", "stop")
    return first, second


def test_a_seance_at_a_prompt(prompt, flux):
    """It lists, quotes and marks; whom it cannot ask it refuses."""
    first, second = flux
    lines = prompt.gt("seance").text.splitlines()
    assert lines[0].split() == ["SESSION_ID", "ROLE", "STARTED", "TOPIC"]
    assert [line.split()[0] for line in lines[1:3]] == [second["id"], first["id"]]
    said = prompt.gt("seance", "--talk", second["id"], "-p", "How was the flux?").text
    assert "quoted  from its transcript; no model was asked" in said
    assert "  > the flux was low" in said
    facts = prompt.json("gt", "seance", "--talk", second["id"], "-p", "flux")["data"]
    assert (facts["quoted"], facts["forked"], facts["passages"][0]["first"]) == (True, False, 1)
    assert prompt.refused("seance", "--talk", "nobody", "-p", "x") == (3, "seance.unknown")
    assert prompt.refused("seance", "--talk", "ses-", "-p", "x") == (3, "seance.ambiguous")
    assert prompt.refused("seance", "--talk", second["id"]) == (2, "usage")
    assert prompt.refused("seance", "-p", "x") == (2, "usage")
