"""`gt status`, `gt log`, `gt info`: how the town stands and what happened, in one look."""

import json
import subprocess
import threading

import pytest

from cli.gt.status import line_of
from ledger.beads.rows import Bead
from ledger.workspace.link import CompletionDraft
from ledger.workspace.rows import Agent, Rig
from ledger.workspace.talk import Convoy, ConvoyItem
from ledger.workspace.work import STUCK, Assignment, MergeRequest, RefineryState, Session
from tests.house.children import measured
from tests.town.prompt import Prompt
from tests.town.ruining import put
from tests.waiting import LONG_S, until


@pytest.fixture
def full(prompt, town) -> Prompt:
    """A town with a rig, workers, and beads of every kind."""
    bead = ("hq-aaaaa", "hq-aaaab", "api-aaaaa", "api-aaaab", "hq-aaaac", "hq-aaaad")
    put(
        prompt,
        Rig(name="api", prefix="api"),
        Rig(name="web", prefix="we", state="parked"),
        Agent(id="api/crew/max", role="crew", rig="api", name="max"),
        Agent(id="api/polecats/ash", role="polecat", rig="api", name="ash"),
        Agent(id="web/polecats/oak", role="polecat", rig="web", name="oak"),
        Bead(id=bead[0], title="Mine", assignee="Ada", priority=1, created_at=2),
        Bead(id=bead[1], title="Overseer's", assignee="overseer", priority=0, created_at=3),
        Bead(id=bead[2], title="In hand", status="in_progress", assignee="api/polecats/ash"),
        Bead(id=bead[3], title="Free"),
        Bead(id=bead[4], title="Done", status="closed", closed_at=1),
        Bead(id=bead[5], title="A letter", issue_type="message"),
        Agent(id="mayor", role="mayor", runtime="claude", state="idle"),
        Session(id="s1", agent="mayor", runtime="codex"),
        Agent(id="api/polecats/elm", role="polecat", rig="web", state="working", hook_bead="we-1"),
        Assignment(id="as-1", bead=bead[2], agent="api/polecats/ash", state=STUCK),
        RefineryState(rig="web", broken="push", reason="remote: error: no\nremote: a\n ! b"),
        MergeRequest(id="api-mr-1", rig="api", state="ready"),
        MergeRequest(id="api-mr-2", rig="api", state="merged", reason="it was there"),
        Convoy(id="hq-cv-1", title="Feature X"),
        Convoy(id="hq-cv-2", title="Work: Free", automatic=True),
        *(ConvoyItem(convoy="hq-cv-1", bead=one) for one in (bead[3], bead[4])),
        CompletionDraft(item="w-1", bead=bead[4]),
    )
    return prompt


def test_the_town_is_seen_in_one_look(full):
    """Overseer, node, rigs with their workers and beads, and what needs the person first."""
    said = full.json("gt", "status")
    data = said["data"]
    assert (data["name"], data["node"]) == ("gt", None)
    assert data["overseer"] == {"name": "Ada", "email": "ada@example.org"}
    api, web = data["rigs"]
    assert (api["polecats"], api["crew"], api["beads"], api["state"]) == (1, 1, 2, "operational")
    assert (web["polecats"], web["crew"], web["beads"], web["state"]) == (2, 0, 0, "parked")
    counts = data["beads"]
    assert {name: counts[name] for name in ("open", "in_progress", "hooked", "ready")} == {
        "open": 3, "in_progress": 1, "hooked": 0, "ready": 3,
    }  # fmt: skip
    assert [(one["id"], one["live"], one["runtime"]) for one in data["at_work"]] == [
        ("api/polecats/elm", False, ""), ("mayor", True, "codex"),
    ]  # fmt: skip
    needs = [need["cmd"][-1] for need in data["needs"]]
    assert needs == ["api-aaaaa", "web", "drafts", "hq-aaaab", "hq-aaaaa"]
    assert said["next"][0]["cmd"] == ["bd", "show", "api-aaaaa"]
    text = full.gt("status").text
    assert "Overseer  Ada <ada@example.org>" in text
    assert "Agent     ● mayor [codex] idle" in text
    assert "Agent     ○ api/polecats/elm working we-1" in text
    assert "Rig       web: 2 polecats, 0 crew, 0 beads  PARKED" in text
    assert "Beads     3 open, 1 in progress, 0 hooked, 0 blocked, 3 ready" in text
    assert "Needs     api/polecats/ash is stuck on api-aaaaa" in text
    assert "Needs     merging in web rests (push): error: no\n" in text
    told = full.gt("refinery", "status", "web").text
    assert "broken   push: error: no\n         a\n          ! b\n" in told


