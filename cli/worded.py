"""How help names what a command takes: TEXT and N, not the words by which Python knows them.

Only help is worded so; what is read, and what a refusal says, is as Typer has it.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

KINDS: Final = {
    "<str>": "TEXT",
    "<list[str]>": "TEXT",
    "<int>": "N",
    "<float>": "N",
    "<int range>": "N",
    "<float range>": "N",
}
MANY: Final = ("...", "…")


def word(params: Iterable[Any]) -> None:
    """Each of them is shown in a person's words from now on."""
    for param in params:
        if param.param_type_name == "argument":
            param.display_type_rich = partial(_nothing)
            param._usage_display_name = partial(usage_of, param)  # noqa: SLF001  # as in plain.py
        elif not param.is_flag and not param.count:
            param.display_type_rich = partial(_kind, param)


def usage_of(param: Any) -> str:
    """An argument in the line of usage: NAME, [NAME] where it may be left out, NAME... for many."""
    name = str(param.display_name_raw)
    if param.nargs != 1 and not any(sign in name for sign in MANY):
        name += MANY[0]
    return name if param.required or name.startswith("[") else f"[{name}]"


def _nothing(ctx: Any) -> str:
    del ctx
    return ""


def _kind(param: Any, ctx: Any) -> str:
    told = str(param.metavar or param.display_type(ctx))
    return KINDS.get(told, told)
