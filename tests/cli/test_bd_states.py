"""`bd state`, `promote`, `todo` and `lint`, as the predecessor has them."""

from contextlib import closing

import pytest

from tests.cli.beads import TypedBeads


@pytest.fixture
def beads(tmp_path):
    """One bead of ann's."""
    with closing(TypedBeads(tmp_path)) as found:
        found.json("create", "one", "--id", "gt-one", "-l", "api")
        yield found


def test_a_state_is_a_label_and_its_change_a_bead(beads):
    """Keys are the predecessor's; the same once more changes nothing."""
    assert beads.json("state", "gt-one", "patrol")["value"] is None
    told = beads.json("set-state", "gt-one", "patrol=muted", "--reason", "why")
    assert told == {
        "changed": True, "dimension": "patrol", "event_id": "gt-one.1", "issue_id": "gt-one",
        "new_value": "muted", "old_value": None, "schema_version": 1,
    }  # fmt: skip
    (event,) = beads.json("show", "gt-one.1")
    assert (event["issue_type"], event["status"], event["priority"]) == ("event", "closed", 4)
    assert event["description"] == "Set patrol to muted\n\nReason: why"
    assert (event["parent"], event.get("labels")) == ("gt-one", None)
    before = beads.rows()
    assert beads.json("set-state", "gt-one", "patrol=muted")["changed"] is False
    assert beads.rows() == before
    assert beads.json("set-state", "gt-one", "patrol=active")["old_value"] == "muted"
    assert beads.json("show", "gt-one")[0]["labels"] == ["api", "patrol:active"]
    assert beads.type("state", "gt-one", "patrol").text == "active\n"
    assert beads.json("state", "list", "gt-one")["states"] == {"patrol": "active"}
    for said, code in (("patrol", "usage"), ("=x", "bead.field"), ("a:b=c", "bead.field")):
        assert beads.refused("set-state", "gt-one", said)["code"] == code


def test_a_wisp_is_kept_for_good_once(beads):
    """A comment says so and why."""
    beads.json("create", "w", "--id", "gt-www", "--ephemeral", "--wisp-type", "patrol")
    told = beads.json("promote", "gt-www", "--reason", "worth it")
    assert "ephemeral" not in told
    assert beads.json("comments", "gt-www")[0]["text"] == "Promoted from a wisp: worth it"
    assert beads.refused("promote", "gt-www")["code"] == "bead.not_wisp"


def test_tasks_in_fewer_words(beads):
    """Added, listed, done."""
    made = beads.json("todo", "add", "Update", "the", "changelog", "-p", "1")
    assert (made["title"], made["assignee"], made["priority"]) == ("Update the changelog", "ann", 1)
    assert [one["id"] for one in beads.json("todo")] == [made["id"], "gt-one"]
    assert beads.json("todo", "done", made["id"])[0]["status"] == "closed"
    assert beads.type("todo").text == "○ gt-one [P2] [task] - one [api]\n"
    assert len(beads.json("todo", "list", "--all")) == 2


def test_lint_names_what_is_lacking_and_says_so_by_its_exit_code(beads):
    """By type; the field for when something is done counts as its heading."""
    beads.json("create", "b", "--id", "gt-bug", "-t", "bug", "-d", "# STEPS to reproduce\n…")
    beads.json("create", "f", "--id", "gt-fea", "-t", "feature", "--acceptance", "it works")
    beads.json("create", "c", "--id", "gt-cho", "-t", "chore")
    paper = beads.type("lint")
    assert paper.code == 1
    assert paper.text.count("lacks ## Acceptance Criteria") == 2
    assert beads.type("lint", "gt-fea", "gt-cho").text == "every bead says what it should\n"
    assert beads.type("lint", "gt-fea").code == 0
    assert beads.type("lint", "--type", "bug", "--json").text.count('"warnings": 1') == 1
    assert beads.type("lint", "--type", "epic").code == 0


def test_a_bead_can_be_held_to_what_its_type_should_tell(beads):
    """`create --validate` makes none that lacks something."""
    words = ("create", "b", "-t", "bug", "--validate")
    refused = beads.refused(*words)
    assert refused["code"] == "bead.field"
    assert "## Steps to Reproduce, ## Acceptance Criteria" in refused["message"]
    text = "## Steps to Reproduce\nstart it\n## Acceptance Criteria\nit starts"
    assert beads.json(*words, "-d", text)["issue_type"] == "bug"
