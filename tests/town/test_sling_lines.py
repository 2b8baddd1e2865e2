"""`gt sling` as it is typed, where no session of its worker could begin."""

import json

import pytest

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
