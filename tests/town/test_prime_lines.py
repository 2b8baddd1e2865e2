"""`gt prime --hook` as runtimes call it: after a cut of the context, and without a store."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.house.children import measured
from tests.town.prompt import Prompt
from tests.town.running import running_town
from tests.waiting import LONG_S
from town.node.home import Home

pytestmark = pytest.mark.slow
CUT = [
    {"hook_event_name": "SessionStart", "source": "compact", "session_id": "native-1"},
    {"hook_event_name": "SessionStart", "source": "resume"},
    {"hook_event_name": "PreCompact", "trigger": "auto"},
    {"hook_event_name": "PreCompress"},
]
FRESH = [{"source": "startup"}, {"source": "clear"}, ["nothing that could be read"]]


@pytest.fixture
def env(prompt, town) -> dict[str, str]:
    """A worker with work on its hook, in whose worktree the prompt stands."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    assert prompt.gt("rig", "add", "api", "../origin.git", "--prefix", "ap").code == 0
    bead = prompt.bd("create", "Fix it", "--prefix", "ap", "--silent").text.strip()
    [slung] = prompt.json("gt", "sling", bead, "api", "--args", "the parser")["data"]["slung"]
    prompt.at = town / slung["worktree"]
    told = {"GT_ROLE": slung["agent"], "GT_ASSIGNMENT": slung["assignment"], "GT_SESSION_ID": "s"}
    return {**told, "GT_BEAD": bead}


@dataclass
class Hook:
    """A runtime that calls `gt prime --hook` in the worktree of its session."""

    prompt: Prompt
    env: dict[str, str]

    def says(self, told: object, *argv: str) -> str:
        """What the hook prints when the runtime says that on its standard input."""
        reader, writer = os.pipe()
        with os.fdopen(writer, "w") as pipe:
            json.dump(told, pipe)  # before it begins: it waits for nobody who may never write
        try:
            return self.hears(reader, *argv)
        finally:
            os.close(reader)

    def hears(self, descriptor: int, *argv: str) -> str:
        """The same where its standard input is that."""
        done = subprocess.run(
            self.prompt.command("gt", "prime", *(argv or ("--hook",))), cwd=self.prompt.at,
            env=measured({**self.prompt.env, **self.env}), stdin=descriptor, text=True,
            capture_output=True, timeout=LONG_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_a_cut_context_is_told_in_few_lines_and_its_session_goes_on(prompt, town, env):
    """Scenario 33: who it is, what it goes on with, what was left and waits, in few lines."""
    hook = Hook(prompt, env)
    assert prompt.gt("handoff", "-m", "tests next", env={**env, "GT_SESSION_ID": "old"}).code == 0
    assert prompt.gt("mail", "send", env["GT_ROLE"], "-s", "hello").code == 0
    assert "tests next" in prompt.gt("prime", env=env).text
    with running_town(prompt, town):
        assert "the parser" in hook.says(FRESH[0])
        for said in CUT:
            told = hook.says(said)
            assert f"Go on with {env['GT_BEAD']}: Fix it" in told.splitlines()
            assert ("the parser" in told, "tests next" in told) == (False, True)
            assert '"hello"' not in told  # it was told at the start
        for said in FRESH[1:]:
            assert "the parser" in hook.says(said)
        assert "the parser" in hook.says(CUT[0], "--quiet")  # no hook asked


def test_a_person_is_told_why_an_agent_is_told_what_it_is(prompt, town, env):
    """`--explain` and `--state` begin nothing; every part says why it is told or left out."""
    assert prompt.gt("prime", "--state", env=env).text == "autonomous\n"
    told = prompt.json("gt", "prime", "--explain", env=env)["data"]
    assert told["state"] == "autonomous"
    parts = {one["name"]: one for one in told["parts"]}
    assert [name for name, one in parts.items() if one["told"]] == [
        "identity", "role", "hook", "steps",
    ]  # fmt: skip
    assert parts["identity"]["why"].endswith("the variable GT_ROLE says so")
    assert env["GT_BEAD"] in parts["hook"]["why"]
    assert "• checkpoint" in prompt.gt("prime", "--explain", env=env).text
    assert prompt.json("gt", "hook", env=env)["data"]["hooks"][0]["status"] == "hooked"
    assert prompt.gt("checkpoint", "write", "-m", "half", env=env).code == 0
    assert prompt.gt("prime", "--state", env=env).text == "crash-recovery\n"
    prompt.at = town
    assert prompt.gt("prime", "--state").text == "normal\n"
    assert prompt.refused("prime", "--state", "--hook") == (2, "usage")


def test_an_input_that_nobody_closes_holds_up_nothing(prompt, env):
    """A runtime that leaves its hook's standard input open and says nothing: all is told."""
    reader, writer = os.pipe()
    try:
        assert "the parser" in Hook(prompt, env).hears(reader)
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def broken(home: Home, how: str) -> Iterator[None]:
    """The town's database cannot be had until the block ends."""
    store, kept = home.private, home.private.with_name("kept")
    if how == "locked":
        held = os.open(home.lock, os.O_RDWR | os.O_CREAT)
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
        os.close(held)
        return
    store.rename(kept)
    if how == "damaged":
        store.write_bytes(b"no database" * 1_000)
    else:
        store.mkdir()
    yield
    (store.unlink if how == "damaged" else store.rmdir)()
    kept.rename(store)


@pytest.mark.parametrize("how", ["locked", "damaged", "gone"])
def test_a_store_that_cannot_be_read_is_no_lack_of_work(prompt, town, env, how):
    """Scenario 34: said loudly, exit 6 or 8; `gt done` hands nothing in; then all is as before."""
    with broken(Home(town / ".wasteland"), how):
        primed = prompt.gt("prime", "--hook", env=env)
        assert primed.code in (6, 8), (primed.code, primed.text, primed.talk)
        assert "This does not mean that you have no work" in primed.text
        assert "Do NOT run gt done" in primed.text
        assert "Nothing is on your hook" not in primed.text
        (prompt.at / "F").write_text("half")
        if how != "locked":  # each line waits for a lock for some seconds
            done = prompt.gt("done", env=env)
            assert done.code in (6, 8), (done.text, done.talk)
        assert prompt.git("status", "--porcelain") == "?? F\n"
    assert "the parser" in prompt.gt("prime", "--hook", env=env).text
