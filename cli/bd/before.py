"""What may stand before a command of `bd`: where it is typed (`-C`), who types it, what it may do.

All of it is done in the launcher's process, so that a node is told of it like of any folder and
name. Nothing of the tree is imported unless something is wrong.
"""

import os
from collections.abc import Sequence

WHERE = ("-C", "--directory")
WHO = ("--actor",)
ONLY_READS = "--readonly"
NOTHING = ("--sandbox",)  # nothing is pushed anywhere by itself
SKIPPED = ("--home",)  # has a value, and is everybody's


def placed(argv: Sequence[str]) -> list[str] | None:
    """The line without them, its process in that folder and with that name; None if refused."""
    left, kept = list(argv), []
    while left and left[0].startswith("-") and left[0] != "--":
        word, equals, value = left.pop(0).partition("=")
        if word not in (*WHERE, *WHO, *SKIPPED):
            kept += _kept(f"{word}{equals}{value}")
            continue
        if not equals and not left:
            _refuse(argv, f"{word} needs a value")
            return None
        said = value if equals else left.pop(0)
        if word in SKIPPED:
            kept += [word, said]
        elif word in WHO:
            os.environ["BD_ACTOR"] = said
        else:
            try:
                os.chdir(said)
            except OSError as error:
                _refuse(argv, f"{word} {said}: {error.strerror}")
                return None
    return [*kept, *left]


def _kept(word: str) -> list[str]:
    """The word, unless it is said by other means now."""
    if word == ONLY_READS:
        os.environ["BD_READONLY"] = "1"
    return [] if word in (ONLY_READS, *NOTHING) else [word]


def _refuse(argv: Sequence[str], why: str) -> None:
    """What is wrong is printed as every refusal."""
    from pathlib import Path  # noqa: PLC0415  # only where something is wrong

    from cli.context import Call, UsageError, wants_json  # noqa: PLC0415
    from cli.local import open_here  # noqa: PLC0415
    from cli.output import show_error  # noqa: PLC0415
    from cli.terminal import HereTerminal  # noqa: PLC0415

    call = Call(
        argv=tuple(argv), cwd=Path(), env=os.environ, terminal=HereTerminal(),
        tty=(False, False, False), town=open_here, program="bd",
    )  # fmt: skip
    call.wants.json = wants_json(call.argv)
    show_error(call, UsageError(why))
