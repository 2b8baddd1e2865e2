"""A town is made, made again, and made in spite of everything that can come between."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.town.prompt import Prompt, files
from town.workspace.managed import ANCHORS, END, GITIGNORE

DOCUMENT = Path(__file__).parents[2] / "docs/town.md"
# At the n-th of these steps the process kills itself, as a machine that loses its power would.
STEPS = """
import os, signal, sys
left = {number}
def count(event, args):
    global left
    made = event == 'open' and isinstance(args[0], str) and args[2] & os.O_CREAT
    if event in ('os.mkdir', 'os.rename', 'os.remove', 'subprocess.Popen') or (
        made and {root!r} in args[0]
    ):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
"""
KILLED = -9


def documented() -> set[str]:
    """The paths that the document promises for a town with `--git`."""
    listed = re.search(r"<!-- the tree -->\n```\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert listed is not None
    return {line.split()[0] for line in listed[1].splitlines()}


def made(root: Path) -> set[str]:
    """The folders and files of a town, those inside of `.git` and `.wasteland` left out."""
    found = set()
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if parts[0] in (".git", ".wasteland") and len(parts) > 1:
            continue
        found.add("/".join(parts) + ("/" if path.is_dir() else ""))
    return found


def test_a_town_is_made_and_a_second_one_is_refused(prompt):
    """Scenario 1: the tree is the documented one; the second time nothing changes."""
    root = prompt.at / "gt"
    first = prompt.json("gt", "install", "gt", "--git", "--name", "ash", "--owner", "a@b.example")
    assert (first["exit"], first["data"]["root"], first["warn"]) == (0, str(root), [])
    assert made(root) == documented()
    assert {name.rstrip("/") for name in documented()} >= {
        name.rstrip("/") for name in first["data"]["made"] if " " not in name and name != str(root)
    }
    before = files(root)
    assert prompt.refused("install", "gt", "--git") == (1, "town.there")
    assert files(root) == before
    mark = json.loads((root / "mayor/town.json").read_text())
    assert mark["name"] == mark["public_name"] == "ash"
    assert (mark["owner"], mark["type"], mark["version"]) == ("a@b.example", "town", 2)
    overseer = json.loads((root / "mayor/overseer.json").read_text())
    assert overseer == {"name": "Ada", "email": "ada@example.org", "source": "git"}


def test_a_town_that_is_brought_up_to_date_keeps_what_it_has(prompt, town):
    """`--force` makes what is missing and mends the town's own parts; the rest stays."""
    root = town
    prompt.at = root.parent
    prompt.repository("source")
    prompt.at = root
    assert prompt.gt("rig", "add", "api", "../source.git").code == 0
    assert prompt.gt("config", "set", "default_agent", "codex").code == 0
    kept = files(root / "mayor") | files(root / "settings")
    (root / "plugins").rmdir()
    (root / "CLAUDE.md").write_text("Mine.\n" + ANCHORS[0].part.replace("hook", "h00k") + "Too.\n")
    third = prompt.json("gt", "install", str(root), "--force", "--name", "other")
    assert third["exit"] == 0
    assert third["data"]["made"] == ["plugins/"]
    assert third["data"]["updated"] == ["CLAUDE.md"]
    assert (root / "CLAUDE.md").read_text() == "Mine.\n" + ANCHORS[0].part + "Too.\n"
    assert files(root / "mayor") | files(root / "settings") == kept
    assert prompt.json("gt", "rig", "list")["data"]["rigs"][0]["name"] == "api"
    assert prompt.json("gt", "install", str(root), "--force")["data"]["made"] == []
    assert prompt.gt("doctor").code == 0


def test_the_words_of_the_readme_work_as_they_stand(prompt):
    """`gt install ~/gt --git`, typed in quotes or not, is the folder of that name at home."""
    assert prompt.gt("install", "~/gt", "--git").code == 0
    home = Path(prompt.env["HOME"])
    assert (home / "gt/mayor/town.json").is_file()
    assert prompt.refused("rig", "list") == (3, "town.none")
    for where in ({"GT_ROOT": str(home / "gt")}, {"GT_TOWN_ROOT": str(home / "gt")}):
        assert prompt.gt("rig", "list", env=where).code == 0
    assert prompt.gt("rig", "list", "--home", str(home / "gt/.wasteland")).code == 0
    prompt.at = home / "gt" / "mayor"
    assert prompt.json("gt", "info")["data"]["root"] == str(home / "gt")


