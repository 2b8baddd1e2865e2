"""A town whose folders have names that no shell likes: everything works there, from end to end."""

import pytest

from tests.town.prompt import Prompt

pytestmark = pytest.mark.slow
ODD = "-x é'\"$(id) a\nb"


def test_work_is_begun_merged_and_cleared_away_in_a_folder_with_an_odd_name(tmp_path):
    """Spaces, quotes, a line's end, a dash and what a shell would run, in every path of it."""
    prompt = Prompt(tmp_path / ODD)
    prompt.repository("ori gin")
    root = prompt.at / "t own;x"
    prompt.done("install", str(root), "--git")
    prompt.at = root
    prompt.done("rig", "add", "api", "../ori gin.git")
    prompt.done("crew", "add", "max")
    bead = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    prompt.done("sling", bead, "api")
    [place] = (root / "api/polecats").glob("*/api")
    (place / "new").write_text("x")
    prompt.at = place
    prompt.done("done")
    prompt.at = root
    assert prompt.done("refinery", "run", "api")["merged"]
    told = prompt.done("doctor")
    assert (told["failed"], told["warnings"]) == (0, 0), told
    assert prompt.done("polecat", "gc")["removed"]
    prompt.done("rig", "remove", "api", "--purge")
    assert not (root / "api").exists()
