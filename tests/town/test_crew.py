"""A crew's clone is its own: made from what is there, brought up to date, never losing work."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.town.prompt import Prompt, files

pytestmark = pytest.mark.slow


@pytest.fixture
def rig(prompt, town) -> Path:
    """The folder of a rig called `api`, whose origin lies beside the town."""
    prompt.at = town.parent
    prompt.repository("origin", branch="develop")
    prompt.at = town
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    return town / "api"


def crew(prompt: Prompt, *argv: str) -> list[dict]:
    """The members that `gt crew list` shows."""
    return prompt.json("gt", "crew", "list", *(argv or ("--all",)))["data"]["crew"]


def moved(prompt: Prompt, rig: Path, name: str, text: str) -> str:
    """The commit that somebody else pushed to the rig's branch meanwhile."""
    other = rig.parent.parent / "origin"
    (other / name).write_text(text)
    prompt.git("add", ".", at=other)
    prompt.git("commit", "-q", "-m", "other", at=other)
    prompt.git("push", "-q", "origin", "develop", at=other)
    return prompt.git("rev-parse", "HEAD", at=other).strip()


def test_a_member_has_a_whole_clone_of_their_own(prompt, town, rig):
    """Its origin is the rig's address, what was fetched is linked, and the rig may go."""
    newest = moved(prompt, rig, "later", "since the rig was added\n")
    said = prompt.json("gt", "crew", "add", "max", "--rig", "api")
    assert (said["exit"], said["warn"]) == (0, [])
    clone = rig / "crew" / "max"
    assert said["data"]["crew"][0]["address"] == "api/crew/max"
    assert prompt.git("rev-parse", "HEAD", at=clone).strip() == newest
    assert prompt.git("status", "-sb", at=clone) == "## develop...origin/develop\n"
    assert prompt.git("remote", "get-url", "origin", at=clone).strip() == str(
        town.parent / "origin.git"
    )
    assert prompt.git("config", "--local", "--get-regexp", "^(remote|branch)", at=clone).count(
        "remote.origin.url"
    )
    local = prompt.git("config", "--local", "--list", at=clone)
    assert "user." not in local
    assert ".repo.git" not in local
    assert [path for path in clone.rglob("objects/??/*") if path.stat().st_nlink > 1]
    shutil.rmtree(rig / ".repo.git")
    prompt.git("fsck", "--strict", at=clone)
    (clone / "mine").write_text("mine\n")
    prompt.git("add", "mine", at=clone)
    prompt.git("commit", "-q", "-m", "mine", at=clone)
    prompt.git("push", "-q", at=clone)
    log = prompt.git("log", "-1", "--format=%an %s", "develop", at=town.parent / "origin.git")
    assert log == "Ada mine\n"


def test_the_rig_is_the_one_that_is_said_stood_in_or_alone(prompt, town, rig):
    """--rig, `rig/name`, the folder, the only one; where nothing says it, nobody is added."""
    assert prompt.gt("crew", "add", "one").code == 0
    assert prompt.gt("rig", "add", "web", "../origin.git").code == 0
    assert prompt.refused("crew", "add", "two") == (2, "rig.which")
    assert prompt.refused("crew", "add", "two", "--rig", "none") == (3, "id.rig")
    assert prompt.gt("crew", "add", "web/two").code == 0
    prompt.at = town / "web" / "crew" / "two"
    assert prompt.gt("crew", "add", "three", "one").code == 0
    assert prompt.gt("crew", "add", "four", "--rig", "api").code == 0
    addresses = [one["address"] for one in crew(prompt)]
    assert addresses == [
        "api/crew/four", "api/crew/one", "web/crew/one", "web/crew/three", "web/crew/two",
    ]  # fmt: skip
    assert [one["name"] for one in crew(prompt, "--rig", "api")] == ["four", "one"]
    assert [one["name"] for one in crew(prompt, "--rig", "web")] == ["one", "three", "two"]
    assert prompt.json("gt", "crew", "status", "one")["data"]["crew"][0]["rig"] == "web"
    prompt.at = town
    assert prompt.refused("crew", "status", "one") == (3, "id.ambiguous")
    assert prompt.json("gt", "crew", "status", "api/one")["data"]["crew"][0]["rig"] == "api"
    assert prompt.refused("crew", "status", "nobody") == (3, "id.crew")


