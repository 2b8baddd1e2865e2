"""Projects join a town, or leave no trace; what is there afterwards is what was asked for."""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.town.prompt import Prompt, files
from tests.town.wrapped_git import FAIL, lines_of, wrapped_git

pytestmark = pytest.mark.slow


def below(root: Path) -> set[str]:
    """The names of what lies in a folder."""
    return {path.name for path in root.iterdir()}


def rigs(prompt: Prompt) -> list[dict]:
    """The rigs that the town knows."""
    return prompt.json("gt", "rig", "list")["data"]["rigs"]


def add(prompt: Prompt, *argv: str, **more) -> dict:
    """The envelope of `gt rig add`."""
    return prompt.json("gt", "rig", "add", *argv, **more)


@pytest.fixture
def origin(prompt, town) -> Path:
    """A bare repository whose own branch is `develop`."""
    here, prompt.at = prompt.at, prompt.at.parent
    prompt.repository("origin", branch="develop")
    prompt.at = here
    return prompt.at.parent / "origin.git"


def test_a_rig_has_a_shared_repository_and_a_refinery_on_its_branch(prompt, town, origin):
    """Scenario 2: the bare repository is the town's, the refinery stands on the default branch."""
    said = prompt.gt("rig", "add", "api", "../origin.git")
    assert said.code == 0, said.talk
    assert "branch develop" in said.text
    repository, refinery = town / "api" / ".repo.git", town / "api" / "refinery" / "rig"
    assert prompt.git("rev-parse", "--is-bare-repository", at=repository) == "true\n"
    assert prompt.git("branch", "--show-current", at=refinery) == "develop\n"
    assert prompt.git("rev-parse", "--git-common-dir", at=refinery).strip() == str(repository)
    assert prompt.git("status", "--porcelain", at=refinery) == ""
    assert prompt.git("symbolic-ref", "HEAD", at=repository) == "refs/heads/develop\n"
    mayor = town / "api" / "mayor" / "rig"
    assert prompt.git("branch", "--show-current", at=mayor) == ""
    assert (mayor / "README").read_text() == "begun\n"
    assert below(town / "api") == {
        "config.json", "settings", ".repo.git", "mayor", "refinery", "witness", "crew",
        "polecats", "plugins",
    }  # fmt: skip
    facts = json.loads((town / "api" / "config.json").read_text())
    assert (facts["type"], facts["name"], facts["default_branch"]) == ("rig", "api", "develop")
    assert facts["beads"] == {"prefix": "api"}
    published = json.loads((town / "mayor" / "rigs.json").read_text())
    assert published["rigs"]["api"]["git_url"] == str(origin)
    status = prompt.json("gt", "rig", "status", "api")["data"]
    assert {agent["address"] for agent in status["agents"]} == {"api/witness", "api/refinery"}
    assert {place["path"] for place in status["checkouts"]} == {"api/mayor/rig", "api/refinery/rig"}


def broken(prompt: Prompt, folder: Path) -> Path:
    """A repository whose own branch is one that it does not have."""
    made = prompt.repository("odd")
    prompt.git("symbolic-ref", "HEAD", "refs/heads/gone", at=folder / "odd.git")
    return made


