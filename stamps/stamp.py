"""A stamp: how well a piece of work went, as its poster says (records 6).

It refuses to weigh: whether a stamp counts, and how much, is a town's own view.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stamps.errors import BadRecordError
from stamps.limits import (
    CONFIDENCE_MAX,
    DIMENSION_MAX,
    DIMENSION_MIN,
    MESSAGE_CHARS_MAX,
    SKILL_CHARS_MAX,
    STAMP_SKILLS_MAX,
)
from stamps.shape import fit

KNOWN_DIMENSIONS = (
    "quality",
    "reliability",
    "creativity",
    "thoroughness",
    "collaboration",
    "impact",
)

Score = Annotated[int, Meta(ge=DIMENSION_MIN, le=DIMENSION_MAX)]
Skill = Annotated[str, Meta(min_length=1, max_length=SKILL_CHARS_MAX)]


class Severity(StrEnum):
    """The reach of a piece of work, leaf to root."""

    LEAF = "leaf"
    BRANCH = "branch"
    ROOT = "root"

    @property
    def word(self) -> str:
        """What a person is shown: small, wide or core."""
        return {"leaf": "small", "branch": "wide", "root": "core"}[self.value]


class StampBody(msgspec.Struct, frozen=True):
    """The `stamp` object of a body, as it travels."""

    dims: dict[str, Score]
    confidence: Annotated[int, Meta(ge=0, le=CONFIDENCE_MAX)] | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    skills: Annotated[list[Skill], Meta(max_length=STAMP_SKILLS_MAX)] | UnsetType = UNSET
    message: Annotated[str, Meta(max_length=MESSAGE_CHARS_MAX)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if "quality" not in self.dims:
            raise BadRecordError("missing.quality", "stamp.dims.quality")


@dataclass(frozen=True, slots=True, kw_only=True)
class StampRow:
    """The columns of table `stamps` that a stamp fills by itself (records 7.3)."""

    valence: dict[str, int]
    confidence: float
    severity: str
    skill_tags: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One stamp with its defaults filled in; scores 1-5, confidence 0-100."""

    dims: dict[str, int]
    confidence: int = CONFIDENCE_MAX
    severity: Severity = Severity.LEAF
    skills: tuple[str, ...] = ()
    message: str = ""

    @classmethod
    def parse(cls, stamp: dict[str, Any]) -> "Stamp":
        """Return the stamp that this object says, defaults filled in; else BadRecordError."""
        body = fit(stamp, StampBody, where="stamp")
        return cls(
            dims=body.dims,
            confidence=CONFIDENCE_MAX if body.confidence is UNSET else body.confidence,
            severity=Severity.LEAF if body.severity is UNSET else body.severity,
            skills=() if body.skills is UNSET else tuple(body.skills),
            message="" if body.message is UNSET else body.message,
        )

    @property
    def quality(self) -> int:
        """The one score that every stamp has."""
        return self.dims["quality"]

    def row(self) -> StampRow:
        """Return its column values: quality and reliability always present (records 7.3)."""
        return StampRow(
            valence={**self.dims, "reliability": self.dims.get("reliability", self.quality)},
            confidence=self.confidence / 100,  # the only floats anywhere
            severity=self.severity.value,
            skill_tags=self.skills,
            message=self.message,
        )
