"""`gt mq` and `gt refinery` at a prompt: branches of the crew, handed in, looked at, merged."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stamps.clock import SECOND_US
from tests.town.packages import installed
from tests.town.prompt import Prompt
from town.node import clock


@pytest.fixture
def clone(prompt: Prompt, town: Path) -> Path:
    """A member of the crew of `api` stands in its checkout."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    settings = {
        "type": "rig-settings", "version": 1,
        "merge_queue": {
            "test_command": "echo looking; test ! -e BROKEN",
            "retry_flaky_tests": 0, "batch": {"batch_wait_time": "1h"},
        },
    }  # fmt: skip
    (town / "api" / "settings" / "config.json").write_text(json.dumps(settings))
    assert prompt.gt("crew", "add", "max", "--rig", "api").code == 0
    prompt.at = town / "api" / "crew" / "max"
    return prompt.at


def branch(prompt: Prompt, name: str, file: str, text: str = "x\n") -> None:
    """The checkout is on a new branch with one commit."""
    prompt.git("checkout", "-q", "-b", name, "origin/main")
    (prompt.at / file).write_text(text)
    prompt.git("add", "-A")
    prompt.git("commit", "-q", "-m", f"Add {file}")


def bead(prompt: Prompt, title: str, *more: str) -> str:
    return json.loads(prompt.bd("create", title, *more, "--json").text)["id"]


def shown(prompt: Prompt, name: str) -> dict[str, Any]:
    """The bead as `bd show` has it."""
    found = json.loads(prompt.bd("show", name, "--json").text)
    return found[0] if isinstance(found, list) else found


def ids(prompt: Prompt, *argv: str) -> list[str]:
    return [one["id"] for one in prompt.json("gt", "mq", "list", *argv)["data"]["requests"]]


def test_a_branch_is_handed_in_looked_at_and_merged(prompt: Prompt, clone: Path, town: Path):
    """submitted is not merged; the bead closes with the merge, and the clone has it."""
    fix = bead(prompt, "Fix the parser")
    branch(prompt, f"max/{fix}", "parser")
    made = prompt.json("gt", "mq", "submit")
    request = made["data"]["id"]
    assert (made["data"]["status"], made["data"]["source_issue"]) == ("ready", fix)
    assert made["data"]["worker"] == "api/crew/max"
    assert prompt.json("gt", "mq", "submit")["data"]["id"] == request
    assert f"max/{fix}" in prompt.gt("mq", "list", "api").text
    assert prompt.gt("mq", "next", "-q").text.strip() == request
    assert ids(prompt, "--ready") == ids(prompt, "--worker", "max") == [request]
    assert shown(prompt, fix)["status"] == "open"
    ran = prompt.json("gt", "refinery", "run", "api")
    assert ran["data"]["merged"] == [request]
    assert shown(prompt, fix)["status"] == "closed"
    told = prompt.gt("mq", "status", request).text
    assert "is merged" in told
    assert "test passed" in told
    assert (
        prompt.json("gt", "mq", "list", "--status", "merged")["data"]["requests"][0]["id"]
        == request
    )
    assert "is empty" in prompt.gt("mq", "list").text
    prompt.git("checkout", "-q", "main")
    assert prompt.gt("refinery", "run").text.startswith("refinery api: nothing to merge")
    author = prompt.git("log", "-1", "--format=%an <%ae>", "origin/main")
    assert author.strip() == "api/crew/max <ada@example.org>"
    check_trail(prompt, fix, request)


def check_trail(prompt: Prompt, fix: str, request: str) -> None:
    """Who did what stands in commits, beads and events; what was finished, by project."""
    assert ids(prompt, "--all") == ids(prompt, "api", "--all") == [request]
    mine = prompt.done("trail", "commits", "--actor", "api/crew/max", "--since", "1d")["entries"]
    assert [(one["who"], one["untrusted"]["what"]) for one in mine] == [
        ("api/crew/max", "Add parser")
    ]
    every = prompt.done("audit", "--actor", "api/crew/max", "--limit", "100")["entries"]
    assert {"commit", "bead", "mr.submitted"} <= {one["kind"] for one in every}
    assert prompt.done("trail", "hooks")["entries"] == []
    (last,) = prompt.done("trail", "--rig", "api", "--limit", "1")["entries"]
    assert (last["id"], last["untrusted"]["what"]) == (fix, "closed: Fix the parser")
    closed = datetime.fromisoformat(shown(prompt, fix)["closed_at"])
    with pytest.MonkeyPatch.context() as then:  # another day may have begun since
        then.setattr(clock, "now", lambda: int(closed.timestamp()) * SECOND_US)
        (done,) = prompt.done("changelog", "--today")["beads"]
    assert (done["id"], done["rig"], done["title"]) == (fix, "api", "Fix the parser")
    assert fix in prompt.gt("changelog").text
    check_queues(prompt)
    assert prompt.refused("changelog", "--since", "soon") == (2, "usage")
    assert prompt.refused("trail", "mail") == (2, "usage")


