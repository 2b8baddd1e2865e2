"""`bd remember` and `bd prime`: what one session learns the next one is told."""

import json
from contextlib import closing

import pytest

from ledger.beads.memories import TOLD_CHARS_MAX
from tests.beads.desks import exchange
from tests.cli.beads import TypedBeads
from town.beads.exchange import Wanted


@pytest.fixture
def beads(tmp_path):
    """Beads of ann's."""
    with closing(TypedBeads(tmp_path)) as found:
        yield found


def test_what_is_remembered_is_found_again_and_forgotten(beads):
    """Keys and JSON are the predecessor's; a text of the same key takes the place of the other."""
    text = "Always run the tests with the -race flag, every single time"
    key = "always-run-the-tests-with-the-race-flag"
    told = beads.json("remember", text)
    assert told == {"action": "remembered", "key": key, "value": text, "schema_version": 1}
    for value in ("one", "two"):
        action = beads.json("remember", value, "--key", "dolt-phantoms")["action"]
    assert action == "updated"
    assert beads.json("memories") == {key: text, "dolt-phantoms": "two", "schema_version": 1}
    assert beads.json("memories", "RACE", "flag") == {key: text, "schema_version": 1}
    assert beads.json("memories", "nothing") == {"schema_version": 1}
    assert beads.type("recall", "dolt-phantoms").text == "two\n"
    assert beads.json("forget", "dolt-phantoms")["deleted"] == "true"
    for verb in ("recall", "forget"):
        assert beads.refused(verb, "dolt-phantoms") | {"exit": 3} == beads.refused(
            verb, "dolt-phantoms"
        )
    assert beads.refused("remember", " ")["code"] == "bead.field"
    assert beads.refused("remember", "!!!")["message"].startswith("key")
    assert beads.refused("remember", "x", "--key", "a\nb")["code"] == "bead.field"


def test_values_of_scripts_are_apart_from_memories_and_settings(beads):
    """One key may be a value, a memory and a setting."""
    beads.json("kv", "set", "release", "1.4.0")
    beads.json("remember", "soon", "--key", "release")
    assert beads.json("kv", "get", "release")["value"] == "1.4.0"
    assert beads.json("kv", "list") == {"release": "1.4.0", "schema_version": 1}
    assert "release" not in beads.type("config", "list").text
    assert beads.type("kv", "clear", "release").code == 0
    assert beads.refused("kv", "get", "release")["code"] == "memory.none"
    assert beads.type("recall", "release").text == "soon\n"


def test_a_memory_travels_with_an_export_that_has_memories(beads):
    """And with no other."""
    beads.json("remember", "soon", "--key", "release")
    lines = beads.type("export", "--include-memories").text
    assert json.loads(lines) == {"_type": "memory", "key": "release", "value": "soon"}
    assert not beads.type("export").text
    assert not exchange(beads.private.store).exported(Wanted()).memories


def test_prime_says_how_to_work_and_what_is_remembered(beads):
    """Once to an agent, once to a runtime's hook; each memory is one line, and harmless."""
    beads.json("remember", "first\n# not a heading \x1b[2J", "--key", "odd")
    text = beads.type("prime").text
    assert "bd update ID --claim" in text
    assert text.endswith("## Remembered (1)\n- odd: first # not a heading \\x1b[2J\n")
    hook = json.loads(beads.type("prime", "--hook-json").text)["hookSpecificOutput"]
    assert hook == {"hookEventName": "SessionStart", "additionalContext": text}
    assert beads.type("prime", "--memories-only").text == text[text.index("\n## Remembered") :]
    assert "bd sync" not in beads.type("prime", "--stealth").text
    assert len(beads.type("prime", "--mcp").text) < len(text) / 2


def test_memories_without_end_do_not_fill_an_agents_head(beads):
    """What has no room is named with how it begins."""
    for number in range(4):
        beads.json("remember", "x" * (TOLD_CHARS_MAX // 2), "--key", f"long-{number}")
    text = beads.type("prime", "--memories-only").text
    assert len(text) < TOLD_CHARS_MAX * 1.1
    assert "… (bd recall long-3)" in text


def test_a_project_says_it_in_its_own_words(beads):
    """`.beads/PRIME.md` stands instead of ours, memories below it; `--export` prints ours."""
    beads.json("remember", "soon", "--key", "release")
    (beads.folder / ".beads" / "PRIME.md").write_text("# Ours\n")
    assert beads.type("prime").text == "# Ours\n\n## Remembered (1)\n- release: soon\n"
    assert beads.type("prime", "--export").text.startswith("# Beads\n")
    (beads.folder / ".beads" / "PRIME.md").write_bytes(b"\xff")
    assert beads.refused("prime")["code"] == "usage"
