"""Whether a program that was just started takes input, and what its questions at the start get.

Pure: from what it printed last and how long it has run.
"""

from dataclasses import dataclass
from typing import Final

from town.agents.presets import Preset

DELAY_MAX_MS: Final = 60_000  # whoever shows no prompt by then is taken as ready
FRAME: Final = " │┃|\t"  # a prompt may stand in a box


@dataclass(frozen=True, slots=True)
class Dialog:
    """A question that a runtime may ask before it works: two signs of it, and the answer."""

    first: str
    second: str
    answer: str


DIALOGS: Final = (
    Dialog("Do you trust the files in this folder?", "1. Yes", "1"),
    Dialog("Bypass Permissions mode", "2. Yes, I accept", "2"),
    Dialog("Do you trust the contents of this directory?", "1. Yes", "1"),
)


def asked(screen: str) -> Dialog | None:
    """The question that stands on the screen."""
    return next((one for one in DIALOGS if one.first in screen and one.second in screen), None)


def ready(preset: Preset, screen: str, *, after_ms: int) -> bool:
    """Whether it takes input: its prompt is there, or the time is over that it needs."""
    if preset.ready_prompt:
        wanted = preset.ready_prompt.rstrip()
        if any(line.strip(FRAME).startswith(wanted) for line in screen.splitlines()):
            return True
    return after_ms >= min(preset.ready_delay_ms, DELAY_MAX_MS)
