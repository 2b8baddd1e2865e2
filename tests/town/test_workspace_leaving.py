"""Taking a town away: what it made and nothing else, and never work that lies nowhere else."""

import json

import pytest
from msgspec.structs import replace

from ledger.workspace.work import MERGED, MergeRequest, Session
from tests.town.prompt import Prompt
from tests.town.ruining import put
from town.workspace.managed import ANCHORS

REMOVING = """
import os, signal, sys
left = {number}
def count(event, args):
    global left
    if event in ('os.remove', 'os.rmdir', 'shutil.rmtree', 'os.rename'):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
"""
KILLED = -9


@pytest.fixture
def prompt(tmp_path) -> Prompt:
    """Somebody in a town with the rig `api`."""
    return in_town(Prompt(tmp_path))


def in_town(prompt: Prompt) -> Prompt:
    """The prompt stands in a new town with the rig `api`."""
    prompt.repository("source")
    assert prompt.gt("install", "gt").code == 0
    prompt.at /= "gt"
    assert prompt.gt("rig", "add", "api", "../source.git").code == 0
    return prompt


def test_first_it_says_what_would_go_and_changes_nothing(prompt):
    """`--dry-run` names every file and folder; all of them are there afterwards."""
    before = sorted(prompt.at.rglob("*"))
    said = prompt.json("gt", "uninstall", "--dry-run")
    assert (said["exit"], said["data"]["done"], said["data"]["unsaved"]) == (0, False, [])
    assert {"api/.repo.git", "api/refinery/rig", "mayor/town.json", ".wasteland"} <= set(
        said["data"]["removes"]
    )
    assert all((prompt.at / name).exists() for name in said["data"]["removes"])
    assert sorted(prompt.at.rglob("*")) == before
    assert prompt.refused("uninstall") == (2, "usage.needs_yes")
    assert prompt.gt("uninstall", stdin=b"n\n").code == 1
    assert sorted(prompt.at.rglob("*")) == before


def test_what_the_town_made_goes_and_what_a_person_made_stays(prompt):
    """Their files, their part of a file, the settings' history; the rest is gone, folders too."""
    prompt.gt("git-init")
    (prompt.at / "plugins" / "mine.md").write_text("mine")
    (prompt.at / "api" / "notes.txt").write_text("mine")
    (prompt.at / "CLAUDE.md").write_text("Mine.\n" + ANCHORS[0].part)
    said = prompt.json("gt", "uninstall", "--yes")
    assert (said["exit"], said["data"]["done"]) == (0, True)
    assert said["data"]["edits"] == ["CLAUDE.md"]
    left = sorted(str(path.relative_to(prompt.at)) for path in prompt.at.rglob("*"))
    left = [name for name in left if not name.startswith(".git/")]
    assert left == [".git", "CLAUDE.md", "api", "api/notes.txt", "plugins", "plugins/mine.md"]
    assert (prompt.at / "CLAUDE.md").read_text() == "Mine.\n"
    assert prompt.refused("status") == (3, "town.none")
    assert prompt.gt("install").code == 0  # and a new town can be made there
    assert prompt.json("gt", "status")["data"]["rigs"] == []


def test_the_beads_of_a_town_that_goes_stay_in_a_file(prompt):
    """Open and closed, as an import takes them; a file of that name that is there stays."""
    (prompt.at / "beads.jsonl").write_text("mine")
    for title in ("Fix it", "Done"):
        assert prompt.bd("create", title, "--rig", "api").code == 0
    prompt.bd("close", json.loads(prompt.bd("list", "--json").text)[0]["id"])
    assert "keeps beads-1.jsonl: 2 beads" in prompt.gt("uninstall", "--dry-run").text
    assert not (prompt.at / "beads-1.jsonl").exists()
    assert prompt.gt("uninstall", "--yes").code == 0
    assert (prompt.at / "beads.jsonl").read_text() == "mine"
    assert prompt.gt("install").code == 0
    assert prompt.bd("import", "beads-1.jsonl").code == 0
    found = json.loads(prompt.bd("list", "--all", "--json").text)
    assert sorted((one["title"], one["status"]) for one in found) == [
        ("Done", "closed"), ("Fix it", "open"),
    ]  # fmt: skip


def test_what_agents_left_goes_and_a_persons_hooks_stay(prompt):
    """Transcripts and hook files of agents go; in a file of a person only the town's part."""
    theirs = prompt.at / "mayor/.claude/settings.json"
    theirs.parent.mkdir()
    theirs.write_text('{"model": "mine"}')
    assert prompt.gt("hooks", "sync").code == 0
    assert "gt prime" in theirs.read_text()
    (prompt.at / ".runtime/transcripts").mkdir(parents=True)
    (prompt.at / ".runtime/transcripts/s1.log").write_text("said")
    (prompt.at / "deacon/dogs/rex").mkdir(parents=True)
    dry = prompt.json("gt", "uninstall", "--dry-run")["data"]
    assert "mayor/.claude/settings.json" in dry["edits"]
    assert ".runtime" in dry["removes"]
    assert prompt.gt("uninstall", "--yes").code == 0
    left = sorted(str(path.relative_to(prompt.at)) for path in prompt.at.rglob("*"))
    assert left == ["mayor", "mayor/.claude", "mayor/.claude/settings.json"]
    assert json.loads(theirs.read_text()) == {"model": "mine"}


def uncommitted(prompt):
    (prompt.at / "api/refinery/rig/new").write_text("x")


def committed(prompt):
    tree = prompt.at / "api/refinery/rig"
    prompt.git("commit", "-q", "--allow-empty", "-m", "mine", at=tree)


def stashed(prompt):
    tree = prompt.at / "api/refinery/rig"
    (tree / "README").write_text("changed")
    prompt.git("stash", "-q", at=tree)