def test_what_is_on_its_way_is_seen_in_one_look(full):
    """What waits to be merged, convoys that somebody made, what a person may hand in or decide."""
    put(full, Bead(id="api-aaaac", title="Given up", status="blocked", attempts=3))
    data = full.json("gt", "status")["data"]
    assert [rig["queue"] for rig in data["rigs"]] == [1, 0]
    assert [(one["id"], one["done"], one["total"]) for one in data["convoys"]] == [
        ("hq-cv-1", 1, 2)
    ]
    text = full.gt("status").text
    assert "Rig       api: 1 polecat, 1 crew, 3 beads, 1 to be merged" in text
    assert "Convoy    hq-cv-1: Feature X, 1 of 2 done" in text
    assert "Needs     hq-aaaac is merged, and not handed in on the market yet" in text
    assert "Needs     api-aaaac is blocked until you decide: Given up" in text
    assert "Work: Free" not in text


def test_a_line_of_the_log_has_what_a_person_looks_for():
    """Commits are short, and what only programs want is there with -v."""
    told = {"subject": "ap-1", "commit": "ab" * 20, "assignment": "as-1", "reason": ""}
    event = {"ts": "2026-01-02T03:04:05.123456Z", "type": "merged", "actor": "x", "payload": told}
    short = line_of(event, verbose=False)
    assert short == "2026-01-02T03:04:05Z  merged           x  ap-1  commit=abababababab"
    assert line_of(event, verbose=True) == f"{short} assignment=as-1"


def test_a_fast_look_counts_no_beads(full):
    """`--fast` leaves out whatever means reading every bead, and says so by leaving it out."""
    data = full.json("gt", "status", "--fast")["data"]
    assert data["beads"] is None
    assert [rig["beads"] for rig in data["rigs"]] == [None, None]
    assert "Beads" not in full.gt("status", "--fast").text


def test_a_new_town_needs_a_project(prompt, town):
    """What comes next is the first thing it lacks."""
    said = prompt.json("gt", "status")
    assert said["next"][0]["cmd"] == ["gt", "rig", "add", "<name>", "<repo>"]
    assert "Rigs      none yet" in prompt.gt("status").text


def test_titles_cannot_paint_the_terminal(prompt, town):
    """A bead's title with control codes is shown as text."""
    prompt.bd("create", "\x1b[31mRed", "--assignee", "overseer")
    assert "\x1b" not in prompt.gt("status").text
    assert "\x1b" not in prompt.gt("log").text


def test_the_log_shows_the_newest_and_chooses(prompt, town):
    """`-n`, `--type` with kinds or their starts, `--actor`; the newest last."""
    for number in range(5):
        prompt.bd("create", f"bead {number}", env={"BD_ACTOR": f"actor{number % 2}"})

    def titles(*argv):
        events = prompt.json("gt", "log", *argv)["data"]["events"]
        return [event["payload"].get("title", event["type"]) for event in events]

    assert titles() == ["town.installed", *(f"bead {number}" for number in range(5))]
    assert titles("-n", "2") == ["bead 3", "bead 4"]
    assert titles("--type", "bead", "--actor", "actor1") == ["bead 1", "bead 3"]
    assert titles("--type", "town.installed,bead.created", "-n", "1") == ["bead 4"]
    assert titles("--type", "town") == ["town.installed"]
    assert titles("--type", "bea") == []
    assert prompt.gt("log", "--type", "bea").text == "nothing yet\n"
    assert prompt.refused("log", "-n", "0") == (2, "usage")
    assert "bead.created" in prompt.gt("log").text