def test_a_branch_of_their_own_begins_where_the_rig_stands(prompt, rig):
    """--branch follows one that origin has, and makes one that it has not; another name is none."""
    prompt.git("branch", "there", "develop", at=rig.parent.parent / "origin.git")
    assert prompt.gt("crew", "add", "max", "--branch", "there").code == 0
    assert prompt.gt("crew", "add", "emma", "--branch", "emma/cache").code == 0
    branches = {one["name"]: one["branch"] for one in crew(prompt)}
    assert branches == {"max": "there", "emma": "emma/cache"}
    clone = rig / "crew" / "max"
    assert prompt.git("status", "-sb", at=clone) == "## there...origin/there\n"
    assert prompt.git("status", "-sb", at=rig / "crew" / "emma") == "## emma/cache\n"
    assert prompt.refused("crew", "add", "bad", "--branch", "a..b") == (1, "git.failed")
    assert {path.name for path in (rig / "crew").iterdir()} == {"max", "emma"}


def test_what_cannot_be_a_member_is_refused_and_leaves_nothing(prompt, rig):
    """Bad names, names that are there but for capitals, folders of others; the others stay."""
    assert prompt.gt("crew", "add", "max").code == 0
    (rig / "crew" / "taken").mkdir()
    (rig / "crew" / "taken" / "mine").write_text("mine\n")
    before = files(rig)
    for name, expected in {
        "a.b": (2, "name.bad"), "crew": (2, "name.bad"), "max": (1, "crew.there"),
        "MAX": (1, "crew.there"), "taken": (1, "crew.there"),
    }.items():  # fmt: skip
        assert prompt.refused("crew", "add", name) == expected, name
    assert files(rig) == before
    partly = prompt.json("gt", "crew", "add", "emma", "max", "zoe")
    assert (partly["exit"], partly["error"]["code"]) == (1, "crew.there")
    assert [one["name"] for one in partly["data"]["crew"]] == ["emma"]
    assert [one["name"] for one in crew(prompt)] == ["emma", "max"]


def test_without_a_way_to_origin_a_clone_is_as_the_rig_knows_it(prompt, town, rig):
    """Offline it is made all the same, and says that it may be old."""
    (town.parent / "origin.git").rename(town.parent / "unplugged")
    said = prompt.json("gt", "crew", "add", "max")
    assert said["exit"] == 0
    assert "as the rig last saw it" in said["warn"][0]
    assert (rig / "crew" / "max" / "README").read_text() == "begun\n"


def test_pristine_moves_forward_and_touches_nobodys_work(prompt, rig):
    """A pull where it is one; changes stay, and where they are in the way everything stays."""
    assert prompt.gt("crew", "add", "max").code == 0
    clone = rig / "crew" / "max"
    (clone / "own").write_text("not committed\n")
    newest = moved(prompt, rig, "README", "theirs\n")
    found = prompt.json("gt", "crew", "pristine")["data"]["crew"]
    assert [(one["address"], one["after"]) for one in found] == [("api/crew/max", newest)]
    assert (clone / "own").read_text() == "not committed\n"
    assert (clone / "README").read_text() == "theirs\n"
    again = prompt.json("gt", "crew", "pristine", "max")["data"]["crew"][0]
    assert again["before"] == again["after"] == newest
    (clone / "README").write_text("mine\n")
    moved(prompt, rig, "README", "theirs again\n")
    assert prompt.refused("crew", "pristine", "max") == (1, "crew.diverged")
    assert (clone / "README").read_text() == "mine\n"
    prompt.git("commit", "-qam", "mine", at=clone)
    mine = prompt.git("rev-parse", "HEAD", at=clone)
    assert prompt.refused("crew", "pristine", "max") == (1, "crew.diverged")
    assert prompt.git("rev-parse", "HEAD", at=clone) == mine
    prompt.git("reset", "-q", "--hard", "HEAD~1", at=clone)
    prompt.git("checkout", "-q", "--detach", at=clone)
    assert prompt.refused("crew", "pristine", "max") == (1, "crew.diverged")


