"""`gt sling` as it is typed, where no session of its worker could begin."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cli.context import Call
from cli.local import open_private_here
from town.beads.ports import Caller
from town.node.private import OpenPrivate
from town.node.town_services import Dispatch
from town.node.works import Works

pytestmark = pytest.mark.slow


@pytest.fixture
def bead(prompt, town) -> str:
    """A bead of the rig `api`, in a town whose default program is on no PATH."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    assert prompt.gt("rig", "add", "api", "../origin.git", "--prefix", "ap").code == 0
    told = {"default_agent": "ghost", "agents": {"ghost": {"command": "ghost-agent"}}}
    (town / "settings" / "config.json").write_text(json.dumps(told))
    return prompt.bd("create", "Fix it", "--prefix", "ap", "--silent").text.strip()


def test_work_is_recorded_and_the_lack_of_its_program_said(prompt, town, bead):
    """Done, with one line of warning and what to try; by hand it can be begun all the same."""
    said = prompt.gt("sling", bead, "api")
    assert said.code == 0, said.talk
    [line] = [one for one in said.talk.splitlines() if one.startswith("warn")]
    assert "ghost-agent is not on PATH. Install it, or choose another one: --agent NAME" in line
    assert "waits on the hook" in line
    worktree = next((town / "api" / "polecats").glob("*/api"))
    prompt.at = worktree
    assert f"bead      {bead}" in prompt.gt("prime").text
    prompt.at = town
    again = prompt.json("gt", "sling", bead, "api")
    assert (again["exit"], len(again["warn"])) == (0, 1)


def test_a_program_that_nobody_knows_is_refused_before_anything_is_done(prompt, bead):
    """Exit 3 and what there is; the bead is open, nobody has it, no worker was made."""
    assert prompt.refused("sling", bead, "api", "--agent", "nobody") == (3, "id.agent")
    shown = json.loads(prompt.bd("show", bead, "--json").text)
    shown = shown[0] if isinstance(shown, list) else shown
    assert (shown["status"], shown.get("assignee", "")) == ("open", "")
    assert prompt.json("gt", "hook", "--all")["data"]["hooks"] == []
    fine = prompt.gt("sling", bead, "api", "--agent", "ghost")
    assert fine.code == 0, fine.talk


def test_a_line_that_cannot_be_done_does_nothing(prompt, bead):
    """Each is refused for its own reason, and the bead is nobody's."""
    for more, refusal in (
        (("nowhere",), (2, "work.target")),
        (("api/witness",), (2, "work.target")),
        (("--formula", "shiny"), (1, "command.later")),
        (("--on", "shiny"), (1, "command.later")),
        (("--account", "work"), (1, "command.later")),
        (("--merge", "sideways"), (2, "usage")),
        (("--var", "novalue"), (2, "usage")),
    ):
        assert prompt.refused("sling", bead, *more) == refusal, more
    assert prompt.refused("sling", "respawn-reset", bead) == (2, "command.elsewhere")
    assert prompt.json("gt", "hook", "--all")["data"]["hooks"] == []


def test_what_is_said_to_a_worker_comes_from_every_option_in_order(prompt, town, bead):
    """Subject, message and input, read once though two get it; no steps if raw; until it holds."""
    other = prompt.bd("create", "Fix that", "--prefix", "ap", "--silent").text.strip()
    argv = ("sling", bead, other, "api", "-s", "Soon", "-m", "both", "--stdin", "--hook-raw-bead")
    more = ("--no-boot", "--max-concurrent", "1", "--ralph")
    assert prompt.gt(*argv, *more, stdin=b"as they are").code == 0
    for worktree in (town / "api" / "polecats").glob("*/api"):
        prompt.at = worktree
        told = prompt.gt("prime").text
        assert "### what was asked for\nSoon\nboth\nas they are\n" in told
        assert "### steps" not in told
        assert "### again and again" in told


