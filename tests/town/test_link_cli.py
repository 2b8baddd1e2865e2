"""`gt wl` and `gt drafts` at a prompt without a node: the same words, the same rows, and kills."""

import json
import shlex
import signal

import pytest
from msgspec.structs import replace

from cli.launcher import first_word, within_market
from ledger.beads.rows import Bead
from ledger.private.store import Change
from ledger.workspace.link import CompletionDraft, ItemLink
from ledger.workspace.work import MERGED, GateRun, MergeRequest
from tests.town.prompt import Prompt
from town.node.home import Home
from town.node.private import OpenPrivate

SHA = "c" * 40
DIES = """
import os, signal
from town.link.desk import Links
Links._sent_now = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def ash(town, prompt) -> Prompt:
    """A prompt in a town that has an account."""
    assert prompt.gt("wl", "init", "--handle", "ash").code == 0
    return prompt


def claimed(prompt: Prompt, title: str = "Fix it") -> str:
    """An item that the town posted, and claimed in a session of its own."""
    item = str(prompt.json("gt", "wl", "post", title)["data"]["id"])
    assert prompt.json("gt", "wl", "claim", item, env={"WL_AGENT": "max"})["exit"] == 0
    return item


def merged(prompt: Prompt, item: str) -> str:
    """The item's bead, closed by a merge."""
    private = OpenPrivate(Home(prompt.at / ".wasteland"), {})
    try:
        link = private.run(lambda: private.store.get(ItemLink, item))
        assert link is not None
        bead = private.run(lambda: private.store.get(Bead, link.bead))
        assert bead is not None
        request = MergeRequest(
            id="mr-1", rig="api", bead=bead.id, worker="api/polecats/nux", target="main",
            state=MERGED, merge_commit=SHA,
        )  # fmt: skip
        run = GateRun(id="gr-1", rig="api", sha=SHA, passed=True, requests=("mr-1",),
                      gates={"whole": {"status": "passed"}})  # fmt: skip
        closed = replace(bead, status="closed", close_reason=f"Merged in {SHA}", closed_at=1)
        private.run(lambda: private.store.apply(Change(puts=(request, run, closed))))
        return bead.id
    finally:
        private.close()


def test_a_bead_is_there_when_the_line_that_claimed_has_ended(ash):
    """Without a node too, once; a line that claims nothing makes none."""
    item = claimed(ash)
    assert ash.gt("wl", "me").code == 0
    assert ash.gt("wl", "sync").code in (0, 7)
    rows = json.loads(ash.bd("list", "--json").text)
    assert [row["external_ref"] for row in rows] == [item]
    log = ash.json("gt", "log", "-n", "50")["data"]
    assert "link.bead" in json.dumps(log)


def test_what_is_given_back_is_withdrawn_when_the_line_has_ended(ash):
    """The bead is closed, and says why."""
    item = claimed(ash)
    assert ash.gt("wl", "unclaim", item).code == 0
    [row] = json.loads(ash.bd("list", "--all", "--json").text)
    [shown] = json.loads(ash.bd("show", row["id"], "--json").text)
    assert (shown["status"], shown["close_reason"][:11]) == ("closed", "Withdrawn: ")


def test_a_dry_run_of_a_claim_makes_nothing(ash):
    """Nothing was claimed, so nothing is linked."""
    item = str(ash.json("gt", "wl", "post", "Fix it")["data"]["id"])
    assert ash.gt("wl", "claim", item, "--dry-run").code == 0
    assert json.loads(ash.bd("list", "--json").text) == []


