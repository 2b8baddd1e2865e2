"""Two histories of commands, played to ours and to the predecessor's `bd`: the JSON is the same."""

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.beads import TypedBeads

RECORDED = Path(__file__).parent.parent / "data" / "bd"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Where ours says something else on purpose, and why.
ON_PURPOSE = {
    "show gt-ccc --include-dependents": "theirs leaves fields of what depends on it out",
    "ready --include-deferred": "theirs never shows a bead whose status is deferred",
    "close gt-epi.2 --claim-next": "theirs shows what it claimed as it was before",
    "reopen gt-ddd": "it is not closed; theirs takes it from whoever works on it",
    "list --all": "ours says of what a closed bead is the duplicate",
    "list --all --sort closed": "likewise",
    "count --status open": "theirs leaves out what was a wisp once, and lists it",
    "defer gt-ddd": "no day is named; theirs keeps the one that was named before",
}
ON_PURPOSE_DAILY = {
    "list -p 0 -p 3": "theirs asks for the last of them only",
    "list --label-pattern [xy]": "theirs lists everything",
    "list --include-infra": "a gate is the town's own, too",
    "ready --label-any a,c": "theirs lists everything",
    "search --query context": "ours looks at descriptions, too",
    "search body": "likewise",
    "dep tree gt-sto --max-depth 1": "theirs shows no level at all",
    "graph --all": "ours has what was put aside, too; theirs has fields of formulas",
    "graph check": "theirs says null where there are none",
    "close gt-roo.1": "it is closed; theirs takes its reason away",
    "close gt-dec --claim-next": "theirs shows what it claimed as it was before",
    "rename gt-est gt-esti": "theirs says no JSON",
    "delete gt-fea gt-enh --force": "ours keeps what happened",
    "count --by-type": "theirs counts the town's own, and leaves out what was a wisp once",
    "update gt-spi -s closed --session ses-1": "theirs keeps neither the session nor a reason",
}
# Where only the form is the same: the words are ours.
OWN_WORDS = ("statuses", "types")


def plain(value: Any) -> Any:
    """The value without what differs each time; lists of beads in the order of their ids."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted((plain(item) for item in value), key=_key)
    if isinstance(value, str) and TIME.fullmatch(value):
        return "a time"
    return "a uuid" if isinstance(value, str) and UUID.fullmatch(value) else value


def form(value: Any) -> Any:
    """Keys and nesting of the value, and the type of what is in it."""
    if isinstance(value, dict):
        return {name: form(item) for name, item in value.items()}
    return [form(item) for item in value] if isinstance(value, list) else type(value).__name__


def _key(value: Any) -> str:
    bead = value.get("id", "") if isinstance(value, dict) else ""
    return f"{bead} {json.dumps(value, sort_keys=True)}"


@pytest.mark.parametrize("name", ["history.json", "daily.json"])
def test_what_ours_prints_is_what_a_script_for_the_predecessor_reads(tmp_path, name):
    """Keys, nesting and values are equal but for times and new ids; what it refuses, ours does."""
    different = []
    known = ON_PURPOSE if name == "history.json" else ON_PURPOSE_DAILY
    with closing(TypedBeads(tmp_path)) as beads:
        for step in json.loads((RECORDED / name).read_text()):
            line = " ".join(word for word in step["argv"] if word != "--json")
            paper = beads.type(*step["argv"], stdin=step.get("stdin", "").encode())
            if line in known:
                continue
            if step["exit"]:
                refused = paper.code and json.loads(paper.text)["error"]["code"]
                different += [] if refused else [f"{line}: not refused"]
                continue
            out = step["out"]
            ours = json.loads(paper.text) if not isinstance(out, str) else paper.text
            if line in OWN_WORDS:
                ours, out = form(ours), form(out)
            if paper.code or plain(ours) != plain(out):
                different.append(f"{line}:\n  ours   {plain(ours)}\n  theirs {plain(out)}")
    assert not different, "\n".join(different)