def test_a_person_reads_each_thing_that_was_made_and_what_comes_next(prompt):
    """One line an artefact, success last, three next steps; no `./` among them."""
    said = prompt.gt("install", "gt")
    lines = said.text.splitlines()
    assert "✓ Created mayor/town.json" in lines
    assert lines.index("✓ HQ created successfully!") > lines.index("✓ Created mayor/town.json")
    assert not [line for line in lines if " ./" in line]
    assert all(step in lines[-1] for step in ("gt rig add", "gt config agent", "gt mayor attach"))
    again = prompt.gt("install", "gt", "--force")
    assert "✓ HQ is up to date" in again.text
    assert "created successfully" not in again.text


def test_files_that_were_there_stay_as_they_are(prompt):
    """A folder with a project's own CLAUDE.md, .gitignore and mayor/ becomes a town around them."""
    mine = {"CLAUDE.md": "Be kind.\n", ".gitignore": "*.pyc", "mayor/notes.txt": "x", "a b": "y"}
    for name, text in mine.items():
        (prompt.at / name).parent.mkdir(exist_ok=True)
        (prompt.at / name).write_text(text)
    said = prompt.gt("install", "--git")
    assert said.code == 0
    assert "• Kept CLAUDE.md, which is yours" in said.text
    assert "✓ Updated .gitignore" in said.text
    for name, text in mine.items():
        there = (prompt.at / name).read_text()
        assert there == text if name != ".gitignore" else there.startswith("*.pyc\n")
    ignored = prompt.git("check-ignore", ".wasteland/keys", "x.pyc").split()
    assert ignored == [".wasteland/keys", "x.pyc"]
    tracked = prompt.git("ls-files").split("\n")
    assert "a b" not in tracked
    assert "mayor/notes.txt" not in tracked
    assert prompt.gt("doctor").code == 0


def test_the_first_commit_is_made_only_where_git_knows_who_the_person_is(tmp_path):
    """Otherwise the repository is there, nothing is committed, and nothing is said to be."""
    prompt = Prompt(tmp_path, person=False)
    said = prompt.json("gt", "install", "gt", "--git")
    assert said["exit"] == 0
    assert not [name for name in said["data"]["made"] if "commit" in name]
    prompt.at /= "gt"
    assert prompt.git("rev-list", "--all", "--count").strip() == "0"
    assert json.loads((prompt.at / "mayor/overseer.json").read_text())["name"] == "ada"
    [warn] = said["warn"]
    assert warn.startswith("commits will say ada@localhost: git knows no address of yours")


def test_a_repository_around_the_town_does_not_take_its_keys(prompt):
    """A town made without `--git` in somebody's repository shows no key and no database to it."""
    prompt.git("init", "-q")
    assert prompt.gt("install", "gt").code == 0
    seen = prompt.git("status", "--porcelain", "-uall")
    assert "gt/mayor/town.json" in seen
    assert ".wasteland" not in seen
    prompt.at /= "gt"
    assert prompt.gt("doctor").code == 0


def test_git_can_be_had_later_and_once(prompt, town):
    """`gt git-init` does what `--git` does; the second one has nothing to do."""
    assert not (town / ".git").exists()
    first = prompt.json("gt", "git-init")
    assert first["data"]["made"] == [".gitignore", ".git/", "the first commit, 7 files"]
    second = prompt.json("gt", "git-init")
    assert (second["exit"], second["data"]["made"]) == (0, [])
    assert prompt.git("log", "--format=%an <%ae>").strip() == "Ada <ada@example.org>"
    (town / ".gitignore").unlink()
    assert prompt.gt("upgrade").code == 0


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["install", "gt/inner"], (1, "town.inside")),
        (["install", "gt/mayor"], (1, "town.inside")),
        (["install", "."], (1, "town.around")),
        (["install", "file"], (2, "town.place")),
        (["install", "file/inner"], (6, "home.unusable")),
        (["install", "new", "--name", "two\nlines"], (2, "town.place")),
        (["install", "new", "--owner", "x" * 101], (2, "town.place")),
        (["install", "new", "--adopt", "nowhere"], (2, "rig.no_repository")),
        (["install", "new", "--adopt", "plain"], (2, "rig.no_repository")),
        (["install", "new", "--adopt", "lonely"], (1, "rig.no_remote")),
        (["upgrade"], (3, "town.none")),
        (["git-init"], (3, "town.none")),
        (["info"], (3, "town.none")),
    ],
)
def test_a_town_that_cannot_be_leaves_nothing(prompt, argv, code):
    """Every refusal has its code, and no file or folder is there that was not."""
    prompt.gt("install", "gt")
    (prompt.at / "file").write_text("x")
    (prompt.at / "plain").mkdir()
    prompt.git("init", "-q", "lonely")
    before = sorted(prompt.at.rglob("*"))
    assert prompt.refused(*argv) == code
    assert sorted(prompt.at.rglob("*")) == before


