"""Which commands of an agent's shell the town stops before they run, and why.

Pure, and a fence, no wall: it reads a command as a person would and sees through no disguise.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ledger.workspace.rows import CREW, POLECAT

COMMAND_CHARS_MAX: Final = 100_000
_PARTS: Final = frozenset((";", "&&", "||", "|", "&", "\n", "(", ")"))
_ASSIGNS: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*")
_ROOTS: Final = re.compile(r"(/|/\*|~|~/|~/\*|\$HOME/?\*?|\.\.|/(bin|boot|etc|home|lib|usr|var)/?)")
_PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "apt": ("install", "remove"), "apt-get": ("install", "remove"), "brew": ("install",),
    "dnf": ("install",), "yum": ("install",), "pacman": ("-S",), "snap": ("install",),
}  # fmt: skip


def command_in(told: Mapping[str, Any]) -> str:
    """The command of the shell that a runtime is about to run; empty for another tool."""
    for name in ("tool_input", "toolArgs", "args", "input"):
        inner = told.get(name)
        if isinstance(inner, str):
            try:
                inner = json.loads(inner)
            except ValueError:
                continue
        if isinstance(inner, Mapping) and isinstance(inner.get("command"), str):
            return str(inner["command"])
    command = told.get("command")
    return command if isinstance(command, str) else ""


def refused(command: str, role: str) -> str:
    """Why an agent of this role may not run the command; empty where it may."""
    for words in _simple(command[:COMMAND_CHARS_MAX]):
        why = _why(words, role)
        if why:
            return why
    return ""


def _simple(command: str) -> Iterator[list[str]]:
    """The simple commands of a line, without the variables before them."""
    lexer = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        for word in lexer:
            if word in _PARTS:
                yield words
                words = []
            elif words or not _ASSIGNS.fullmatch(word):
                words.append(word)
    except ValueError:
        pass  # a quote that nobody closed: the shell will say so
    yield words


def _why(words: Sequence[str], role: str) -> str:  # noqa: PLR0911  # one rule a case
    match list(words):
        case ["sudo", *_]:
            return "agents do not use sudo; ask the person (gt mail send overseer)"
        case ["rm", *more] if _wipes(more):
            return "that would delete more than your own work"
        case ["git", *more]:
            return _of_git(_past_options(more), role)
        case ["gh", "pr", "create", *_] if role in (POLECAT, CREW):
            return "work is handed in with gt done, not by a pull request"
        case ["bd", "init", *_]:
            return "the town has beads already; bd list shows them"
        case [program, verb, *_] if role == POLECAT and verb in _PACKAGES.get(program, ()):
            return "workers install nothing on this machine; ask the person"
    return ""


def _wipes(words: Sequence[str]) -> bool:
    flags = "".join(word[1:] for word in words if re.fullmatch(r"-[A-Za-z]+", word))
    recursive = "r" in flags.lower() or "--recursive" in words
    return recursive and any(_ROOTS.fullmatch(word) for word in words)


def _past_options(words: Sequence[str]) -> list[str]:
    """The words of git from its verb on."""
    left = list(words)
    while left and left[0].startswith("-"):
        left = left[2:] if left[0] in ("-C", "-c") else left[1:]
    return left


def _of_git(words: Sequence[str], role: str) -> str:
    match list(words):
        case ["push", *more]:
            forced = [word for word in more if word in ("-f", "--force") or word.startswith("+")]
            return "a force push can lose what others pushed" if forced else ""
        case ["checkout", *more] if role == POLECAT and {"-b", "-B"} & set(more):
            return "you are on your work's own branch; stay there"
        case ["switch", *more] if role == POLECAT and {"-c", "-C", "--create"} & set(more):
            return "you are on your work's own branch; stay there"
    return ""
