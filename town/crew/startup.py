"""Which members of the crews are begun with the town: what each rig's `crew.startup` says.

The setting is what a person writes: `all`, `none`, or names between commas or `and`. It begins
nobody.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from ledger.private.store import PrivateStore
from ledger.workspace.rows import ADDING, CREW, NUKED, OPERATIONAL, Agent, Rig
from town.agents.address import Address, of_crew
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.workspace.layout import Workspace
from town.workspace.settings_file import rig_settings

ALL: Final = "all"
NOBODY: Final = ("none", "nobody", "")
BETWEEN: Final = re.compile(r"[,;\s]+|\band\b")


def named_in(said: str, there: Collection[str]) -> tuple[list[str], list[str]]:
    """The names that are meant and there, in the order of the words; and those that are nobody."""
    text = said.strip().lower()
    if text in NOBODY:
        return [], []
    if text == ALL:
        return sorted(there), []
    by_word = {name.lower(): name for name in there}
    words = list(dict.fromkeys(word for word in BETWEEN.split(text) if word))
    return [by_word[w] for w in words if w in by_word], [w for w in words if w not in by_word]


@dataclass(slots=True)
class Starters:
    """Who is begun, and what settings ask for that cannot be."""

    who: list[Address] = field(default_factory=list)
    warn: list[str] = field(default_factory=list)


class Startup(Acting):
    """The crews as settings have them begin, for one caller."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, workspace: Workspace) -> None:
        super().__init__(store, ports)
        self.workspace = workspace

    def starters(self, only: str = "") -> Starters:
        """Whoever the settings name, of one rig or of every one at work. Raises SettingError."""
        found = Starters()
        for rig, members in self.look(self._crews):
            if only not in ("", rig):
                continue
            said = rig_settings(self.workspace.rig(rig)).read().crew.startup
            names, unknown = named_in(said, members)
            found.who += [of_crew(rig, name) for name in names]
            found.warn += [
                f"crew.startup of {rig} names {one}, who is not there" for one in unknown
            ]
        return found

    def _crews(self) -> list[tuple[str, list[str]]]:
        """The rigs at work, each with the names of its crew."""
        crew = [
            one for one in self.store.find(Agent, role=CREW) if one.state not in (ADDING, NUKED)
        ]
        return [
            (rig.name, [one.name for one in crew if one.rig == rig.name])
            for rig in self.store.find(Rig, state=OPERATIONAL)
        ]
