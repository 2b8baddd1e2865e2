"""A stamp: its defaults, its words and the columns it fills (records 6, 7.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamps.errors import BadRecordError
from stamps.stamp import KNOWN_DIMENSIONS, Severity, Stamp


def test_a_stamp_that_says_only_quality_has_every_default():
    """Confidence 100, severity leaf, no skills, no message; reliability is quality in the row."""
    stamp = Stamp.parse({"dims": {"quality": 4}})
    row = stamp.row()
    assert (stamp.quality, stamp.confidence, stamp.severity) == (4, 100, Severity.LEAF)
    assert (stamp.skills, stamp.message) == ((), "")
    assert row.valence == {"quality": 4, "reliability": 4}
    assert (row.confidence, row.severity, row.skill_tags, row.message) == (1.0, "leaf", (), "")


def test_a_stamp_that_says_everything_keeps_it():
    """What is given is not replaced, and dimensions nobody knows are kept."""
    said = {
        "dims": {"quality": 5, "reliability": 2, "kindness": 1},
        "confidence": 70,
        "severity": "root",
        "skills": ["go", "sql"],
        "message": "two\nlines",
        "unknown": 1,
    }
    row = Stamp.parse(said).row()
    assert row.valence == said["dims"]
    assert round(100 * row.confidence) == 70
    assert (row.severity, row.skill_tags, row.message) == ("root", ("go", "sql"), "two\nlines")


@pytest.mark.parametrize(
    ("severity", "word"), [("leaf", "small"), ("branch", "wide"), ("root", "core")]
)
def test_people_are_shown_a_plain_word_for_reach(severity, word):
    """Leaf, branch and root are shown as small, wide and core."""
    assert Stamp.parse({"dims": {"quality": 3}, "severity": severity}).severity.word == word


@given(
    st.dictionaries(st.sampled_from(KNOWN_DIMENSIONS), st.integers(1, 5)),
    st.integers(1, 5),
    st.integers(0, 100),
)
def test_confidence_comes_back_from_its_float(dims, quality, confidence):
    """The one float anywhere is compared as round(100 x), and always comes back."""
    stamp = Stamp.parse({"dims": dims | {"quality": quality}, "confidence": confidence})
    assert round(100 * stamp.row().confidence) == confidence
    assert {"quality", "reliability"} <= stamp.row().valence.keys()


WHOLE = {"dims": {"quality": 3}}
BAD = {
    "no dims": ({}, "missing.dims"),
    "no quality": ({"dims": {"impact": 3}}, "missing.quality"),
    "quality 0": ({"dims": {"quality": 0}}, "limit.dims"),
    "quality 6": ({"dims": {"quality": 6}}, "limit.dims"),
    "quality true": ({"dims": {"quality": True}}, "body.dims"),
    "confidence 101": (WHOLE | {"confidence": 101}, "limit.confidence"),
    "confidence -1": (WHOLE | {"confidence": -1}, "limit.confidence"),
    "severity of no name": (WHOLE | {"severity": "trunk"}, "body.severity"),
    "17 skills": (WHOLE | {"skills": ["x"] * 17}, "limit.skills"),
    "a skill of 65": (WHOLE | {"skills": ["x" * 65]}, "limit.skills"),
    "a message of 501": (WHOLE | {"message": "x" * 501}, "limit.message"),
    "a message of null": (WHOLE | {"message": None}, "body.message"),
    "no object": ([], "body.stamp"),
}


@pytest.mark.parametrize("why", BAD)
def test_what_is_no_stamp_is_refused_with_its_reason(why):
    """The reason names the part and whether its type or its limit is broken."""
    said, reason = BAD[why]
    with pytest.raises(BadRecordError) as refused:
        Stamp.parse(said)
    assert refused.value.reason == reason