REFUSED = {
    "an empty repository": (("new", "../empty.git"), (1, "rig.empty")),
    "no repository": (("new", ".."), (1, "git.failed")),
    "no folder": (("new", "../nowhere"), (2, "rig.no_repository")),
    "a file that is none": (("new", "file:///nowhere/at/all.git"), (1, "git.failed")),
    "an option": (("new", "../origin.git", "--push-url=--exec=x"), (2, "rig.address")),
    "a branch that is none": (("new", "../origin.git", "--branch", "x"), (1, "rig.branch")),
    "a HEAD that is none": (("new", "../odd.git"), (1, "rig.branch")),
    "a dash": (("new-one", "../origin.git"), (2, "name.bad")),
    "a dot": (("..", "../origin.git"), (2, "name.bad")),
    "a slash": (("a/b", "../origin.git"), (2, "name.bad")),
    "a name of the town": (("Mayor", "../origin.git"), (2, "name.bad")),
    "a prefix of a rig": (("new", "../origin.git", "--prefix", "api"), (1, "rig.prefix")),
    "a prefix of the town": (("hQ2", "../origin.git", "--prefix", "hq-"), (1, "rig.prefix")),
    "a prefix that comes of the name": (("ApiPineIvy", "../origin.git"), (1, "rig.prefix")),
    "a prefix that is none": (("new", "../origin.git", "--prefix", "a b"), (2, "bead.field")),
    "a rig": (("api", "../origin.git"), (1, "rig.there")),
    "a rig but for capitals": (("API", "../origin.git", "--prefix", "x"), (1, "rig.there")),
    "a folder": (("taken", "../origin.git"), (1, "rig.there")),
    "a link to nowhere": (("loose", "../origin.git"), (1, "rig.there")),
    "a clone that is shallow": (
        ("new", "../origin.git", "--local-repo", "../shallow"), (1, "rig.poor_clone"),
    ),
    "both ways at once": (("new", "../origin.git", "--adopt", "../origin"), (2, "usage")),
    "a checkout without a remote": (("new", "--adopt", "../lone"), (1, "rig.no_remote")),
}  # fmt: skip


def test_what_is_refused_leaves_nothing(prompt, town, origin):
    """Each refusal says by its code what is wrong, and neither a row nor a file is there then."""
    root = town.parent
    prompt.at = root
    prompt.git("init", "-q", "--bare", str(root / "empty.git"))
    broken(prompt, root)
    prompt.git("clone", "-q", "--depth", "1", origin.as_uri(), str(root / "shallow"))
    prompt.git("init", "-q", str(root / "lone"))
    prompt.at = town
    (town / "taken").mkdir()
    (town / "loose").symlink_to("nowhere")
    assert add(prompt, "api", "../origin.git")["exit"] == 0
    before, known = files(town), rigs(prompt)
    names = below(town)
    for what, (argv, expected) in REFUSED.items():
        found = prompt.json("gt", "rig", "add", *argv)
        assert found["error"], what
        assert (found["exit"], found["error"]["code"]) == expected, (what, found["error"])
        assert below(town) == names, what
        assert rigs(prompt) == known, what
    after = files(town)
    del before[".events.jsonl"], after[".events.jsonl"]
    assert after == before
    assert add(prompt, "new", "../origin.git")["exit"] == 0


@pytest.mark.parametrize("point", [("init", 1), ("fetch", 1), ("worktree", 2)])
@pytest.mark.usefixtures("origin")
def test_a_failure_on_the_way_leaves_nothing(prompt, town, tmp_path, point):
    """Git fails at one step: exit 1 with git's own words, no folder, no row; it can be repeated."""
    path = wrapped_git(tmp_path / "bin", point[0], then=FAIL, times=point[1], before=True)
    names = below(town)
    failed = prompt.gt("rig", "add", "api", "../origin.git", env={"PATH": path})
    assert failed.code == 1
    assert "the disk is full" in failed.talk
    assert below(town) == names
    assert rigs(prompt) == []
    assert add(prompt, "api", "../origin.git")["exit"] == 0


def test_a_checkout_is_adopted_with_what_it_has(prompt, town, origin):
    """Its origin is the address; it stays as it is; what it fetched is linked, not lent."""
    checkout = town.parent / "origin"
    before = files(checkout)
    found = add(prompt, "api", "--adopt", "../origin")
    assert found["exit"] == 0, found
    assert rigs(prompt)[0]["git_url"] == str(origin)
    assert files(checkout) == before
    repository = town / "api" / ".repo.git"
    linked = [path for path in repository.rglob("objects/??/*") if path.stat().st_nlink > 1]
    assert linked
    shutil.rmtree(checkout)
    prompt.git("fsck", "--strict", at=repository)
    assert not (repository / "objects" / "info" / "alternates").exists()
    assert prompt.git("for-each-ref", "--format=%(refname)", at=repository).split() == [
        "refs/heads/develop", "refs/remotes/origin/develop",
    ]  # fmt: skip