def test_a_checkout_becomes_the_first_rig(prompt):
    """`--adopt`: the rig is the project of the checkout, which stays where and as it is."""
    checkout = prompt.repository("my-project", branch="develop")
    (checkout / "README").write_text("changed\n")
    said = prompt.json("gt", "install", "gt", "--adopt", "my-project")
    assert said["exit"] == 0
    assert said["data"]["rig"] == "my_project"
    prompt.at /= "gt"
    rig = prompt.json("gt", "rig", "list")["data"]["rigs"][0]
    assert (rig["default_branch"], rig["git_url"]) == ("develop", f"{checkout}.git")
    assert (checkout / "README").read_text() == "changed\n"
    assert prompt.gt("doctor").code == 0
    info = prompt.json("gt", "info")["data"]
    assert (info["rigs"], info["overseer"]) == (["my_project"], "Ada")


def test_what_was_made_is_said_when_the_rig_cannot_be(prompt):
    """A town whose first rig is refused is a town; the error says what went wrong."""
    checkout = prompt.repository("api")
    prompt.git("remote", "set-url", "origin", str(prompt.at / "gone.git"), at=checkout)
    (prompt.at / "gone.git").mkdir()
    said = prompt.gt("install", "gt", "--adopt", "api")
    assert said.code == 1
    assert "✓ Created mayor/town.json" in said.text
    assert "HQ created successfully" not in said.text
    assert "git.failed" in said.talk
    prompt.at /= "gt"
    assert prompt.gt("doctor").code == 0
    assert prompt.json("gt", "rig", "list")["data"]["rigs"] == []


@pytest.mark.slow
def test_a_town_killed_at_any_step_can_be_made_again(tmp_path):
    """`kill -9` at every third step of the file system; then the same line makes it whole."""
    killed = 0
    for number in range(1, 200, 3):
        prompt = Prompt(tmp_path / str(number))
        prelude = STEPS.format(number=number, root=str(prompt.at))
        done = prompt.spawn("gt", "install", "gt", "--git", prelude=prelude)
        if done.returncode == 0:
            break
        assert done.returncode == KILLED, done.stderr
        killed += 1
        again = prompt.gt("install", "gt", "--git", "--force")
        assert again.code == 0, again.talk
        prompt.at /= "gt"
        found = prompt.json("gt", "doctor")
        assert found["exit"] == 0, (number, [c for c in found["data"]["checks"] if c["details"]])
        assert prompt.bd("create", "first", "--json").text.count('"hq-') == 1
        lines = (prompt.at / ".events.jsonl").read_text().splitlines()
        kinds = [json.loads(line)["type"] for line in lines]
        assert kinds.count("town.installed") == 1
    assert killed > 10


def test_of_two_who_make_the_same_town_one_makes_it(prompt):
    """Processes that race end with a town, one success, and one refusal."""
    started = [
        subprocess.Popen(
            prompt.command("gt", "install", "gt", "--json"),
            cwd=prompt.at, env={**os.environ, **prompt.env}, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [json.loads(process.communicate(timeout=60)[0]) for process in started]
    won, lost = sorted(one["error"]["code"] if one["error"] else "" for one in said)
    assert won == ""
    assert lost in ("town.there", "store.locked")  # whoever makes it may take long
    prompt.at /= "gt"
    assert prompt.gt("doctor").code == 0


def test_a_part_is_kept_up_to_date_and_nothing_else():
    """The text around a part stays byte for byte; taking the part away gives the old file back."""
    anchor = ANCHORS[0]
    for before, after in (("", ""), ("a\n", "b"), ("\r\n# x\r\n", "")):
        stale = before + anchor.part.replace("agents", "men") + after
        assert anchor.brought(stale) == before + anchor.part + after
        assert anchor.without(stale) == before + after
    assert anchor.brought("mine") == "mine"
    assert anchor.brought(None) == anchor.part
    torn = anchor.part.split(END)[0]
    assert anchor.brought(torn) == torn
    assert GITIGNORE.brought("x") == "x\n" + GITIGNORE.part
    assert GITIGNORE.brought("") == GITIGNORE.part
    assert GITIGNORE.brought(GITIGNORE.brought("x\n")) == GITIGNORE.brought("x\n")