def check_queues(prompt: Prompt) -> None:
    """Where nobody says which project, those of all are shown."""
    prompt.at = prompt.at.parents[2]
    assert prompt.gt("rig", "add", "web", "../origin.git", "--prefix", "we").code == 0
    told = prompt.gt("mq", "list", "--all").text
    assert told.startswith("api\nID ")
    assert told.endswith("the merge queue of web is empty\n")
    assert prompt.json("gt", "mq", "list")["data"] == {"rig": "", "requests": []}


def test_a_failing_branch_comes_back_with_the_gates_words(prompt: Prompt, clone: Path):
    """The same commit is not taken again unless that is said; a mended one is."""
    fix = bead(prompt, "Break it")
    branch(prompt, f"max/{fix}", "BROKEN")
    request = prompt.json("gt", "mq", "submit")["data"]["id"]
    ran = prompt.json("gt", "refinery", "run")
    assert ran["data"]["failed"] == [request]
    notes = shown(prompt, fix)["notes"]
    assert f"MERGE REJECTION {request}" in notes
    assert "looking" in notes
    assert prompt.refused("mq", "submit") == (1, "merge.rejected")
    again = prompt.json("gt", "mq", "submit", "--resubmit")["data"]
    assert (again["retries"], again["status"]) == (1, "ready")
    prompt.git("rm", "-q", "BROKEN")
    (prompt.at / "good").write_text("x")
    prompt.git("add", "-A")
    prompt.git("commit", "-q", "-m", "Mend it")
    mended = prompt.json("gt", "mq", "submit")["data"]
    assert prompt.json("gt", "mq", "status", again["id"])["data"]["status"] == "superseded"
    assert prompt.json("gt", "refinery", "run")["data"]["merged"] == [mended["id"]]


def test_a_request_is_rejected_and_tried_again_by_hand(prompt: Prompt, clone: Path):
    """Rejected ones stay so until somebody retries them; merged ones for ever."""
    fix = bead(prompt, "Do it")
    branch(prompt, f"max/{fix}", "it")
    request = prompt.json("gt", "mq", "submit")["data"]["id"]
    told = prompt.json("gt", "mq", "reject", request, "--reason", "not now")["data"]
    assert (told["status"], told["reason"]) == ("rejected", "not now")
    assert shown(prompt, fix)["status"] == "open"
    assert prompt.json("gt", "refinery", "run")["data"]["merged"] == []
    by_branch = prompt.json("gt", "mq", "retry", "api", f"max/{fix}", "--now")["data"]
    assert (by_branch["id"], by_branch["status"]) == (request, "ready")
    assert prompt.refused("mq", "retry", "api", request, "more") == (2, "usage")
    assert prompt.json("gt", "refinery", "run")["data"]["merged"] == [request]
    assert prompt.refused("mq", "retry", request) == (1, "merge.ended")
    assert prompt.refused("mq", "reject", request, "--reason", "x") == (1, "merge.ended")
    assert prompt.refused("mq", "status", "nowhere") == (3, "id.request")


FAR = """
from ledger.beads.rows import Bead

class Reader:
    def __init__(self, works):
        pass
    def show(self, identifier):
        return Bead(id=identifier, title="Known elsewhere", status="open")

class Shower:
    def __init__(self, works):
        self.beads = works.town
    def show(self, identifier):
        epics = [one for one in self.beads.look(lambda: list(self.beads.store.find(Bead)))
                 if one.external_ref == identifier]
        return epics[0]
"""


def test_what_could_never_be_merged_is_found(prompt: Prompt, clone: Path, tmp_path: Path):
    """`--verify` ends with 1 for a bead that is done and for a branch that is nowhere.

    What reads the beads is what the settings name: another program's word counts for ours.
    """
    fix = bead(prompt, "Do it")
    branch(prompt, f"max/{fix}", "it")
    request = prompt.json("gt", "mq", "submit")["data"]["id"]

    def verified() -> tuple[int, list[int]]:
        found = prompt.json("gt", "mq", "list", "--verify")
        return found["exit"], [len(one["verified"]["wrong"]) for one in found["data"]["requests"]]

    assert verified() == (0, [0])
    assert "✓ every branch is there" in prompt.gt("mq", "list", "--verify").text
    assert prompt.bd("close", fix, "--force").code == 0
    assert verified() == (1, [1])
    prompt.git("push", "-q", "origin", f":max/{fix}")
    assert verified() == (1, [2])
    told = prompt.gt("mq", "list", "--verify").text
    assert f"✗ {request}: its bead {fix} is closed already" in told
    prompt.gt("config", "set", "extensions", '{"issue_reader": "far"}')
    with installed(tmp_path / "far", {"issue_reader": "Reader"}, FAR):
        assert verified() == (1, [1])
    assert prompt.refused("mq", "list", "--verify") == (2, "extension.bad")