def test_a_checkout_that_is_all_there_is_takes_its_own_work(prompt, town):
    """Without a remote only --force adopts it; then work that is pushed to it arrives in it."""
    lone = town.parent / "lone"
    prompt.git("init", "-q", "-b", "main", str(lone))
    prompt.git("commit", "-q", "--allow-empty", "-m", "begin", at=lone)
    assert prompt.refused("rig", "add", "api", "--adopt", "../lone") == (1, "rig.no_remote")
    found = add(prompt, "api", "--adopt", "../lone", "--force")
    assert (found["exit"], found["warn"]) == (0, [])
    refinery = town / "api" / "refinery" / "rig"
    (refinery / "new").write_text("merged\n")
    prompt.git("add", "new", at=refinery)
    prompt.git("commit", "-q", "-m", "work", at=refinery)
    prompt.git("push", "-q", "origin", "main", at=refinery)
    assert (lone / "new").read_text() == "merged\n"


def test_a_checkout_as_an_address_is_warned_of(prompt, town, origin):
    """Git refuses work for the branch that is checked out there; that is said when it is added."""
    warn = add(prompt, "api", "../origin")["warn"]
    assert len(warn) == 1
    line = warn[0].partition("until: ")[2]
    subprocess.run(shlex.split(line), check=True, env={**os.environ, **prompt.env})
    assert add(prompt, "web", "../origin")["warn"] == []


def test_a_local_clone_spares_the_fetch_and_is_not_needed_after(prompt, town, origin):
    """--local-repo gives what it has, also where it borrows itself; the rig stands without it."""
    root = town.parent
    prompt.git("clone", "-q", "--reference", str(origin), str(origin), str(root / "lender"))
    assert add(prompt, "api", "../origin.git", "--local-repo", "../lender")["exit"] == 0
    shutil.rmtree(root / "lender")
    shutil.rmtree(origin)
    prompt.git("fsck", "--strict", at=town / "api" / ".repo.git")
    assert (town / "api" / "refinery" / "rig" / "README").exists()


def large(prompt: Prompt, folder: Path) -> Path:
    """A repository with two folders and a history that was changed."""
    made = prompt.repository("large")
    for name in ("a", "b"):
        (made / name).mkdir()
        (made / name / "file").write_text(f"old {name}\n")
    prompt.git("add", ".", at=made)
    prompt.git("commit", "-q", "-m", "old", at=made)
    (made / "b" / "file").write_text("new\n")
    prompt.git("commit", "-qam", "new", at=made)
    prompt.git("push", "-q", "origin", "main", at=made)
    bare = folder / "large.git"
    prompt.git("config", "uploadpack.allowFilter", "true", at=bare)
    prompt.git("config", "uploadpack.allowAnySHA1InWant", "true", at=bare)
    return bare


def missing(prompt: Prompt, repository: Path) -> int:
    """How many objects a repository knows of and does not have."""
    lines = prompt.git("rev-list", "--objects", "--all", "--missing=print", at=repository)
    return sum(line.startswith("?") for line in lines.splitlines())


def test_a_partial_and_sparse_rig_fetches_what_is_looked_at(prompt, town):
    """--filter leaves old files away, --sparse-checkout whole folders; so does a crew's clone."""
    prompt.at = town.parent
    bare = large(prompt, town.parent)
    prompt.at = town
    found = add(
        prompt, "api", bare.as_uri(), "--filter", "blob:none", "--sparse-checkout", "a"
    )  # fmt: skip
    assert found["exit"] == 0, found
    refinery = town / "api" / "refinery" / "rig"
    assert below(refinery) == {".git", "README", "a"}
    assert prompt.git("status", "--porcelain", at=refinery) == ""
    assert missing(prompt, town / "api" / ".repo.git") > 0
    assert prompt.gt("crew", "add", "max").code == 0
    clone = town / "api" / "crew" / "max"
    assert below(clone) == {".git", "README", "a"}
    assert missing(prompt, clone) > 0
    bead = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    assert prompt.gt("sling", bead, "api").code == 0
    [worker] = (town / "api" / "polecats").glob("*/api")
    assert below(worker) == {".git", "README", "a"}
    assert prompt.git("show", "HEAD~1:b/file", at=clone) == "old b\n"
    assert prompt.git("status", "--porcelain", at=clone) == ""


