"""The command trees of the programs, and the one place where a command runs and its errors end.

It lists which file has which command; a file is imported when one of its commands is named.
"""

import errno
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer
from typer.exceptions import TyperException

from cli import tree
from cli.context import Call, UsageError, wants_json
from cli.later import ELSEWHERE_OF_WL, OF_WL
from cli.local import open_here, open_private_here
from cli.one_answer import Answering
from cli.output import show_error
from cli.terminal import HereTerminal
from stamps.errors import WastelandError
from town.node.place import current_folder, home_of

INTERRUPTED = 130
DENIED = frozenset((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT))
OUTPUT_GONE = 141

PLACES: Mapping[str, Sequence[str]] = {
    "cli.node": ("init", "up", "down", "status"),
    "cli.items": ("post", "update", "browse", "show", "withdraw", "note", "log", "diff"),
    "cli.work": ("claim", "unclaim", "renew", "done", "wait", "bids", "me"),
    "cli.blobs": ("blob",),
    "cli.review": ("grant", "takeback", "accept", "reject", "close"),
    "cli.people": ("profile", "leaderboard", "stamp"),
    "cli.peers": ("sync", "peer", "invite", "join", "leave"),
    "cli.wastelands": ("list", "create", "admit", "policy"),
    "cli.identity": ("account", "device", "key"),
    "cli.care": ("verify", "doctor", "export", "import", "config"),
    "cli.about": ("demo", "version", "completion", "help"),
}
# The predecessor's words for the same things.
ALIASES: Mapping[str, str] = {
    "delete": "cli.items", "charsheet": "cli.people", "stamps": "cli.people",
}  # fmt: skip
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Work on the board": (*PLACES["cli.items"][:4], "withdraw", "note", "bids", "wait", "me"),
    "Do work": ("claim", "unclaim", "renew", "done", "blob"),
    "Judge work": ("grant", "takeback", "accept", "reject", "close"),
    "People": ("profile", "leaderboard", "stamp", "admit"),
    "Other towns": ("sync", "peer", "invite", "join", "leave", "list", "create", "policy"),
    "Your town": ("init", "up", "down", "status", "account", "device", "key", "config"),
    "Proof and care": ("verify", "log", "diff", "doctor", "export", "import"),
    "About": ("demo", "version", "completion", "help"),
}


class UnexpectedError(WastelandError):
    """Something broke that nobody foresaw."""

    code: ClassVar[str] = "failed.unexpected"
    hint: ClassVar[str] = "Repeat the command with -v and report what it prints."
    exit: ClassVar[int] = 1


class DeniedError(WastelandError):
    """The machine does not let the command have a file that it needs."""

    code: ClassVar[str] = "file.denied"
    hint: ClassVar[str] = "Look at whose it is, what its mode is, and whether the disk is full."
    exit: ClassVar[int] = 6


root = tree.new_root("wl")


WL = tree.Program(
    root=root,
    places=PLACES,
    aliases=ALIASES,
    sections=SECTIONS,
    later=OF_WL,
    elsewhere=ELSEWHERE_OF_WL,
    closing=(
        "Exit codes: wl help exits. Settings: wl config list --origin.",
        "not here on purpose: infer, hosted mode",
    ),
)


@root.callback()
@tree.example(
    'wl post "Fix the token refresh race" --type bug -p 1',
    "wl browse --type bug --status open",
    "wl claim w-3fa9 && wl show w-3fa9",
)
def _wl(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """The free market between towns: post work, claim it, hand it in, stamp it.

    Nothing leaves this machine before you join something or somebody joins you.
    """
    del version  # answered before the tree is asked


@cache
def command_tree(program: str = "wl") -> tree.Lazy:
    """The root of a program's tree, its files not imported yet."""
    facts = WL if program == "wl" else import_module(f"cli.{program}.tree").PROGRAM
    built = typer.main.get_group(facts.root)
    if not isinstance(built, tree.Lazy):
        raise TypeError("the root lost its class")
    built.places = {name: module for module, names in facts.places.items() for name in names}
    built.places.update(facts.aliases)
    built.sections = dict(facts.sections)
    built.closing = facts.closing
    built.later, built.elsewhere = dict(facts.later), dict(facts.elsewhere)
    return built


def run(call: Call) -> int:
    """The command's exit code; what it had to say is printed."""
    call.wants.json = wants_json(call.argv)
    call.terminal = Answering(call, call.terminal)
    try:
        return _invoke(call)
    except WastelandError as error:
        return _told(call, error)
    except TyperException as error:
        return _told(call, UsageError(error.format_message()))
    except (KeyboardInterrupt, typer.Abort, BrokenPipeError) as error:
        return OUTPUT_GONE if isinstance(error, BrokenPipeError) else INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the outermost place: a person gets words
        return _unexpected(call, error)


def _check_words(words: Sequence[str]) -> None:
    """Every word can be kept and printed. Raises UsageError."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{word!r} is no text in UTF-8") from error


def _invoke(call: Call) -> int:
    words = list(call.argv)
    if call.program != "wl":
        _check_words(words)
    if not [word for word in words if word != "--json"]:
        words.append("--help")
    if words == ["--version"]:
        words = ["version"]
    answered = command_tree(call.program).main(
        words,
        prog_name=call.program,
        standalone_mode=False,
        obj=call,
        terminal_width=call.width,
        max_content_width=call.width,
    )
    return answered if isinstance(answered, int) else 0


def _told(call: Call, error: WastelandError) -> int:
    try:
        return show_error(call, error)
    except BrokenPipeError:
        return OUTPUT_GONE


def _unexpected(call: Call, error: Exception) -> int:
    if isinstance(error.__cause__, KeyboardInterrupt):
        return INTERRUPTED  # it fell while a class was made, where Python 3.11 wraps whatever falls
    told = _told(call, _meant(error))
    if call.wants.verbose or call.env.get("WL_TRACEBACK"):
        call.terminal.err("".join(traceback.format_exception(error)))
    return told


def _meant(error: Exception) -> WastelandError:
    """What the error means for whoever typed the command."""
    if isinstance(error, OSError) and error.errno in DENIED:
        where = (
            f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        )
        return DeniedError(f"{where}{error.strerror}")
    return UnexpectedError(f"{type(error).__name__}: {error}")


def run_here(argv: Sequence[str], program: str = "wl") -> int:
    """The command runs in this process, on a ledger it opens itself where it needs one."""
    cwd = Path(current_folder(os.environ))
    call = Call(
        argv=tuple(argv),
        cwd=cwd,
        env=dict(os.environ),
        terminal=HereTerminal(),
        tty=_terminals(),
        town=open_here,
        private=open_private_here,
        program=program,
        columns=_columns(),
        home=home_of(program, argv, cwd=str(cwd), env=os.environ),
    )
    code = run(call)
    if code == 0 and call.then:
        from cli.becoming import become  # noqa: PLC0415  # few commands hand the terminal on

        become(call.then)
    return code


def _terminals() -> tuple[bool, bool, bool]:
    def has(stream: Any) -> bool:
        return stream is not None and bool(stream.isatty())

    return has(sys.stdin), has(sys.stdout), has(sys.stderr)


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns
    except OSError:
        return 0


Run = Callable[[Call], int]