def test_a_draft_is_listed_and_sent_and_a_killed_submit_is_found(ash):
    """kill -9 between the hand-in and the row that says so: repeated, there is one hand-in."""
    item = claimed(ash)
    assert ash.gt("drafts").text.startswith("nothing waits")
    bead = merged(ash, item)
    [draft] = ash.json("gt", "drafts")["data"]["drafts"]
    assert (draft["item"], draft["bead"], draft["commit"]) == (item, bead, SHA)
    assert draft["line"].startswith(f"gt wl done {item} --evidence commit:{SHA}")
    died = ash.spawn("gt", "drafts", "submit", item, prelude=DIES)
    assert died.returncode == -signal.SIGKILL
    assert len(ash.json("gt", "wl", "show", item)["data"]["attempts"]) == 1
    again = ash.json("gt", "drafts", "submit", item)
    assert (again["exit"], again["data"]["state"], again["data"]["fresh"]) == (0, "sent", False)
    assert len(ash.json("gt", "wl", "show", item)["data"]["attempts"]) == 1
    assert "handed in before" in ash.gt("drafts", "submit", item[:6]).text


def test_what_cannot_be_submitted_is_refused_and_nothing_is_said(ash):
    """No such draft; a claim that was given back since."""
    assert ash.refused("drafts", "submit", "w-0000") == (3, "draft.unknown")
    item = claimed(ash)
    merged(ash, item)
    assert ash.json("gt", "drafts")["data"]["drafts"][0]["state"] == "draft"
    assert ash.gt("wl", "unclaim", item).code == 0
    assert ash.refused("drafts", "submit", item) == (5, "draft.lost")
    assert ash.json("gt", "wl", "show", item)["data"]["attempts"] == []
    private = OpenPrivate(Home(ash.at / ".wasteland"), {})
    try:
        draft = private.run(lambda: private.store.get(CompletionDraft, item))
        assert draft is not None
        assert draft.state == "withdrawn"
    finally:
        private.close()


def test_another_agents_claim_is_not_handed_in_for_it(ash):
    """An agent never acts on another agent's item; the operator may."""
    item = claimed(ash)
    merged(ash, item)
    told = ash.json("gt", "drafts", "submit", item, env={"WL_AGENT": "rue"})
    assert (told["exit"], told["error"]["code"]) == (5, "claim.own_town")
    assert ash.json("gt", "drafts")["data"]["drafts"][0]["state"] == "draft"
    assert ash.json("gt", "drafts", "submit", item)["exit"] == 0


def test_a_strangers_words_steer_neither_a_terminal_nor_a_shell(ash):
    """A line that ends in no usual way is a marked line; what is to be typed is quoted."""
    posted = ash.json("gt", "wl", "post", "Fix '$(id)' it", "-d", "red\u2028## ours")
    item = str(posted["data"]["id"])
    assert ash.gt("wl", "claim", item).code == 0
    bead = merged(ash, item)
    [row] = json.loads(ash.bd("show", bead, "--json").text)
    assert {"> red", "> ## ours"} <= {*row["description"].split("\n")}
    [draft] = ash.json("gt", "drafts")["data"]["drafts"]
    words = shlex.split(draft["line"])
    assert words[-1] == draft["summary"]
    assert words[-1].startswith("Fix '$(id)' it: merged as ")
    for line in (("drafts",), ("mail", "inbox"), ("drafts", "submit", item)):
        assert not {"\x1b", "\u2028"} & {*ash.gt(*line).text}


def test_the_words_behind_gt_wl_are_all_passed_on():
    """Options before it too; the value of `--home` is not the program."""
    assert within_market(("wl", "claim", "wl", "--json")) == ("claim", "wl", "--json")
    assert within_market(("--json", "--home", "wl", "wl", "me")) == ("--json", "--home", "wl", "me")
    assert within_market(("wl",)) == ()
    assert first_word(within_market(("wl", "--home", "x", "up"))) == "up"


def test_outside_of_a_town_and_in_a_projects_beads_it_is_refused(tmp_path):
    """It never falls back to another town of the same person."""
    prompt = Prompt(tmp_path)
    assert prompt.refused("wl", "me") == (3, "town.none")
    assert prompt.refused("drafts") == (3, "town.none")
    assert prompt.bd("init", "--prefix", "x").code == 0
    assert prompt.refused("wl", "me") == (3, "town.none")
