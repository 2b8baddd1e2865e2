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
