"""What git does for an integration branch, in the refinery's worktree."""

from collections.abc import Mapping

from town.refinery.scratch import ORIGIN, Scratch
from town.workspace.git import GitError


def ahead(scratch: Scratch, base: str, branch: str) -> int:
    """How many commits the one branch has at the remote that the other has not."""
    if not scratch.head(base) or not scratch.head(branch):
        return 0
    names = f"{scratch.head(base)}..{scratch.head(branch)}"
    return int(scratch.run("rev-list", "--count", names, at=scratch.folder.repository))


def merged(
    scratch: Scratch, base: str, branch: str, *, message: str, trailers: Mapping[str, str]
) -> str:
    """The merge of the branch onto that commit; empty where they conflict."""
    scratch.clean_at(base)
    words = [f"--trailer={name}: {value}" for name, value in trailers.items()]
    text = scratch.run("interpret-trailers", *words, stdin=f"{message}\n")
    name, email = scratch.env["GIT_COMMITTER_NAME"], scratch.env["GIT_COMMITTER_EMAIL"]
    who = ("-c", f"user.name={name}", "-c", f"user.email={email}")
    argv = ("merge", "-q", "--no-ff", "--no-verify", "-m", text, scratch.head(branch))
    try:
        scratch.run(*who, *argv)
    except GitError:
        conflict = scratch.run("ls-files", "-u")
        scratch.clean_at(base)
        if not conflict:
            raise
        return ""
    return scratch.run("rev-parse", "HEAD").strip()


def landed_as(scratch: Scratch, base: str, epic: str, branch: str) -> str:
    """The commit on the base that landed the branch; empty for none."""
    head = scratch.head(base)
    if not head:
        return ""
    words = (f"--grep=^Epic: {epic}$", f"--grep=^Integration-Branch: {branch}$", "--all-match")
    found = scratch.run("log", "-1", "--format=%H", *words, head, at=scratch.folder.repository)
    tip = scratch.head(branch)
    commit = found.strip()
    return commit if commit and (not tip or scratch.is_before(tip, commit)) else ""


def drop_branch(scratch: Scratch, branch: str) -> None:
    """The remote has the branch no more, unless it is another by now; best effort."""
    tip = scratch.head(branch)
    if not tip:
        return
    name = f"refs/heads/{branch}"
    lease = f"--force-with-lease={name}:{tip}"
    repository = scratch.folder.repository
    scratch.git.tells("push", "-q", "--no-verify", lease, ORIGIN, f":{name}", at=repository)
    if scratch.commit_of(name) == tip:
        scratch.git.tells("update-ref", "-d", name, tip, at=repository)
