"""How plain options read what was typed: text, numbers, yes or no, and several texts.

Typer reads every option with a library that costs a third of a command's start. What needs nothing
of it is read here: text that is text, a number in a few digits. All else goes to that library, so
that what is refused is refused in its words. It changes no command.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from typer._coercion import RuntimeParam, build_runtime_param

PLAIN: Final = (str, int, float, bool, list[str])
NUMBERS: Final = (int, float)
DIGITS_MAX: Final = 9
_LEFT: Final = object()  # whatever is not plain


@dataclass(frozen=True)
class Plain(RuntimeParam):
    """An option of a plain kind, which loads the library only for what is not plain."""

    descriptor: Any

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        found = _read(self.annotation, value)
        if found is not _LEFT and (self.annotation not in NUMBERS or self._within(found)):
            return found
        # Not kept: one value of a command comes this way, and mostly to be refused.
        return build_runtime_param(self.descriptor).coerce(value, param, ctx)

    def _within(self, number: float) -> bool:
        info = self.parameter_info
        above = info.min is None or info.min <= number
        return above and (info.max is None or number <= info.max)


def read_plainly(options: Iterable[Any]) -> None:
    """Those of the options that are of a plain kind load no library for plain values."""
    for option in options:
        described = getattr(option, "type_descriptor", None)
        if described is not None and _is_plain(described):
            option._runtime_param = Plain(  # noqa: SLF001  # Typer has no door for it
                parameter_info=described.parameter_info,
                annotation=described.annotation,
                descriptor=described,
            )


def _is_plain(described: Any) -> bool:
    info = described.parameter_info
    return described.annotation in PLAIN and info.parser is None and not info.clamp


def _read(kind: Any, value: Any) -> Any:
    if kind == list[str]:
        texts = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
        return list(value) if texts else _LEFT
    if kind is int and isinstance(value, str):
        few = value.isascii() and value.isdigit() and len(value) <= DIGITS_MAX
        return int(value) if few else _LEFT
    return value if type(value) is kind else _LEFT
