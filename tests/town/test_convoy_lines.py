"""Convoys as they are typed: the README's lines, refusals, kill -9 at each step of a landing."""

import json

import pytest

from tests.town.prompt import Prompt

KILLED = """
import os, signal
from town.node.boot import load_engine
load_engine()
from ledger.dolt.private import DoltPrivate
real, left = DoltPrivate.apply, [{number}]
def apply(self, change):
    left[0] -= 1
    if left[0] == 0 and "{when}" == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    told = real(self, change)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return told
DoltPrivate.apply = apply
"""


def bead(prompt: Prompt, title: str) -> str:
    """The id of a bead that was just made."""
    return str(json.loads(prompt.bd("create", title, "--json").text)["id"])


def test_the_lines_of_the_readme(town, prompt):
    """Made, listed by number, shown, added to, landed, told."""
    one, two, three, four = (bead(prompt, f"Do {n}") for n in "1234")
    made = prompt.gt("convoy", "create", "Feature X", one, two, "--notify", "--human")
    assert made.code == 0, made.talk
    assert "✓ Created convoy 🚚 hq-cv-" in made.text
    assert f"Tracking: {one}, {two}" in made.text
    assert prompt.gt("convoy", "create", "Fix bugs", one).code == 0
    listed = prompt.gt("convoy", "list").text.splitlines()
    assert [line[:2] for line in listed] == ["1.", "2."]
    facts = prompt.json("gt", "convoy", "show", "1")["data"]
    assert facts["notify"] == ["overseer"]
    assert facts["id"].startswith("hq-cv-")
    assert len(facts["id"]) == len("hq-cv-") + 5
    added = prompt.gt("convoy", "add", facts["id"], three, four)
    assert added.code == 0
    shown = prompt.gt("convoy", "show", facts["id"]).text
    assert "Progress:  0/4" in shown
    assert "its prefix is that of no rig" in shown
    assert prompt.gt("convoy", "status", "1").text.split("Created")[0] == shown.split("Created")[0]
    assert "└── ○" in prompt.gt("convoy", "show").text


def test_a_town_without_a_node_lands_by_the_commands_that_close(town, prompt):
    """Each convoy of a bead that was closed, told once; one that lands can be added to again."""
    one, two = bead(prompt, "1"), bead(prompt, "2")
    prompt.gt("convoy", "create", "Feature X", one, two, "--notify", "--human")
    prompt.gt("convoy", "create", "Fix bugs", one)
    assert prompt.refused("convoy", "close", "1") == (1, "convoy.open_items")
    for name in (one, two):
        assert prompt.bd("close", name).code == 0
    after = prompt.json("gt", "convoy", "list", "--all")["data"]["convoys"]
    assert [(c["title"], c["status"], c["completed"], c["total"]) for c in after] == [
        ("Feature X", "closed", 2, 2), ("Fix bugs", "closed", 1, 1),
    ]  # fmt: skip
    mail = prompt.json("gt", "mail", "inbox")["data"]["messages"]
    assert sorted(one["untrusted"]["subject"] for one in mail) == [
        "Convoy landed: Feature X", "Convoy landed: Fix bugs",
    ]  # fmt: skip
    assert prompt.gt("convoy", "list").text.startswith("no open convoy")
    assert prompt.gt("convoy", "add", after[0]["id"], bead(prompt, "more")).code == 0
    assert prompt.json("gt", "convoy", "list")["data"]["convoys"][0]["total"] == 3


def test_notify_alone_means_the_mayor_and_with_a_word_that_one(town, prompt):
    """`--notify` never eats a bead; `--human` is the overseer."""
    one = bead(prompt, "x")

    def notified(*words: str) -> list[str]:
        found = prompt.json("gt", "convoy", "create", "C", *words)
        return list(found["data"]["notify"])

    assert notified("--notify", one) == ["mayor"]
    assert notified(one, "--notify=deacon/", "--notify=mayor/") == ["deacon", "mayor"]
    assert notified(one, "--human") == ["overseer"]
    assert notified(one, "--notify", "--human") == ["overseer"]
    assert prompt.refused("convoy", "create", "C", "--notify=nobody")[1] == "address.unknown"
    assert prompt.refused("convoy", "create", "C", "hq-none1")[1] == "id.none"
    assert prompt.refused("convoy", "show", "99") == (3, "convoy.none")


