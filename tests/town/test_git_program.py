"""The real git behind the port: it ends in time, works where it is told to, and tells the truth."""

import os
import threading
from pathlib import Path

import pytest

from tests.living import alive
from tests.waiting import until
from town.node.git import GitProgram
from town.workspace.git import GitError, NoGitError

HANG = ("-c", "alias.hang=!sleep 600 & echo $$ $! > hangs; wait; true", "hang")
PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


@pytest.fixture
def env(tmp_path) -> dict[str, str]:
    """The environment of somebody whom git does not know."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def repo(tmp_path, env):
    """A repository with one commit on `main`."""
    place = tmp_path / "repo"
    git = GitProgram(env)
    git.run("init", "-q", "-b", "main", str(place), at=tmp_path)
    git.run(*PERSON, "commit", "-q", "--allow-empty", "-m", "one", at=place)
    return place


def hanging(place: Path) -> list[int]:
    """The numbers of the shell that hangs and of what it began; none before both run."""
    told = place / "hangs"
    return [int(word) for word in told.read_text().split()] if told.exists() else []


def gone(place: Path) -> None:
    """The shell that hung has ended, and so has the program that it had begun."""
    shell, sleep = hanging(place)
    until(lambda: not (alive(shell) or alive(sleep)))


def test_what_takes_too_long_is_ended(tmp_path, env):
    """After its time the program and whatever it began are gone, and the error says so."""
    for patience in (0.3, 3.0, 30.0):  # ended before it hung, it shows nothing: so it has longer
        with pytest.raises(GitError) as caught:
            GitProgram(env, timeout_s=patience).run(*HANG, at=tmp_path)
        assert caught.value.status == 124
        if hanging(tmp_path):
            break
    gone(tmp_path)


def test_nobody_waits_for_what_was_given_up(tmp_path, env):
    """When the caller has gone it ends at once."""
    cancelled = threading.Event()

    def goes() -> None:
        until(lambda: hanging(tmp_path))
        cancelled.set()

    caller = threading.Thread(target=goes)
    caller.start()
    with pytest.raises(GitError) as caught:
        GitProgram(env, cancelled=cancelled).run(*HANG, at=tmp_path)
    caller.join()
    assert caught.value.status == 130
    gone(tmp_path)


def test_no_git_and_no_folder_are_told_apart(tmp_path, env):
    """Each has its own error; a file in the place of a folder is none."""
    (tmp_path / "file").write_text("")
    with pytest.raises(NoGitError):
        GitProgram({**env, "PATH": str(tmp_path)}).run("version", at=tmp_path)
    for name in ("nowhere", "file"):
        with pytest.raises(GitError) as caught:
            GitProgram(env).run("version", at=tmp_path / name)
        assert caught.value.status == 128


def test_the_callers_own_repository_is_not_meant(tmp_path, env, repo):
    """Typed in a hook of another repository, git works where it was told to and nowhere else."""
    other = tmp_path / "other"
    GitProgram(env).run("init", "-q", str(other), at=tmp_path)
    inside = {
        **env, "GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": "nowhere", "GIT_OBJECT_DIRECTORY": "nowhere", "GIT_PREFIX": "deep/",
    }  # fmt: skip
    git = GitProgram(inside)
    assert git.run("rev-parse", "--show-toplevel", at=repo).strip() == str(repo)
    assert git.run("log", "--format=%s", at=repo) == "one\n"


def test_more_than_a_pipe_holds_goes_in_and_comes_out(repo, env):
    """A long input does not wait for its output, nor the other way round."""
    blob = "x" * (4 << 20)
    git = GitProgram(env)
    name = git.run("hash-object", "-w", "--stdin", at=repo, stdin=blob).strip()
    assert git.run("cat-file", "blob", name, at=repo) == blob


def test_an_error_names_no_password(repo, env):
    """Neither the line nor git's own words show who logged in with what."""
    with pytest.raises(GitError) as caught:
        GitProgram(env).run("ls-remote", "http://ada:secret@127.0.0.1:9/x.git", at=repo)
    assert "secret" not in str(caught.value) + caught.value.said
    assert "http://127.0.0.1:9/x.git" in str(caught.value)


def test_a_clone_stands_as_it_is(tmp_path, env, repo):
    """Branches, commits and files that no other place has are counted, each commit once."""
    git = GitProgram(env)
    clone = tmp_path / "clone"
    git.run("clone", "-q", str(repo), str(clone), at=tmp_path)
    assert git.clone_standing(clone).safe
    for branch in ("a", "b"):
        git.run("checkout", "-q", "-b", branch, "main", at=clone)
        git.run(*PERSON, "commit", "-q", "--allow-empty", "-m", branch, at=clone)
    git.run(*PERSON, "commit", "-q", "--allow-empty", "-m", "more", at=clone)
    git.run("branch", "same", "b", at=clone)
    (clone / "new\nname").write_text("")
    found = git.clone_standing(clone)
    assert (found.branch, found.unpushed, found.branches) == ("b", 3, ("a", "b", "same"))
    assert found.changed == ("?? new\nname",)
    assert found.lost == ("1 uncommitted file", "3 unpushed commits on a, b, same")
    git.run("push", "-q", "origin", "a", "b", at=clone)
    (clone / "new\nname").unlink()
    assert git.clone_standing(clone).safe
    empty = tmp_path / "empty"
    git.run("init", "-q", str(empty), at=tmp_path)
    assert git.clone_standing(empty).safe


def test_the_heads_of_a_remote_are_told_without_guessing(tmp_path, env, repo):
    """Its own branch counts only where it has a commit; one that stands on none has none."""
    git = GitProgram(env)
    git.run("branch", "side", at=repo)
    found = git.heads(str(repo), at=tmp_path)
    assert (found.default, found.branches) == ("main", ("main", "side"))
    git.run("symbolic-ref", "HEAD", "refs/heads/gone", at=repo)
    assert git.heads(str(repo), at=tmp_path).default == ""
    git.run("checkout", "-q", "--detach", "main", at=repo)
    found = git.heads(str(repo), at=tmp_path)
    assert (found.default, found.branches) == ("", ("main", "side"))