def test_a_fork_is_pushed_to_one_place_and_fetched_from_another(prompt, town, origin):
    """--push-url is where work goes, --upstream-url another remote; a crew's clone has both."""
    fork = town.parent / "fork.git"
    prompt.git("clone", "-q", "--bare", str(origin), str(fork))
    found = add(
        prompt, "api", "../origin.git", "--push-url", "../fork.git", "--upstream-url", str(origin)
    )
    assert found["exit"] == 0, found
    assert prompt.gt("crew", "add", "max").code == 0
    for place in (town / "api" / ".repo.git", town / "api" / "crew" / "max"):
        assert prompt.git("remote", "get-url", "origin", at=place).strip() == str(origin)
        assert prompt.git("remote", "get-url", "--push", "origin", at=place).strip() == str(fork)
        assert prompt.git("remote", "get-url", "upstream", at=place).strip() == str(origin)
    clone = town / "api" / "crew" / "max"
    prompt.git("commit", "-q", "--allow-empty", "-m", "mine", at=clone)
    prompt.git("push", "-q", "origin", "HEAD:mine", at=clone)
    assert "mine" in prompt.git("branch", at=fork)
    assert "mine" not in prompt.git("branch", at=origin)
    published = json.loads((town / "mayor" / "rigs.json").read_text())["rigs"]["api"]
    assert (published["push_url"], published["upstream_url"]) == (str(fork), str(origin))


ISSUES = [{"id": "core-a1b2c", "title": "old"}, {"id": "core-a1b2c.1"}, {"id": "x-abc"}, "rubbish"]


def test_beads_that_the_repository_has_give_the_prefix(prompt, town, origin):
    """Ids that are there count: they beat the name, and no other prefix beats them."""
    checkout = town.parent / "origin"
    (checkout / ".beads").mkdir()
    lines = "".join(json.dumps(one) + "\n" for one in ISSUES)
    (checkout / ".beads" / "issues.jsonl").write_text(lines)
    prompt.git("add", ".", at=checkout)
    prompt.git("commit", "-q", "-m", "beads", at=checkout)
    prompt.git("push", "-q", "origin", "develop", at=checkout)
    refused = prompt.refused("rig", "add", "api", "../origin.git", "--prefix", "api")
    assert refused == (1, "rig.prefix")
    assert add(prompt, "api", "../origin.git")["data"]["prefix"] == "core"
    assert add(prompt, "web", "../origin.git")["error"]["by"] == "api"
    forced = add(prompt, "web", "../origin.git", "--prefix", "web", "--force")
    assert forced["data"]["prefix"] == "web"
    assert [rig["prefix"] for rig in rigs(prompt)] == ["core", "web"]
    assert add(prompt, "old", "../origin.git", "--prefix", "api", "--force")["exit"] == 0


def test_files_of_tools_make_no_checkout_dirty(prompt, town, origin):
    """What the town and runtimes leave in a worktree or a clone is overlooked; all else is seen."""
    assert add(prompt, "api", "../origin.git")["exit"] == 0
    assert prompt.gt("crew", "add", "max").code == 0
    for place in ("refinery/rig", "mayor/rig", "crew/max"):
        at = town / "api" / place
        for name in (
            ".runtime/x", ".beads/redirect", ".claude/settings.local.json", ".gemini/settings.json",
            ".github/hooks/gastown.json", ".polecat-checkpoint.json",
        ):  # fmt: skip
            (at / name).parent.mkdir(parents=True, exist_ok=True)
            (at / name).write_text("{}")
        assert prompt.git("status", "--porcelain", at=at) == "", place
        (at / ".github" / "own.yml").write_text("")
        assert prompt.git("status", "--porcelain", "-uall", at=at) == "?? .github/own.yml\n"


