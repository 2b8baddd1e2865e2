"""Completion in the real shells: what is typed before Tab, and what it becomes."""

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.test_tree import invoke
from tests.waiting import LONG_S

# What is typed, and some of what may follow; `!` before a word that may not.
LINES = [
    ("wl cl", ("claim", "close", "!create")),
    ("wl peer ", ("add", "list", "ping", "remove", "!claim")),
    ("wl claim --wa", ("--wait", "!--watch")),
    ("wl show w-3fa9 --js", ("--json",)),
    ("wl --home /x stat", ("status", "!add")),
    ("wl key b", ("backup", "!restore")),
    ("wl stamp revoke s-1 --re", ("--reason", "!--reach")),
    ("wl completion f", ("fish",)),
    ("wl help ex", ("exits", "export")),
]


def needs(shell: str) -> str:
    """The shell's program; a test without it is skipped."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} here: tools/ci-packages installs it")
    return found


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """The three scripts as `wl completion` prints them."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        (folder / shell).write_text(invoke("completion", shell)[1].text, "utf-8")
    return folder


def judge(found: set[str], wanted: tuple[str, ...]) -> None:
    """All that may follow is offered, nothing that may not."""
    assert {word for word in wanted if word[0] != "!"} <= found
    assert not {word[1:] for word in wanted if word[0] == "!"} & found


@pytest.mark.parametrize(("line", "wanted"), LINES)
def test_bash_completes(scripts, line, wanted):
    """The function that bash calls on Tab answers with these words."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    code = (
        f"source {scripts}/bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1};"
        ' _wl; printf "%s\\n" "${COMPREPLY[@]}"; complete -p wl'
    )
    done = subprocess.run(
        [needs("bash"), "--norc", "-c", code], capture_output=True, text=True, check=True
    )
    *found, registered = done.stdout.split("\n")[:-1]
    judge(set(found), wanted)
    assert registered == "complete -o default -F _wl wl"
    assert done.stderr == ""


@pytest.mark.parametrize(("line", "wanted"), LINES)
def test_fish_completes(scripts, line, wanted):
    """fish itself is asked what would follow."""
    code = f"source {scripts}/fish; complete -C '{line}'"
    done = subprocess.run(
        [needs("fish"), "--no-config", "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, "HOME": str(scripts)},
    )  # fmt: skip
    judge({row.split("\t")[0] for row in done.stdout.splitlines()}, wanted)
    assert done.stderr == ""


class Zsh:
    """A zsh at a terminal, as a person has it."""

    def __init__(self, folder: Path) -> None:
        self.pid, self.line = pty.fork()
        if self.pid == 0:  # pragma: no cover  # the child becomes the shell
            os.environ.update(TERM="dumb", PS1="READY ", HOME=str(folder))
            os.execvp("zsh", ["zsh", "-f", "-i"])  # noqa: S606
        self.until("READY ")
        self.send(f"source {folder}/zsh; PS1='LOA''DED '\n")  # typed otherwise than it is shown
        self.until("LOADED ")

    def send(self, text: str) -> None:
        """The keys were pressed."""
        os.write(self.line, text.encode())

    def until(self, word: str, seconds: float = LONG_S) -> str:
        """What the terminal showed, up to the word."""
        seen, end = "", time.monotonic() + seconds
        while word not in seen:
            left = end - time.monotonic()
            assert left > 0, seen
            if select.select([self.line], [], [], left)[0]:
                seen += os.read(self.line, 1 << 16).decode("utf-8", "replace")
        return seen

    def close(self) -> None:
        """The shell has ended."""
        self.send("\x03exit\n")
        os.close(self.line)
        os.waitpid(self.pid, 0)


@pytest.mark.slow
def test_zsh_completes_also_where_its_completion_system_was_never_started(scripts):
    """Typed at a terminal: Tab finishes the command and the option."""
    needs("zsh")
    shell = Zsh(scripts)
    try:
        for typed, finished in (
            ("clai", "claim "),
            ("key ba", "backup "),
            ("claim --wa", "--wait "),
        ):
            shell.send(f"wl {typed}\t")
            shell.until(finished[len(typed.split(" ")[-1]) :])
            shell.send("\x15")  # the line is empty again
    finally:
        shell.close()
