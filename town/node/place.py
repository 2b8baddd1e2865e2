"""Where a town lives on this machine: its home folder, its socket, its machine-local state.

Standard library only, because the launcher reads it before anything else is imported.
It opens, creates and checks nothing but the folder of a socket whose home has too long a name.
"""

import os
import sys
from collections.abc import Mapping, Sequence

SOCKET_PATH_BYTES_MAX = 100  # the kernel's limit is 104 (macOS) or 108 (Linux)


def _user_folder(env: Mapping[str, str], *, variable: str, below_home: str) -> str:
    home = env.get("HOME") or os.path.expanduser("~")  # noqa: PTH111
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "wasteland")  # noqa: PTH118
    chosen = env.get(variable, "").strip()
    return os.path.join(chosen or os.path.join(home, below_home), "wasteland")  # noqa: PTH118


def default_home(env: Mapping[str, str]) -> str:
    """The town's folder when neither `--home` nor `WL_HOME` names one."""
    return _user_folder(env, variable="XDG_DATA_HOME", below_home=".local/share")


def state_folder(env: Mapping[str, str]) -> str:
    """Where this machine keeps what a backup of a town must not carry (records 2.7)."""
    return _user_folder(env, variable="XDG_STATE_HOME", below_home=".local/state")


def home_path(asked: str, *, cwd: str, env: Mapping[str, str]) -> str:
    """The absolute home: as asked, else `WL_HOME`, else the default; symbolic links resolved."""
    chosen = asked or env.get("WL_HOME", "") or default_home(env)
    if chosen.startswith("~"):
        chosen = os.path.join(env.get("HOME", "~"), chosen[1:].lstrip("/"))  # noqa: PTH118
    return os.path.realpath(os.path.join(cwd, chosen))  # noqa: PTH118


def current_folder(env: Mapping[str, str]) -> str:
    """The folder that the process is in; one that was removed is where it was."""
    try:
        return os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return env.get("PWD", "") or "/"


TOWN_MARK = os.path.join("mayor", "town.json")  # noqa: PTH118
TOWN_HOME = ".wasteland"
BEADS = ".beads"


def _upwards(cwd: str) -> list[str]:
    """The folder and every one above it, the innermost first."""
    found = [cwd]
    while (above := os.path.dirname(found[-1])) != found[-1]:  # noqa: PTH120
        found.append(above)
    return found


def workspace_path(cwd: str, env: Mapping[str, str]) -> str:
    """The root of the town's workspace: as `GT_ROOT` says, else the outermost around; or empty."""
    said = env.get("GT_TOWN_ROOT", "") or env.get("GT_ROOT", "")
    places = [said] if said else list(reversed(_upwards(os.path.realpath(cwd))))
    for place in places:
        if os.path.isfile(os.path.join(place, TOWN_MARK)):  # noqa: PTH113, PTH118
            return os.path.realpath(place)
    return ""


def beads_path(cwd: str, env: Mapping[str, str]) -> str:
    """The folder with the beads of a project that is in no town; empty for none.

    `BEADS_DIR` says which, else the nearest above; a linked worktree has those of its repository.
    """
    said = env.get("BEADS_DIR", "")
    if said:
        return os.path.realpath(os.path.join(cwd, said))  # noqa: PTH118
    for place in _upwards(os.path.realpath(cwd)):
        found = os.path.join(place, BEADS)  # noqa: PTH118
        if os.path.isdir(found):  # noqa: PTH112
            return found
        if os.path.exists(os.path.join(place, ".git")):  # noqa: PTH110, PTH118
            found = os.path.join(_main_tree(place), BEADS)  # noqa: PTH118
            return found if os.path.isdir(found) else ""  # noqa: PTH112
    return ""


def _main_tree(worktree: str) -> str:
    """The repository's own worktree, of one that may be linked to it.

    Of a bare repository, the folder in which that lies.
    """
    try:
        with open(os.path.join(worktree, ".git"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            said = file.readline()
    except (OSError, UnicodeDecodeError):
        return worktree
    common, linked, name = said.removeprefix("gitdir:").strip().rpartition("/worktrees/")
    if not linked or "/" in name:  # a submodule is a project of its own
        return worktree
    return os.path.join(worktree, os.path.dirname(common))  # noqa: PTH118, PTH120


def private_home(asked: str, *, cwd: str, env: Mapping[str, str]) -> str:
    """The home whose private database `bd` and `gt` mean; empty where there is none.

    As asked, else the town around, else a project's own beads.
    """
    if asked:
        return home_path(asked, cwd=cwd, env=env)
    town = "" if env.get("BEADS_DIR") else workspace_path(cwd, env)
    return os.path.join(town, TOWN_HOME) if town else beads_path(cwd, env)  # noqa: PTH118


def socket_path(home: str) -> str:
    """The node's control socket; of a home with a long name it lies in the system's temp folder."""
    plain = os.path.join(home, "run", "node.sock")  # noqa: PTH118
    if len(os.fsencode(plain)) <= SOCKET_PATH_BYTES_MAX:
        return plain
    import hashlib  # noqa: PLC0415  # the launcher pays for it only here

    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return f"/tmp/wl-{os.getuid()}-{name}/node.sock"  # noqa: S108


def socket_is_ours(path: str) -> bool:
    """Whether the folder of the socket belongs to this user and to nobody else."""
    try:
        facts = os.stat(os.path.dirname(path))  # noqa: PTH116, PTH120
    except OSError:
        return False
    return facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def asked_home(argv: Sequence[str]) -> str:
    """The value of `--home` wherever it stands before `--`; empty without one."""
    home = ""
    for at, word in enumerate(argv):
        if word == "--":
            break
        if word.startswith("--home="):
            home = word[len("--home=") :]
        elif word == "--home" and at + 1 < len(argv):
            home = argv[at + 1]
    return home


def home_of(program: str, argv: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> str:
    """The home that a command line means; empty where `gt` or `bd` stand in none."""
    if program == "wl":
        return home_path(asked_home(argv), cwd=cwd, env=env)
    return private_home(asked_home(argv), cwd=cwd, env=env)