def test_a_rig_in_use_is_removed_only_by_force(prompt, town, origin):
    """A crew's unpushed work holds it; files stay either way; name and prefix are free again."""
    assert add(prompt, "api", "../origin.git")["exit"] == 0
    assert prompt.gt("crew", "add", "max").code == 0
    clone = town / "api" / "crew" / "max"
    prompt.git("commit", "-q", "--allow-empty", "-m", "mine", at=clone)
    held = prompt.json("gt", "rig", "remove", "api")
    assert (held["exit"], held["error"]["code"]) == (1, "rig.busy")
    assert held["error"]["reasons"] == ["api/crew/max: 1 unpushed commit on develop"]
    head = prompt.git("rev-parse", "HEAD", at=clone)
    assert prompt.gt("rig", "remove", "api", "--force").code == 0
    assert rigs(prompt) == []
    assert prompt.git("rev-parse", "HEAD", at=clone) == head
    assert prompt.json("gt", "crew", "list", "--all")["data"]["crew"] == []
    assert json.loads((town / "mayor" / "rigs.json").read_text())["rigs"] == {}
    (town / "api").rename(town.parent / "kept")
    assert add(prompt, "Api", "../origin.git", "--prefix", "api")["exit"] == 0


def test_a_removed_rig_comes_back_with_what_lies_in_it(prompt, town, origin):
    """--adopt of the folder that stayed: nothing is fetched, crew and prefix are as they were."""
    url = origin.as_uri()
    assert add(prompt, "api", url, "--prefix", "core", "--sparse-checkout", "x")["exit"] == 0
    assert prompt.gt("crew", "add", "max").code == 0
    (town / "api" / "crew" / "max" / "own").write_text("own\n")
    assert prompt.gt("rig", "remove", "api", "--force").code == 0
    shutil.rmtree(origin)
    before = files(town / "api")
    assert add(prompt, "web", "--adopt", "api")["error"] is not None
    back = add(prompt, "api", "--adopt", "api")
    assert (back["exit"], back["data"]["prefix"]) == (0, "core")
    assert files(town / "api") == before
    assert (rigs(prompt)[0]["git_url"], rigs(prompt)[0]["crew"]) == (url, 1)
    assert prompt.json("gt", "crew", "status", "max")["data"]["crew"][0]["unsaved"]
    assert add(prompt, "new", "../nowhere", "--prefix", "core")["error"]
    assert prompt.json("gt", "doctor")["data"]["failed"] == 0


def test_no_command_of_git_carries_an_address(prompt, town, origin, tmp_path):
    """Where `ps` shows every line to everybody, none of ours has the place or a password in it."""
    path = wrapped_git(tmp_path / "bin", "never", then=FAIL)
    found = add(prompt, "api", str(origin), env={"PATH": path})
    assert found["exit"] == 0, found
    assert [line for line in lines_of(tmp_path / "bin") if "origin.git" in line] == []


def test_the_lines_of_the_readme_run_as_they_stand(prompt, town, origin):
    """A town's first lines, letter by letter; the address means a repository of ours."""
    url = "https://github.com/you/repo.git"
    prompt.git("config", "--global", f"url.{origin}.insteadOf", url)
    for line in (
        f"rig add myproject {url}",
        "rig list",
        "crew add yourname --rig myproject",
    ):
        said = prompt.gt(*line.split())
        assert said.code == 0, (line, said.talk)
    assert rigs(prompt)[0]["git_url"] == url
    clone = town / "myproject" / "crew" / "yourname"
    assert prompt.git("config", "remote.origin.url", at=clone).strip() == url


def test_objects_named_by_sha256_are_taken_as_they_are(prompt, town):
    """A repository of the newer form is a rig like any other, with a crew like any other."""
    made = town.parent / "newer"
    prompt.git("init", "-q", "-b", "main", "--object-format=sha256", str(made))
    (made / "file").write_text("kept\n")
    prompt.git("add", ".", at=made)
    prompt.git("commit", "-q", "-m", "begin", at=made)
    assert add(prompt, "api", "../newer")["exit"] == 0
    assert add(prompt, "web", "../newer", "--local-repo", "../newer")["exit"] == 0
    assert prompt.gt("crew", "add", "max", "--rig", "api").code == 0
    clone = town / "api" / "crew" / "max"
    assert (clone / "file").read_text() == "kept\n"
    assert len(prompt.git("rev-parse", "HEAD", at=clone).strip()) == 64