def unsaved(prompt: Prompt, clone: Path, kind: str) -> str:
    """Work of that kind is in the clone; how a refusal calls it."""
    (clone / "README").write_text(f"{kind}\n")
    if kind == "untracked":
        prompt.git("checkout", "-q", "README", at=clone)
        (clone / "new").write_text("new\n")
        return "1 uncommitted file"
    if kind == "uncommitted":
        return "1 uncommitted file"
    if kind == "stashed":
        prompt.git("stash", "-q", at=clone)
        return "1 stashed"
    prompt.git("checkout", "-q", "-b", "side", at=clone)
    prompt.git("commit", "-qam", "mine", at=clone)
    prompt.git("checkout", "-q", "develop", at=clone)
    if kind == "detached":
        prompt.git("checkout", "-q", "--detach", "side", at=clone)
        prompt.git("branch", "-q", "-D", "side", at=clone)
        return "1 unpushed commit"
    return "1 unpushed commit on side"


@pytest.mark.parametrize("kind", ["uncommitted", "untracked", "stashed", "unpushed", "detached"])
def test_work_that_lies_nowhere_else_is_not_removed(prompt, rig, kind):
    """It is named, the clone stays, and only --force takes it away, which says what went."""
    assert prompt.gt("crew", "add", "max").code == 0
    clone = rig / "crew" / "max"
    lost = unsaved(prompt, clone, kind)
    before = files(clone)
    refused = prompt.json("gt", "crew", "remove", "max")
    assert (refused["exit"], refused["error"]["code"]) == (1, "crew.unsaved")
    assert refused["error"]["lost"] == [lost]
    assert files(clone) == before
    assert crew(prompt)[0]["unsaved"] == [lost]
    gone = prompt.json("gt", "crew", "remove", "max", "--force")
    assert (gone["exit"], gone["data"]["lost"]) == (0, [lost])
    assert list((rig / "crew").iterdir()) == []
    assert crew(prompt) == []


def test_a_removed_member_keeps_its_history_until_it_is_purged(prompt, rig):
    """Removed, beads and address stay for whoever comes back; purged, beads are nobody's."""
    assert prompt.gt("crew", "add", "max").code == 0
    prompt.at = rig / "crew" / "max"
    bead = prompt.bd("create", "work", "--silent").text.strip()
    assert prompt.bd("update", bead, "--claim").code == 0
    prompt.at = rig.parent
    assert prompt.gt("crew", "remove", "max").code == 0
    assert prompt.refused("crew", "status", "max") == (3, "id.crew")
    assert shown(prompt, bead)["assignee"] == "api/crew/max"
    assert prompt.gt("crew", "add", "max").code == 0
    assert prompt.gt("crew", "remove", "max", "--purge").code == 0
    found = shown(prompt, bead)
    assert (found.get("assignee", ""), found["status"]) == ("", "open")


def shown(prompt: Prompt, bead: str) -> dict:
    """A bead as `bd show --json` has it."""
    found = json.loads(prompt.bd("show", bead, "--json").text)
    return found[0] if isinstance(found, list) else found


def test_another_name_takes_folder_beads_and_address_along(prompt, rig):
    """Renamed, also only by its capitals; a name that is taken is refused and nothing moves."""
    assert prompt.gt("crew", "add", "max", "emma").code == 0
    prompt.at = rig / "crew" / "max"
    bead = prompt.bd("create", "work", "--silent").text.strip()
    assert prompt.bd("update", bead, "--claim").code == 0
    (rig / "crew" / "max" / "own").write_text("own\n")
    prompt.at = rig.parent
    assert prompt.refused("crew", "rename", "max", "Emma") == (1, "crew.there")
    assert prompt.refused("crew", "rename", "max", "a b") == (2, "name.bad")
    assert (rig / "crew" / "max" / "own").exists()
    assert prompt.gt("crew", "rename", "max", "zoe").code == 0
    assert (rig / "crew" / "zoe" / "own").read_text() == "own\n"
    assert shown(prompt, bead)["assignee"] == "api/crew/zoe"
    assert prompt.gt("crew", "rename", "zoe", "Zoe").code == 0
    assert {path.name for path in (rig / "crew").iterdir()} == {"Zoe", "emma"}
    assert [one["address"] for one in crew(prompt)] == ["api/crew/Zoe", "api/crew/emma"]