def test_what_cannot_be_handed_in_is_refused(prompt: Prompt, clone: Path, town: Path):
    """The default branch, a branch without commits, an unknown one; nothing is queued."""
    prompt.git("checkout", "-q", "main")
    assert prompt.refused("mq", "submit") == (2, "merge.branch")
    prompt.git("checkout", "-q", "-b", "empty")
    assert prompt.refused("mq", "submit") == (2, "merge.branch")
    assert prompt.refused("mq", "submit", "--branch", "nowhere") == (2, "merge.branch")
    branch(prompt, "real", "real")
    assert prompt.refused("mq", "submit", "--issue", "api-nowhere") == (3, "id.none")
    assert prompt.json("gt", "mq", "list")["data"]["requests"] == []


def test_the_refinery_says_how_it_stands(prompt: Prompt, clone: Path):
    """At work or not, its gates, how many wait for it, and what it did last."""
    status = prompt.gt("refinery", "status").text
    assert "refinery api/refinery is idle" in status
    assert "gates    test" in status
    branch(prompt, "mine", "mine")
    prompt.json("gt", "mq", "submit")
    assert "queue    1: 1 ready, 0 waiting" in prompt.gt("refinery", "status").text
    assert prompt.gt("refinery", "blocked").text.startswith("nothing is blocked")
    prompt.gt("refinery", "run")
    assert "1 merged" in prompt.gt("refinery", "status").text


def test_no_gates_are_no_secret(prompt: Prompt, clone: Path, town: Path):
    """Scenario 18: status says that whatever merges is merged."""
    (town / "api" / "settings" / "config.json").write_text("{}")
    shown = prompt.json("gt", "refinery", "status")
    assert shown["data"]["gate_count"] == 0
    assert any("no gates" in one for one in shown["warn"])


def test_a_broken_gate_is_an_error_of_the_refinery(prompt: Prompt, clone: Path, town: Path):
    """Scenario 18 at the prompt: exit 6, and status says what is to be mended."""
    told = {"merge_queue": {"gates": {"check": {"cmd": "no-such-program-here"}}}}
    (town / "api" / "settings" / "config.json").write_text(json.dumps(told))
    branch(prompt, "mine", "mine")
    prompt.json("gt", "mq", "submit")
    ran = prompt.json("gt", "refinery", "run")
    assert (ran["exit"], ran["error"]["code"]) == (6, "refinery.gate")
    assert "no-such-program-here" in ran["data"]["reason"]
    status = prompt.gt("refinery", "status").text
    assert "is broken" in status
    assert "127" in status
    assert len(prompt.json("gt", "refinery", "queue")["data"]["requests"]) == 1


def test_the_work_of_an_epic_is_gathered_and_landed(prompt: Prompt, clone: Path, tmp_path: Path):
    """create, status, land at a prompt; a branch below the epic goes to its branch by itself.

    Which bead an epic's name means is what the shower of issues that settings name says.
    """
    epic = bead(prompt, "Release two", "-t", "epic")
    child = bead(prompt, "Part one", "--parent", epic)
    made = prompt.json("gt", "mq", "integration", "create", epic)["data"]
    assert (made["branch"], made["base"]) == ("integration/release-two", "main")
    branch(prompt, f"max/{child}", "part")
    request = prompt.json("gt", "mq", "submit", "--issue", child)["data"]
    assert request["target"] == made["branch"]
    assert ids(prompt, "--epic", epic) == [request["id"]]
    early = prompt.json("gt", "mq", "integration", "land", epic)
    assert (early["exit"], early["error"]["code"]) == (9, "integration.not_ready")
    prompt.gt("refinery", "run")
    status = prompt.json("gt", "mq", "integration", "status", epic)["data"]
    assert status["ready_to_land"], status
    prompt.bd("update", epic, "--external-ref", "REL-2")
    prompt.gt("config", "set", "extensions", '{"issue_shower": "far"}')
    with installed(tmp_path / "far", {"issue_shower": "Shower"}, FAR):
        elsewhere = prompt.json("gt", "mq", "integration", "status", "REL-2")["data"]
    assert elsewhere == status
    prompt.gt("config", "unset", "extensions")
    assert prompt.json("gt", "mq", "integration", "land", epic, "--dry-run")["data"]["commit"] == ""
    landed = prompt.json("gt", "mq", "integration", "land", epic)["data"]
    assert prompt.git("ls-remote", "origin", "main").split()[0] == landed["commit"]
    assert shown(prompt, epic)["status"] == "closed"
    assert prompt.refused("mq", "integration", "status", child) == (3, "integration.none")


def test_help_says_what_each_line_does(prompt: Prompt, clone: Path):
    """Every command of both groups has words and an example that begins with it."""
    for group in ("mq", "refinery", "mq integration"):
        told = prompt.gt(*group.split(), "--help").text
        assert "Usage: gt" in told
    for line in ("mq submit", "mq list", "mq next", "refinery run", "mq integration land"):
        assert f"gt {line}" in prompt.gt(*line.split(), "--help").text
