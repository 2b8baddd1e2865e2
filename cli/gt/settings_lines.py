"""Settings as lines: a value in a few words, and which layer says it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from town.workspace.settings_file import Effective


def value_text(value: Any) -> str:
    """The value as a person would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def settings_lines(found: Sequence[Effective], *, layers: bool) -> Iterator[str]:
    """A line for each setting; with `layers` those beneath it too."""
    width = max((len(one.key) for one in found), default=0)
    for one in found:
        yield f"{one.key:<{width}}  {one.layer:<8}{value_text(one.value)}".rstrip()
        if layers:
            for name, value in one.layers.items():
                if value is not None and name != one.layer:
                    yield f"{'':<{width}}  └─ {name} says {value_text(value) or 'nothing'}"
