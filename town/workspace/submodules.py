"""The submodules of a project in one of its checkouts: there, at the commits that it names.

What somebody did within one is never lost: it is put on a branch of it before another commit is
checked out. An address on this machine is followed only by a project that lies there itself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from town.workspace.files import read_json
from town.workspace.git import NO_HOOKS, Git, GitError
from town.workspace.layout import RigFolder

MODULES: Final = ".gitmodules"
SETTING: Final = "submodules"
FETCH_S: Final = 6 * 3_600.0
EACH: Final = ("submodule", "--quiet", "foreach", "--recursive")
UPDATE: Final = (*NO_HOOKS, "submodule", "--quiet", "update", "--init", "--recursive")
CLEAN: Final = "git reset -q --hard && git clean -ffdxq"


def has(checkout: Path, folder: RigFolder) -> bool:
    """Whether there are submodules, and the rig's settings do not leave them out."""
    found = (checkout / MODULES).is_file()
    return found and read_json(folder.settings).get(SETTING) is not False


def fetch(checkout: Path, folder: RigFolder, git: Git) -> None:
    """Each submodule is at the commit that the checkout names. Raises GitError, BadFileError."""
    if has(checkout, folder):
        git.run(*_allowed(checkout, git), *UPDATE, at=checkout, limit_s=FETCH_S)


def complete(checkout: Path, folder: RigFolder, git: Git) -> None:
    """The submodules that were not there are; those that somebody works in stay as they are."""
    if not has(checkout, folder):
        return
    lines = git.run("submodule", "status", at=checkout).splitlines()
    missing = [line[1:].split(" ", 1)[1] for line in lines if line.startswith("-")]
    if missing:
        allowed = _allowed(checkout, git)
        git.run(*allowed, *UPDATE, "--", *missing, at=checkout, limit_s=FETCH_S)


def exactly(checkout: Path, folder: RigFolder, git: Git) -> None:
    """The same as `fetch`, and nothing else lies in any of them: whatever somebody did is gone."""
    if has(checkout, folder):
        git.run(*EACH, CLEAN, at=checkout)
        git.run(*_allowed(checkout, git), *UPDATE, "--force", at=checkout, limit_s=FETCH_S)


def rescue(checkout: Path, branch: str, git: Git, env: Mapping[str, str]) -> None:
    """Whatever is in a submodule, committed or not, lies on a branch of it. `env` says who."""
    if not (checkout / MODULES).is_file():
        return
    # The branch is named by an assignment's id, which no shell takes for anything else.
    saved = f"git add -A && git {' '.join(NO_HOOKS)} commit -q --no-verify -m {branch}"
    dirty = 'test -n "$(git status --porcelain)"'
    git.run(
        *EACH, f"if {dirty}; then {saved}; fi; git branch -f {branch} HEAD", at=checkout, env=env
    )


def _allowed(checkout: Path, git: Git) -> tuple[str, ...]:
    """What lets git follow addresses on this machine; nothing where the project lies elsewhere."""
    try:
        url = git.run("config", "--get", "remote.origin.url", at=checkout).strip()
    except GitError:
        return ()
    here = url.startswith(("/", "file://"))
    return ("-c", "protocol.file.allow=always") if here else ()