def test_following_shows_what_happens_and_holds_nobody_up(prompt, town):
    """`gt log --follow` prints events as they come; other commands work meanwhile."""
    prompt.bd("create", "before")
    argv = prompt.command("gt", "log", "--follow", "--json", "-n", "1", "--type", "bead")
    process = subprocess.Popen(
        argv, cwd=prompt.at, env=measured(prompt.env), stdout=subprocess.PIPE, text=True
    )
    stream = process.stdout
    assert stream is not None
    seen: list[str] = []
    reader = threading.Thread(
        target=lambda: seen.extend(json.loads(line)["payload"]["title"] for line in stream)
    )
    reader.start()
    try:
        until(lambda: seen)
        assert prompt.gt("config", "set", "worker_status.stale", "6m").code == 0
        for number in range(3):
            assert prompt.bd("create", f"after {number}").code == 0
        until(lambda: len(seen) >= 4)
    finally:
        process.terminate()
        process.wait(LONG_S)
        reader.join(LONG_S)
        stream.close()
    assert seen == ["before", "after 0", "after 1", "after 2"]


def test_who_follows_through_a_node_does_not_keep_it_up(prompt, town):
    """The node that answers a follower goes down at once, and the follower ends well.

    `gt status --watch` shows the town as it is then, each time.
    """

    def begun(*argv):
        return subprocess.Popen(
            prompt.command("gt", *argv),
            cwd=prompt.at,
            env=measured(prompt.env),
            stdout=subprocess.PIPE,
            text=True,
        )

    with prompt.node():
        follower = begun("log", "--follow", "--type", "bead")
        watcher = begun("status", "--watch", "-n", "1", "--json")
        assert watcher.stdout is not None
        first = json.loads(watcher.stdout.readline())
        assert prompt.spawn("bd", "create", "Seen").returncode == 0
        assert follower.stdout is not None
        assert "title=Seen" in follower.stdout.readline()
        assert first["data"]["beads"]["open"] == 0
        # What it showed before the bead was made waits in the pipe.
        shown = iter(watcher.stdout.readline, "")
        counts = (json.loads(line)["data"]["beads"]["open"] for line in shown)
        assert next(count for count in counts if count) == 1
    for one in (follower, watcher):
        said, _ = one.communicate(timeout=LONG_S)
        assert one.returncode == 0
        assert [line for line in said.splitlines() if "schema" not in line] == []


def test_version_and_help_need_no_town(prompt):
    """They say the same anywhere."""
    assert prompt.gt("version").text.startswith("gt ")
    assert prompt.json("gt", "version")["schema"] == "gt.v1.version"
    assert "130" in prompt.gt("help", "exits").text
    assert "install" in prompt.gt("help").text
    assert "Examples:" in prompt.gt("help", "install").text
    assert prompt.refused("help", "nothing") == (2, "usage")


def test_what_happens_in_a_running_town_is_seen_through_its_node(prompt, town):
    """status, log and the file of events, answered by the node and written while it runs."""
    with prompt.node():
        status = prompt.line("gt", "status")
        assert status["data"]["node"]["pid"]
        assert prompt.spawn("bd", "create", "Through the node").returncode == 0
        events = prompt.line("gt", "log", "--type", "bead")["data"]["events"]
        assert [event["payload"]["title"] for event in events] == ["Through the node"]
        told = (town / ".events.jsonl").read_text().splitlines()
        assert json.loads(told[-1])["payload"]["title"] == "Through the node"
    seqs = [json.loads(line)["seq"] for line in (town / ".events.jsonl").read_text().splitlines()]
    assert seqs == list(range(1, len(seqs) + 1))
    assert prompt.json("gt", "log")["data"]["events"][-1]["seq"] == len(seqs)


def test_a_running_town_is_cared_for_through_its_node(prompt, town):
    """config, doctor, info, upgrade and install --force, though the node has the database."""
    with prompt.node():
        said = prompt.line("gt", "config", "set", "scheduler.max_polecats", "-1")
        assert said["data"]["value"] == -1
        (town / "plugins").rmdir()
        assert prompt.line("gt", "doctor")["exit"] == 1
        made = prompt.line("gt", "install", str(town), "--force")
        assert (made["exit"], made["data"]["made"]) == (0, ["plugins/"])
        assert prompt.line("gt", "upgrade")["data"]["made"] == []
        assert prompt.line("gt", "install", str(town))["error"]["code"] == "town.there"
        (town / "plugins").rmdir()
        assert prompt.line("gt", "doctor", "--fix")["exit"] == 0
        assert prompt.line("gt", "info")["data"]["name"] == "gt"