def test_a_hook_is_seen_filled_and_emptied(prompt, town, bead):
    """Put there without being begun, seen by whoever asks, and taken off; never a false "nothing".

    A word that is neither a bead nor anybody is refused, and so is a worker's hook.
    """
    assert prompt.refused("hook", "show", "api/nobody") == (3, "agent.unknown")
    assert prompt.refused("hook", bead) == (2, "usage")
    assert prompt.refused("hook", "ap-zzzzz", "mayor") == (3, "id.none")
    assert prompt.refused("hook", bead, "api") == (2, "usage")
    assert prompt.gt("hook", bead, "mayor", "-m", "when you can", "--dry-run").code == 0
    assert prompt.json("gt", "hook", "mayor")["data"]["hooks"][0]["bead"] == ""
    assert prompt.gt("hook", bead, "mayor", "-m", "when you can").code == 0
    (mine,) = prompt.json("gt", "hook", "show", "mayor")["data"]["hooks"]
    assert (mine["bead"], mine["status"]) == (bead, "hooked")
    assert prompt.json("gt", "session", "list")["data"]["sessions"] == []
    assert prompt.gt("hook", "detach", bead).code == 0
    assert prompt.refused("hook", "detach", bead) == (3, "work.none")


def test_what_is_released_is_open_and_nobodys(prompt, bead):
    """Whether it was claimed by hand or lay on a hook; the reason stands in its notes."""
    for how in (("bd", "update", bead, "--claim"), ("gt", "hook", bead, "mayor")):
        assert prompt.type(*how).code == 0
        assert prompt.gt("release", bead, "--reason", f"not {how[0]}").code == 0
        shown = json.loads(prompt.bd("show", bead, "--json").text)
        shown = shown[0] if isinstance(shown, list) else shown
        assert (shown["status"], shown.get("assignee", "")) == ("open", "")
        assert f"not {how[0]}" in shown["notes"]
    assert prompt.refused("hook", "clear") == (3, "work.none")


def test_what_is_taken_off_a_hook_is_not_given_out_again(prompt, town, bead):
    """The convoy that the sling made for it alone ends with it; one that a person made says so."""
    made = prompt.json("gt", "sling", bead, "api")["data"]["slung"][0]["convoy"]
    assert prompt.gt("unsling", bead).code == 0
    shown = prompt.json("gt", "convoy", "show", made)["data"]
    assert (shown["status"], shown["close_reason"]) == ("closed", "its work was taken off the hook")
    mine = prompt.json("gt", "convoy", "create", "Mine", bead)["data"]["id"]
    with prompt.node():
        prompt.line("gt", "rig", "park", "api")  # so that nobody is given it meanwhile
        prompt.line("gt", "hook", bead, "mayor")
        prompt.line("gt", "rig", "unpark", "api")
        told = prompt.line("gt", "unsling", bead)
    assert told["data"]["fed_by"] == [mine]
    assert told["warn"] == [f"{mine} gives it to a worker again: gt config set convoy.feed false"]
    assert prompt.json("gt", "hook", "show", "mayor")["data"]["hooks"][0]["bead"] == ""


@contextmanager
def as_in_a_node(call: Call) -> Iterator[OpenPrivate]:
    """The town of a line, in which the next turn behind its change is that of the convoys."""
    with open_private_here(call) as private:
        assert private.workspace is not None
        convoys = Dispatch(private.works(private.workspace, Caller(actor="deacon"), call.env))

        def rung() -> None:
            private.rung = lambda: None
            private.writer._pool.submit(private.writer._turn, convoys.cycle)

        private.rung = rung
        yield private


def test_who_gives_work_out_again_is_said_also_where_that_is_done_at_once(
    prompt, bead, monkeypatch
):
    """The line answers from the moment of its change, and not from what a node made of that."""
    mine = prompt.json("gt", "convoy", "create", "Mine", bead)["data"]["id"]
    assert prompt.gt("hook", bead, "mayor").code == 0
    with monkeypatch.context() as node:
        node.setattr(Works, "watched", lambda _: True)
        node.setattr("tests.town.prompt.open_private_here", as_in_a_node)
        told = prompt.json("gt", "unsling", bead)
    assert told["data"]["fed_by"] == [mine]
    held = {
        one["bead"]: one["agent"] for one in prompt.json("gt", "hook", "--all")["data"]["hooks"]
    }
    assert held[bead].startswith("api/polecats/")