def branch(prompt):
    repository = prompt.at / "api/.repo.git"
    tree = prompt.at / "api/polecats/ash/api"
    prompt.git("worktree", "add", "-q", "-b", "work", str(tree), "origin/main", at=repository)
    prompt.git("commit", "-q", "--allow-empty", "-m", "work", at=tree)
    prompt.git("worktree", "remove", str(tree), at=repository)


def clone(prompt):
    prompt.git("clone", "-q", "../source.git", "api/crew/max")
    tree = prompt.at / "api/crew/max"
    prompt.git("checkout", "-q", "-b", "other", at=tree)
    prompt.git("commit", "-q", "--allow-empty", "-m", "mine", at=tree)
    prompt.git("checkout", "-q", "main", at=tree)


def unreadable(prompt):
    (prompt.at / "api/crew/max/.git").mkdir(parents=True)


def session(prompt):
    put(prompt, Session(id="s1", agent="mayor", started_at=1))


@pytest.mark.parametrize(
    ("work", "where"),
    [
        (uncommitted, "api/refinery/rig"),
        (committed, "api/refinery/rig"),
        (stashed, "api/refinery/rig"),
        (branch, "api/.repo.git"),
        (clone, "api/crew/max"),
        (unreadable, "api/crew/max"),
        (session, "the session of mayor"),
    ],
)
def test_work_that_lies_nowhere_else_forbids_it(prompt, work, where):
    """Each kind of work is named with its place; not one file is removed."""
    work(prompt)
    before = sorted(prompt.at.rglob("*"))
    said = prompt.json("gt", "uninstall", "--yes")
    assert (said["exit"], said["error"]["code"]) == (1, "town.unsaved")
    assert any(reason.startswith(where) for reason in said["error"]["reasons"])
    assert sorted(prompt.at.rglob("*")) == before
    told = prompt.json("gt", "uninstall", "--dry-run")["data"]["unsaved"]
    assert told == said["error"]["reasons"]


def test_pushed_work_forbids_nothing(prompt):
    """Once it lies on the remote too, the town may go."""
    clone(prompt)
    prompt.git("push", "-q", "origin", "other", at=prompt.at / "api/crew/max")
    repository, tree = prompt.at / "api/.repo.git", prompt.at / "api/polecats/ash/api"
    prompt.git("worktree", "add", "-q", "-b", "work", str(tree), "origin/main", at=repository)
    assert prompt.gt("uninstall", "--yes").code == 0
    assert not prompt.at.exists() or not list(prompt.at.iterdir())
    assert "other" in prompt.git("branch", at=prompt.at.parent / "source.git")


def test_work_that_was_merged_as_one_commit_forbids_nothing(prompt):
    """The branch's own commits are on no remote, but what they did is; a commit more is not."""
    repository, tree = prompt.at / "api/.repo.git", prompt.at / "api/polecats/ash/api"
    prompt.git("worktree", "add", "-q", "-b", "work", str(tree), "origin/main", at=repository)
    prompt.git("commit", "-q", "--allow-empty", "-m", "work", at=tree)
    sha = prompt.git("rev-parse", "HEAD", at=tree).strip()
    merged = MergeRequest(id="mr-1", rig="api", sha=sha, state=MERGED, reason="squashed")
    put(prompt, merged, replace(merged, id="mr-2", sha="ab" * 20))
    assert prompt.json("gt", "uninstall", "--dry-run")["data"]["unsaved"] == []
    prompt.git("commit", "-q", "--allow-empty", "-m", "more", at=tree)
    unsaved = prompt.json("gt", "uninstall", "--dry-run")["data"]["unsaved"]
    assert unsaved == [
        "api/polecats/ash/api: 1 unpushed commit",
        "api/.repo.git: 1 commits on work that no remote has",
    ]


def test_the_keys_of_an_account_stay(prompt):
    """A town that is somebody on a board keeps its home, and says so; only its own rows go."""
    home = str(prompt.at / ".wasteland")
    assert prompt.type("wl", "init", "--handle", "ash", "--home", home).code == 0
    said = prompt.json("gt", "uninstall", "--yes")
    assert said["exit"] == 0
    assert ".wasteland" in said["data"]["keeps"]
    assert list((prompt.at / ".wasteland/keys").iterdir())
    assert not (prompt.at / ".wasteland/ledgers/town.db").exists()
    assert prompt.json("wl", "status", "--home", home)["data"]["town"]["handle"] == "ash"


@pytest.mark.slow
def test_a_leaving_that_was_killed_is_repeated(tmp_path):
    """`kill -9` at every seventh step of removing: the same line again takes the rest away."""
    killed = 0
    for number in range(1, 400, 7):
        prompt = in_town(Prompt(tmp_path / str(number)))
        done = prompt.spawn("gt", "uninstall", "--yes", prelude=REMOVING.format(number=number))
        if done.returncode == 0:
            break
        assert done.returncode == KILLED, done.stderr
        killed += 1
        if (prompt.at / "mayor/town.json").exists():
            again = prompt.gt("uninstall", "--yes")
            assert again.code == 0, again.talk
        left = {path.name for path in prompt.at.iterdir()} if prompt.at.exists() else set()
        assert left <= {".wasteland"}
        assert not (prompt.at / ".wasteland/ledgers/town.db").exists()
    assert killed > 3


def test_a_running_node_forbids_it(prompt):
    """Also through the node itself; once it is down the town may go."""
    with prompt.node():
        said = prompt.line("gt", "uninstall", "--yes")
        error = said["error"]
        assert (said["exit"], error["code"], error["try"]) == (6, "node.runs", [["gt", "down"]])
        assert (prompt.at / "mayor/town.json").exists()
    assert prompt.gt("uninstall", "--yes").code == 0