def test_a_member_whose_folder_went_is_said_to_be_without(prompt, rig):
    """A folder that a person removed is missed by every verb, and the member can be forgotten."""
    assert prompt.gt("crew", "add", "max").code == 0
    shutil.rmtree(rig / "crew" / "max")
    assert crew(prompt)[0]["there"] is False
    assert "is gone" in prompt.gt("crew", "status", "max").text
    assert prompt.refused("crew", "pristine", "max") == (1, "crew.gone")
    assert prompt.refused("crew", "rename", "max", "zoe") == (1, "crew.gone")
    assert prompt.gt("crew", "remove", "max").code == 0
    assert prompt.gt("crew", "add", "max").code == 0
    assert crew(prompt)[0]["there"] is True


def test_who_has_work_in_hand_stays(prompt, rig):
    """A member with a hook is neither removed nor renamed, and the rig is in use."""
    assert prompt.gt("crew", "add", "max").code == 0
    bead = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    assert prompt.gt("sling", bead, "api/crew/max").code == 0
    assert prompt.refused("crew", "remove", "max", "--force") == (1, "crew.busy")
    assert prompt.refused("crew", "rename", "max", "zoe") == (1, "crew.busy")
    busy = prompt.json("gt", "rig", "remove", "api")["error"]
    assert busy["reasons"] == [f"api/crew/max works on {bead}"]
    assert f"hook    {bead}" in prompt.gt("crew", "status", "max").text
    assert prompt.gt("unsling", bead).code == 0
    assert prompt.gt("crew", "remove", "max").code == 0


def test_what_people_read_says_what_is_and_what_next(prompt, rig):
    """Words of each line: an empty crew, a member, a pull, a removal."""
    assert prompt.gt("crew", "list").text == "nobody yet\nnext    gt crew add <you> --rig api\n"
    assert prompt.gt("crew", "status").text == "nobody yet\n"
    assert prompt.gt("crew", "pristine").text == "nobody yet\n"
    clone = rig / "crew" / "max"
    assert prompt.gt("crew", "add", "max").text == (
        f"crew    api/crew/max: {clone}, branch develop\nnext    gt crew status api/crew/max\n"
    )
    line = f"○ {'api/crew/max':<28} develop, nothing unsaved\n"
    assert prompt.gt("crew", "list").text == line
    assert prompt.gt("crew", "pristine").text == "crew    api/crew/max was up to date\n"
    moved(prompt, rig, "README", "theirs\n")
    assert " to " in prompt.gt("crew", "pristine").text
    (clone / "own").write_text("")
    refused = prompt.gt("crew", "remove", "max")
    assert refused.text == ""
    assert refused.talk.splitlines() == [
        "error   crew.unsaved",
        "why     api/crew/max has what no other place has: 1 uncommitted file",
        "try     Commit and push it; with --force it is lost.",
    ]
    gone = prompt.gt("crew", "remove", "max", "--force").text
    assert gone == "removed api/crew/max\nlost    1 uncommitted file\n"


def test_a_member_works_in_another_rig_under_their_own_name(prompt, town, rig):
    """`gt worktree RIG`: a clone there, the same address, the other rig's beads; made once."""
    assert prompt.gt("rig", "add", "web", "../origin.git").code == 0
    assert prompt.gt("crew", "add", "max", "--rig", "api").code == 0
    assert prompt.refused("worktree", "web") == (2, "crew.visitor")
    prompt.at = rig / "crew" / "max"
    assert prompt.refused("worktree", "api") == (2, "crew.own_rig")
    assert prompt.refused("worktree", "none") == (3, "id.rig")
    made = prompt.json("gt", "worktree", "web")
    guest = town / "web" / "crew" / "api-max"
    assert (made["data"]["path"], made["data"]["fresh"]) == (str(guest), True)
    assert prompt.json("gt", "worktree", "web")["data"]["fresh"] is False
    assert prompt.git("status", "-sb", at=guest) == "## develop...origin/develop\n"
    prompt.at = guest
    assert prompt.json("gt", "whoami")["data"]["address"] == "api/crew/max"
    assert prompt.json("gt", "whoami", env={"GT_ROLE": "api/crew/max"})["warn"] == []
    bead = prompt.bd("create", "work", "--silent").text.strip()
    assert bead.startswith("web-")
    assert shown(prompt, bead)["created_by"] == "api/crew/max"
    listed = prompt.json("gt", "worktree", "list")["data"]["worktrees"]
    assert [(one["rig"], one["unsaved"]) for one in listed] == [("web", [])]
    assert [one["address"] for one in crew(prompt)] == ["api/crew/max"]
    assert prompt.json("gt", "doctor")["data"]["failed"] == 0