def test_the_other_verbs_are_typed(town, prompt):
    """watch, stranded, check, close, land, stage, launch: each answers and exits as it says."""
    one = bead(prompt, "x")
    own = prompt.json("gt", "convoy", "create", "Own", one, "--owned")["data"]["id"]
    assert prompt.gt("convoy", "watch", own, "--addr", "mayor/", "--nudge").code == 0
    assert prompt.gt("convoy", "unwatch", own, "--addr", "mayor/").text.startswith("✓")
    assert prompt.json("gt", "convoy", "stranded")["data"] == {"stranded": []}
    assert prompt.gt("convoy", "check", "--dry-run").text.startswith("nothing to land")
    assert prompt.refused("convoy", "land", own) == (1, "convoy.open_items")
    assert prompt.json("gt", "convoy", "land", own, "--force", "--dry-run")["data"]["dry_run"]
    landed = prompt.json("gt", "convoy", "land", own, "--force", "--keep-worktrees")["data"]
    assert landed == {"id": own, "dry_run": False, "removed": [], "kept": []}
    assert prompt.json("gt", "convoy", "close", own)["data"]["fresh"] is False
    code, error = prompt.refused("convoy", "stage", one)
    assert (code, error) == (1, "convoy.stage")
    assert prompt.refused("convoy", "launch", own) == (2, "convoy.bad")


def test_staging_is_typed(town, prompt):
    """Waves and warnings are shown; the launch says that it is open."""
    prompt.repository("origin")
    assert prompt.gt("rig", "add", "api", str(prompt.at / "origin.git"), "--prefix", "ap").code == 0
    first, second = (
        json.loads(prompt.bd("create", name, "--prefix", "ap", "--json").text)["id"]
        for name in ("first", "second")
    )
    assert prompt.bd("dep", "add", second, first).code == 0
    staged = prompt.gt("convoy", "stage", first, second, "--title", "Two")
    assert staged.text.splitlines()[1:3] == [f"  wave 1: {first}", f"  wave 2: {second}"]
    assert "staged_ready" in prompt.gt("convoy", "list").text
    launched = prompt.json("gt", "convoy", "launch", "1")["data"]
    assert (launched["status"], launched["warnings"]) == ("open", [])
    shown = prompt.json("gt", "convoy", "show", "1")["data"]["tracked"]
    assert [one["reason"] for one in shown] == ["nobody-dispatches", "blocked"]
    prompt.gt("rig", "park", "api")
    warned = prompt.gt("convoy", "stage", second)
    assert "⚠" in warned.text
    assert prompt.refused("convoy", "launch", "2") == (1, "convoy.warned")
    assert prompt.gt("convoy", "launch", "2", "--force").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_landing_that_is_killed_at_any_step_is_made_good_once(town, prompt, when, number):
    """kill -9 around each write of `bd close`: after the next command it has landed, told once."""
    one = bead(prompt, "x")
    prompt.gt("convoy", "create", "C", one, "--notify")
    dead = prompt.spawn("bd", "close", one, prelude=KILLED.format(number=number, when=when))
    assert dead.returncode in (-9, 0), dead.stderr
    assert (dead.returncode == -9) or number > 2
    closed = json.loads(prompt.bd("show", one, "--json").text)[0]["status"] == "closed"
    assert closed == ((number, when) != (1, "before"))
    if not closed:
        assert prompt.bd("close", one).code == 0
    prompt.gt("convoy", "list")
    assert prompt.json("gt", "convoy", "list", "--all")["data"]["convoys"][0]["status"] == "closed"
    for env in ({}, {"GT_ROLE": "mayor"}):
        assert prompt.json("gt", "mail", "inbox", env=env)["data"]["total"] == 1
