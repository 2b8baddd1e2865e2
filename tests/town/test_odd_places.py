"""A town whose folders have names that no shell likes: everything works there, from end to end."""

import pytest

from tests.town.prompt import Prompt

pytestmark = pytest.mark.slow
ODD = "-x é'\"$(id) a\nb"


def done(prompt: Prompt, *argv: str) -> dict:
    """What a line of `gt` said that ended well."""
    told = prompt.json("gt", *argv)
    assert told["exit"] == 0, told
    return told["data"]


def test_work_is_begun_merged_and_cleared_away_in_a_folder_with_an_odd_name(tmp_path):
    """Spaces, quotes, a line's end, a dash and what a shell would run, in every path of it."""
    prompt = Prompt(tmp_path / ODD)
    prompt.repository("ori gin")
    root = prompt.at / "t own;x"
    done(prompt, "install", str(root), "--git")
    prompt.at = root
    done(prompt, "rig", "add", "api", "../ori gin.git")
    done(prompt, "crew", "add", "max")
    bead = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    done(prompt, "sling", bead, "api")
    [place] = (root / "api/polecats").glob("*/api")
    (place / "new").write_text("x")
    prompt.at = place
    done(prompt, "done")
    prompt.at = root
    assert done(prompt, "refinery", "run", "api")["merged"]
    told = done(prompt, "doctor")
    assert (told["failed"], told["warnings"]) == (0, 0), told
    assert done(prompt, "polecat", "gc")["removed"]
    done(prompt, "rig", "remove", "api", "--purge")
    assert not (root / "api").exists()
