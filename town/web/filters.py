"""The filters of the board's list: what an address asks for, and the addresses one step away.

Each filter is in the address, so that a link, a form without scripts and the JSON twin say the
same. Pure: it reads a query and makes links.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from town.market.errors import FieldError

LINES: Final = 25
LINES_MAX: Final = 200
PRIORITIES: Final = ("0", "1", "2", "3", "4")
STATUSES: Final = (
    ("open", "open"),
    ("claimed", "claimed"),
    ("in_review", "in review"),
    ("completed", "done"),
    ("withdrawn", "withdrawn"),
    ("all", "all"),
)
TYPES: Final = ("bug", "feature", "docs", "design", "rfc")
SORTS: Final = (
    ("priority", "most urgent"),
    ("newest", "newest"),
    ("oldest", "oldest"),
    ("updated", "last changed"),
)
TEXTS: Final = ("q", "project", "tag")
NAMES: Final = (
    *TEXTS, "type", "priority", "status", "poster", "asked", "check", "signed", "sort", "limit",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One filter as a link: where it leads, and whether it is on."""

    name: str
    href: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What an address asks the list for; an absent filter is empty."""

    said: Mapping[str, str]
    cursor: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        """The filters of an address."""
        said = {name: query[name].strip() for name in NAMES if query.get(name, "").strip()}
        return cls(said=said, cursor=query.get("cursor", ""))

    def __getitem__(self, name: str) -> str:
        return self.said.get(name, "")

    @property
    def status(self) -> str:
        """The status that is listed."""
        return self["status"] or "open"

    @property
    def plain(self) -> bool:
        """Whether nothing but open work is asked for."""
        return not any(
            name not in ("sort", "limit") for name in self.said if name != "status"
        ) and (self.status == "open")

    def query(self) -> dict[str, Any]:
        """The query of the market. Raises FieldError."""
        return {
            "text": self["q"] or None,
            "project": self["project"] or None,
            "tag": self["tag"] or None,
            "type": self["type"] or None,
            "poster": self["poster"] or None,
            "status": (self.status,),
            "priority": self._priority(),
            "signed": {"yes": True, "no": False}.get(self["signed"]),
            "asked": bool(self["asked"]),
            "check": bool(self["check"]),
            "sort": self["sort"] or None,
            "cursor": self.cursor or None,
            "limit": self._limit(),
        }

    def _priority(self) -> int | None:
        said = self["priority"]
        if not said:
            return None
        if said not in PRIORITIES:
            raise FieldError("priority", "unknown", None, f"priorities are 0 to 4, not {said!r}")
        return int(said)

    def _limit(self) -> int:
        said = self["limit"]
        if not said:
            return LINES
        if not (said.isascii() and said.isdigit() and 0 < int(said[:6]) <= LINES_MAX):
            raise FieldError("limit", "unknown", LINES_MAX, f"a page has 1 to {LINES_MAX} lines")
        return int(said)

    # --- links

    def link(self, **changes: str) -> str:
        """The address with these filters changed; the list begins anew. Empty takes one off."""
        said = {name: value for name, value in {**self.said, **changes}.items() if value}
        ordered = [(name, said[name]) for name in (*NAMES, "cursor") if name in said]
        return f"/?{urlencode(ordered)}#list" if ordered else "/#list"

    def groups(self) -> tuple[tuple[str, tuple[Chip, ...]], ...]:
        """The chips, by what they choose."""
        types = TYPES if self["type"] in ("", *TYPES) else (*TYPES, self["type"])
        more = [
            self._switch("has check", "check", "1"),
            self._switch("asked", "asked", "1"),
            self._switch("unsigned", "signed", "no"),
            self._switch("mine", "poster", "me"),
        ]
        if self["poster"] not in ("", "me"):
            more.append(self._switch(f"by {self['poster']}", "poster", self["poster"]))
        return (
            ("Status", tuple(self._status(value, name) for value, name in STATUSES)),
            ("Type", tuple(self._switch(name, "type", name) for name in types)),
            ("Priority", tuple(self._switch(f"P{one}", "priority", one) for one in PRIORITIES)),
            ("More", tuple(more)),
        )

    def _status(self, value: str, name: str) -> Chip:
        href = self.link(status="" if value == "open" else value)
        return Chip(name=name, href=href, on=self.status == value)

    def _switch(self, name: str, field: str, value: str) -> Chip:
        on = self[field] == value
        return Chip(name=name, href=self.link(**{field: "" if on else value}), on=on)

    def hidden(self) -> list[tuple[str, str]]:
        """What the form must carry along beside its own fields."""
        return [(name, value) for name, value in self.said.items() if name not in (*TEXTS, "sort")]
