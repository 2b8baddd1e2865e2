"""The shared repository of a rig and the remotes that it knows.

Addresses are written into its settings, which are the user's alone, and never stand on a command
line, where `ps` shows them to everybody; a password lies in a file beside them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from town.rigs.errors import PoorCloneError
from town.rigs.source import NewRig
from town.workspace.git import Git

ORIGIN: Final = "origin"
UPSTREAM: Final = "upstream"
FETCH: Final = "+refs/heads/*:refs/remotes/origin/*"
SECRETS: Final = "credentials"
ALONE: Final = 0o600
COPY_S: Final = 3_600.0


def begin(repository: Path, wanted: NewRig, git: Git, *, form: str = "sha1") -> None:
    """A bare repository is there that knows its remotes and has fetched nothing."""
    if wanted.local_repo:
        _borrow(repository, Path(wanted.local_repo), git)
    else:
        named = f"--object-format={form}"
        git.run("init", "-q", "--bare", named, str(repository), at=repository.parent)
    for name in ("gc.autoDetach", "maintenance.autoDetach"):
        git.run("config", name, "false", at=repository)  # nothing of ours outlives its command
    secrets = keep_secrets(repository, wanted.secrets)
    write_remotes(repository / "config", remote_lines(wanted), secrets=secrets)


def remote_lines(wanted: NewRig) -> list[tuple[str, str, str]]:
    """(remote, name, value) of each setting of its remotes."""
    found = [(ORIGIN, "url", wanted.url), (ORIGIN, "fetch", FETCH)]
    if wanted.push_url:
        found.append((ORIGIN, "pushurl", wanted.push_url))
    if wanted.upstream_url:
        found.append((UPSTREAM, "url", wanted.upstream_url))
        found.append((UPSTREAM, "fetch", FETCH.replace(ORIGIN, UPSTREAM)))
    return found


def write_remotes(
    config: Path, lines: Iterable[tuple[str, str, str]], *, secrets: Path | None
) -> None:
    """The settings of a repository have these remotes, and ask that file alone for a password."""
    text = config.read_text("utf-8")
    sections: dict[str, str] = {}
    for remote, name, value in lines:
        sections.setdefault(remote, f'[remote "{remote}"]\n')
        sections[remote] += f"\t{name} = {quoted(value)}\n"
    told = "".join(sections.values())
    if secrets is not None:
        helper = quoted(f"store --file={_shell(str(secrets))}")
        told += f"[credential]\n\thelper =\n\thelper = {helper}\n"
    config.chmod(ALONE)
    config.write_text(f"{text.rstrip()}\n{told}", "utf-8")


def quoted(value: str) -> str:
    """The value as git's settings spell it."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{plain}"'


def _shell(word: str) -> str:
    """The word as the shell reads it, to which git hands a helper's line."""
    return "'" + word.replace("'", "'\\''") + "'"


def keep_secrets(repository: Path, lines: Iterable[str]) -> Path | None:
    """The file of passwords, which nobody else can read; None where there are none."""
    kept = tuple(lines)
    if not kept:
        return None
    path = repository / SECRETS
    path.touch(ALONE)
    path.chmod(ALONE)
    path.write_text("".join(f"{line}\n" for line in kept), "utf-8")
    return path


def secrets_of(repository: Path) -> Path | None:
    """The rig's file of passwords; None where it has none."""
    path = repository / SECRETS
    return path if path.exists() else None


def _borrow(repository: Path, source: Path, git: Git) -> None:
    """A bare repository has what the clone has, linked where the disk can, and needs it no more.

    Its branches stay until the first fetch, which says by them what is here already.
    """
    if git.run("rev-parse", "--is-shallow-repository", at=source).strip() == "true":
        raise PoorCloneError(str(source), "shallow")
    if git.tells("config", "--get-regexp", r"remote\..*\.promisor", at=source):
        raise PoorCloneError(str(source), "partial")
    bare = ("clone", "-q", "--bare", "--local", "--no-tags", "--", str(source), str(repository))
    git.run(*bare, at=repository.parent, limit_s=COPY_S)
    git.run("remote", "remove", ORIGIN, at=repository)
    stand_alone(repository / "objects", repository, git)


def stand_alone(objects: Path, repository: Path, git: Git) -> None:
    """The repository reads no objects of another one any more."""
    alternates = objects / "info" / "alternates"
    if alternates.exists():
        git.run("repack", "-a", "-d", "-q", at=repository, limit_s=COPY_S)
        alternates.unlink()


def forget_branches(repository: Path, git: Git) -> None:
    """The repository has no branch of its own."""
    deleted = git.run("for-each-ref", "--format=delete %(refname)", "refs/heads/", at=repository)
    git.run("update-ref", "--stdin", at=repository, stdin=deleted)