def test_a_guests_work_is_kept_like_anybodys(prompt, town, rig):
    """It holds the other rig and its own member; it goes when it is saved, or by force."""
    assert prompt.gt("rig", "add", "web", "../origin.git").code == 0
    assert prompt.gt("crew", "add", "max", "--rig", "api").code == 0
    assert prompt.refused("crew", "add", "api-zoe", "--rig", "web") == (2, "name.bad")
    prompt.at = rig / "crew" / "max"
    assert prompt.gt("worktree", "web").code == 0
    guest = town / "web" / "crew" / "api-max"
    (guest / "mine").write_text("mine\n")
    busy = prompt.json("gt", "rig", "remove", "web")["error"]
    assert busy["reasons"] == ["web/crew/api-max: 1 uncommitted file"]
    prompt.at = town
    assert prompt.refused("crew", "remove", "max") == (1, "crew.busy")
    assert prompt.refused("crew", "rename", "max", "zoe") == (1, "crew.busy")
    prompt.at = rig / "crew" / "max"
    assert prompt.refused("worktree", "remove", "web") == (1, "crew.unsaved")
    assert (guest / "mine").read_text() == "mine\n"
    gone = prompt.json("gt", "worktree", "remove", "web", "--force")
    assert gone["data"]["lost"] == ["1 uncommitted file"]
    assert not guest.exists()
    assert prompt.refused("worktree", "remove", "web") == (3, "id.visit")
    assert prompt.gt("worktree", "list").text == "none\n"
    prompt.at = town
    assert prompt.gt("crew", "remove", "max").code == 0
    assert prompt.gt("rig", "remove", "web").code == 0


DIE = """
import os, signal
from pathlib import Path
real = Path.rename
def rename(self, target):
    {before}
    real(self, target)
    os.kill(os.getpid(), signal.SIGKILL)
Path.rename = rename
"""
DIE_AFTER = """
import os, signal
from town.crew.desk import Crew
Crew.member = lambda self, agent: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("before", ["os.kill(os.getpid(), signal.SIGKILL)", "pass", None])
def test_whoever_dies_while_renaming_is_helped_by_the_next_command(prompt, rig, before):
    """Before the move, after it, after the rows: the clone is whole under the one name or other."""
    assert prompt.gt("crew", "add", "max").code == 0
    (rig / "crew/max/mine").write_text("mine")
    prelude = DIE_AFTER if before is None else DIE.format(before=before)
    done = prompt.spawn("gt", "crew", "rename", "max", "zoe", prelude=prelude)
    assert done.returncode == -signal.SIGKILL, done.stderr
    [member] = crew(prompt)
    assert member["there"] is True
    assert member["name"] == ("zoe" if before is None else "max")
    if before is not None:
        assert prompt.gt("crew", "rename", "max", "zoe").code == 0
    assert (rig / "crew/zoe/mine").read_text() == "mine"
    assert [path.name for path in (rig / "crew").iterdir()] == ["zoe"]
    told = prompt.json("gt", "doctor")["data"]
    assert (told["failed"], told["warnings"]) == (0, 0), told


def test_a_folder_in_the_old_place_is_not_overwritten_when_a_move_is_taken_back(prompt, rig):
    """Somebody made a folder where the clone was: both stay, and the doctor says so."""
    assert prompt.gt("crew", "add", "max").code == 0
    done = prompt.spawn("gt", "crew", "rename", "max", "zoe", prelude=DIE.format(before="pass"))
    assert done.returncode == -signal.SIGKILL, done.stderr
    (rig / "crew/max").mkdir()
    (rig / "crew/max/other").write_text("other")
    assert crew(prompt)[0]["name"] == "max"
    assert (rig / "crew/zoe/.git").is_dir()
    assert (rig / "crew/max/other").read_text() == "other"
    checks = prompt.json("gt", "doctor", "--fix")["data"]["checks"]
    assert [one["name"] for one in checks if one["status"] != "ok"] == [
        "rig-worktrees",
        "unfinished",
    ]
