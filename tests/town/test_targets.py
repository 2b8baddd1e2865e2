"""Who is meant to get work: every form that a person may type."""

import pytest

from town.hooks.target import target_of


@pytest.mark.parametrize(
    ("said", "agent", "rig"),
    [
        ("api", "", "api"),
        ("api/", "", "api"),
        ("api/zed", "api/polecats/zed", "api"),
        ("api/my-agent", "api/polecats/my-agent", "api"),
        ("api/polecats/zed", "api/polecats/zed", "api"),
        ("api/crew/ann", "api/crew/ann", "api"),
        ("mayor/", "mayor", ""),
        (".", "api/crew/me", "api"),
        ("", "api/crew/me", "api"),
    ],
)
def test_every_form_of_a_target_names_one(said, agent, rig):
    """What a person types, with or without a slash at its end."""
    found = target_of(said, me="api/crew/me", here="api", rigs=["api"])
    assert (found.agent, found.rig) == (agent, rig)