def test_a_worker_is_found_by_a_name_that_only_it_has(prompt, bead):
    """As README types it; a name of nobody is refused."""
    worker = prompt.json("gt", "sling", bead, "api")["data"]["slung"][0]["agent"]
    found = prompt.json("gt", "hook", "show", worker.rpartition("/")[2])["data"]["hooks"]
    assert [one["agent"] for one in found] == [worker]
    assert prompt.refused("hook", "show", "nobody") == (3, "agent.unknown")


def test_a_checkpoint_is_told_to_whoever_goes_on_with_the_work(prompt, town, bead):
    """Branch, commit, what is not committed, and words; of this assignment only, until cleared.

    Who has nothing on the hook has nothing to write down, and a person has no session to hand on.
    """
    assert prompt.refused("checkpoint", "write", "-m", "x") == (3, "work.none")
    assert prompt.refused("handoff", "-m", "x") == (2, "handoff.nobody")
    assert prompt.json("gt", "checkpoint", "read")["data"] is None
    slung = prompt.json("gt", "sling", bead, "api")["data"]["slung"][0]
    prompt.at = town / slung["worktree"]
    (prompt.at / "new file.txt").write_text("half")
    argv = ("checkpoint", "write", "--step", "3", "-m", "parser done\ntests next")
    saved = prompt.json("gt", *argv)["data"]
    head = prompt.git("rev-parse", "HEAD").strip()
    assert (saved["branch"], saved["last_commit"]) == (slung["branch"], head)
    assert (saved["modified_files"], saved["hooked_bead"]) == (["new file.txt"], bead)
    told = prompt.gt("prime", "--compact").text
    assert "step      3" in told
    assert f"commit    {head[:12]}\nchanged   new file.txt\nparser done\ntests next" in told
    assert prompt.json("gt", "checkpoint", "read", slung["agent"])["data"] == saved
    assert prompt.gt("unsling").code == 0
    (prompt.at / "new file.txt").unlink()
    prompt.at = town
    again = prompt.json("gt", "sling", bead, slung["agent"])["data"]["slung"][0]
    prompt.at = town / again["worktree"]
    assert "checkpoint" not in prompt.gt("prime").text
    assert prompt.json("gt", "checkpoint", "clear")["data"] == {"cleared": True}
    assert prompt.json("gt", "checkpoint", "clear")["data"] == {"cleared": False}


def test_a_word_is_left_for_the_next_session_and_this_one_goes_on(prompt, town, bead):
    """--dry-run shows it, --auto leaves it, --collect writes how the work stands; no one ends."""
    slung = prompt.json("gt", "sling", bead, "api")["data"]["slung"][0]
    prompt.at = town / slung["worktree"]
    (prompt.at / "half").write_text("half")
    env, after = ({"GT_ROLE": slung["agent"], "GT_SESSION_ID": name} for name in ("s-1", "s-2"))
    would = prompt.gt("handoff", "--reason", "compaction", "-m", "halfway", "-n", env=env).text
    assert would.splitlines() == [
        "would leave 18 characters for the next session", "        compaction",
        "        halfway",
    ]  # fmt: skip
    assert prompt.gt("prime", "--state", env=after).text == "autonomous\n"
    said = prompt.json("gt", "handoff", "--auto", "-c", "--stdin", env=env, stdin=b"halfway\n")
    assert (said["data"]["done"], said["data"]["chars"]) == (False, 7)
    assert said["warn"] == ["1 file is not committed; the next session finds that in the worktree"]
    assert prompt.json("gt", "checkpoint", "read", env=env)["data"]["modified_files"] == ["half"]
    told = prompt.gt("prime", env=after).text
    assert "halfway" in told
    assert "changed   half" in told
    assert prompt.refused("handoff", "mayor", "-m", "x", env=env) == (3, "session.rests")
    assert prompt.refused("handoff", bead, env=env) == (4, "work.worker")
