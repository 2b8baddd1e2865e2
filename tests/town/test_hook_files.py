"""Hook files: ours beside a person's, to the letter, again and again, and out without a trace."""

import json
import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.workspace.rows import MAYOR
from tests.few import FEW
from tests.town.towns import git, town_in
from town.agents import hook_files
from town.agents.address import Address, of_crew, of_polecat
from town.agents.hook_merging import merged, ours, removed
from town.agents.hook_scripts import SCRIPTS
from town.agents.jsonc import NotJsonError, parsed
from town.agents.presets import BY_NAME
from town.workspace.files import BadFileError, write_json

THE_MAYOR = Address(text=MAYOR, role=MAYOR)
CLAUDE, GEMINI, CURSOR, COPILOT = (
    BY_NAME[n].hooks for n in ("claude", "gemini", "cursor", "copilot")
)
JSONS = [CLAUDE, GEMINI, CURSOR, COPILOT]
PERSONS = """\
// mine, and mine alone
{
    "model": "opus", /* the good one */
    "hooks": {
        // say when it is done
        "Stop": [
            {"matcher": "", "hooks": [{"type": "command", "command": "say done"}]}, // loud
        ],
        "Notification": []
    },
    "zoo": [1, 2,   3]
}
"""


def calls(text: str, event: str) -> list[str]:
    """The commands under an event."""
    found = []
    for entry in parsed(text).value["hooks"].get(event, []):
        inner = entry.get("hooks", [entry])
        found += [one.get("command") or one.get("bash") for one in inner]
    return found


def test_claude_is_told_at_its_start_its_compaction_and_each_prompt():
    """Compaction never ends a session: it only tells again what stands on the hook."""
    text = merged(CLAUDE, "mayor", None)
    assert {event: calls(text, event) for event in json.loads(text)["hooks"]} == {
        "SessionStart": ["gt prime --hook"],
        "PreCompact": ["gt prime --hook"],
        "UserPromptSubmit": ["gt mail check --inject"],
        "PreToolUse": ["gt tap guard"],
        "Stop": ["gt tap turn"],
    }
    alone = merged(CLAUDE, "polecat", None)
    assert calls(alone, "SessionStart") == ["gt prime --hook && gt mail check --inject"]
    assert calls(alone, "PreCompact") == ["gt prime --hook"]


def test_copilot_has_its_four_events():
    """In `.github/hooks/gastown.json`, as its hooks are written."""
    assert COPILOT is not None
    assert COPILOT.path == ".github/hooks/gastown.json"
    told = json.loads(merged(COPILOT, "crew", None))
    assert told["version"] == 1
    assert list(told["hooks"]) == [
        "sessionStart",
        "userPromptSubmitted",
        "preToolUse",
        "sessionEnd",
    ]
    assert told["hooks"]["sessionStart"] == [
        {"type": "command", "bash": "gt prime --hook", "timeoutSec": 30}
    ]


@pytest.mark.parametrize("hooks", JSONS, ids=lambda hooks: hooks.provider)
@pytest.mark.parametrize("there", [None, "", "{}", PERSONS, '{"hooks": {}}', '{"a":1}'])
def test_what_a_person_wrote_stays_and_ours_goes_without_a_trace(hooks, there):
    """Merging twice is merging once; taking ours out gives the person's values back, in order."""
    text = merged(hooks, "polecat", there)
    assert merged(hooks, "polecat", text) == text
    assert ours(hooks, "polecat", text)
    before = parsed(there).value if there else {}
    after = parsed(text).value
    assert [key for key in after if key in before] == list(before)
    for key in before:
        if key != "hooks":
            assert after[key] == before[key]
    for event, entries in before.get("hooks", {}).items():
        assert after["hooks"][event][: len(entries)] == entries
    left = removed(hooks, text)
    rest = parsed(left).value if left is not None else {}
    beside = {} if "version" in before else {"version": 1}
    kept = {key: value for key, value in rest.items() if beside.get(key) != value}
    assert {**kept, "hooks": kept.get("hooks", {})} == {**before, "hooks": before.get("hooks", {})}
    if there == PERSONS:
        for comment in ("// mine, and mine alone", "/* the good one */", "// loud", "// say when"):
            assert comment in text
            assert comment in str(left)
        assert '"zoo": [1, 2,   3]' in text


def test_taking_ours_out_of_a_persons_file_gives_its_letters_back():
    """Where nothing of ours joined a list of the person's, the file is as it was."""
    there = '{\n  "model": "opus", // dear\n  "permissions": {"allow": [ "x" ]}\n}\n'
    assert removed(CLAUDE, merged(CLAUDE, "mayor", there)) == there


def test_an_older_entry_of_ours_is_replaced_and_a_persons_call_of_it_counts():
    """No session is told twice, whoever wrote the entry."""
    worker = merged(CLAUDE, "polecat", None)
    assert calls(merged(CLAUDE, "mayor", worker), "SessionStart") == ["gt prime --hook"]
    own = {"hooks": [{"type": "command", "command": "gt prime --hook"}, {"command": "say hi"}]}
    there = json.dumps({"hooks": {"SessionStart": [own]}})
    assert calls(merged(CLAUDE, "mayor", there), "SessionStart") == ["gt prime --hook", "say hi"]
    assert calls(removed(CLAUDE, merged(CLAUDE, "mayor", there)), "SessionStart") == [
        "gt prime --hook", "say hi",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "broken",
    ["{", "[]", "nonsense", '{"hooks": []}', '{"hooks": {"Stop": {}}}', '{"a" 1}', '{"a": 1} x',
     '{"a": 1 "b": 2}', "[" * 100, '{"a": nul}', "{1: 2}"],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(broken):
    """Nothing is guessed; the caller is told, and the file stays."""
    with pytest.raises(NotJsonError):
        merged(CLAUDE, "mayor", broken)


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@FEW
@given(
    st.dictionaries(st.text(max_size=5), values, max_size=4),
    st.sampled_from([None, 0, 2, "\t"]),
    st.sampled_from(JSONS),
)
def test_any_settings_come_out_as_they_went_in(settings, indent, hooks):
    """Whatever a person keeps beside the hooks, in whatever layout."""
    settings.pop("hooks", None)
    there = json.dumps(settings, indent=indent)
    text = merged(hooks, "crew", there)
    assert parsed(text).value == json.loads(text)
    assert {key: json.loads(text)[key] for key in settings} == settings
    assert merged(hooks, "crew", text) == text
    left = removed(hooks, text)
    found = json.loads(left) if left is not None else {}
    assert {**found, "version": 0} == {**settings, "version": 0} or found == {"version": 1}


@pytest.fixture
def town(tmp_path):
    """A town with a project and a worktree of a worker."""
    with town_in(tmp_path) as found:
        yield found


def worktree(town, name: str = "toast"):
    """A worker's worktree, made as every one is."""
    path = town.workspace.rig("api").polecats / name / "api"
    path.parent.mkdir(parents=True, exist_ok=True)
    git(
        town.workspace.rig("api").repository,
        "worktree",
        "add",
        "-q",
        "-b",
        name,
        str(path),
        "origin/main",
    )
    return path


def test_claude_is_pointed_to_a_file_outside_of_every_worktree(town):
    """One for the workers of a rig, one for its crew, one for the mayor."""
    desk = town.works().agents
    root = town.workspace.root
    claude = BY_NAME["claude"]
    for who, path in (
        (of_polecat("api", "toast"), "api/polecats/.claude/settings.json"),
        (of_crew("api", "ann"), "api/crew/.claude/settings.json"),
        (THE_MAYOR, "mayor/.claude/settings.json"),
    ):
        called = desk.called(who, claude, desk.folder(who))
        assert called.by_hooks
        assert called.settings == str(root / path)
        assert (root / path).is_file()


@pytest.mark.parametrize("name", ["gemini", "cursor", "copilot", "opencode", "pi", "omp"])
def test_what_must_lie_in_a_worktree_leaves_it_clean(town, name):
    """Git overlooks it; `gt done` will find nothing of ours to commit; it goes with its folders."""
    path = worktree(town)
    desk = town.works().agents
    who = of_polecat("api", "toast")
    place = desk.place(who, BY_NAME[name], path)
    assert hook_files.state_of(place, desk.around.git) == "missing"
    assert desk.called(who, BY_NAME[name], path).by_hooks
    assert place.path.is_file()
    assert git(path, "status", "--porcelain", "--untracked-files=all") == ""
    assert hook_files.state_of(place, desk.around.git) == "good"
    assert hook_files.take(place, desk.around.git)
    assert not hook_files.take(place, desk.around.git)
    assert sorted(one.name for one in path.iterdir()) == [".git", "README"]


def test_a_file_that_the_project_keeps_is_left_alone_and_the_session_told_by_typing(town):
    """What is in git stays as it is; so does a script of the person's under our name."""
    path = worktree(town)
    (path / ".gemini").mkdir()
    (path / ".gemini" / "settings.json").write_text('{"theme": "dark"}')
    git(path, "add", "-f", ".gemini")
    git(path, "commit", "-q", "-m", "theirs")
    (path / ".pi" / "extensions").mkdir(parents=True)
    (path / ".pi" / "extensions" / "gastown-hooks.js").write_text("// theirs\n")
    desk = town.works().agents
    who = of_polecat("api", "toast")
    for name in ("gemini", "pi"):
        assert not desk.called(who, BY_NAME[name], path).by_hooks
        place = desk.place(who, BY_NAME[name], path)
        assert not hook_files.take(place, desk.around.git)
    assert (path / ".gemini" / "settings.json").read_text() == '{"theme": "dark"}'
    assert (path / ".pi" / "extensions" / "gastown-hooks.js").read_text() == "// theirs\n"
    assert git(path, "status", "--porcelain") == ""


def test_a_broken_file_of_a_persons_stays_and_says_where_it_is(town):
    """The start of a session is refused with the file's name; not a letter of it was changed."""
    place = town.workspace.root / "mayor" / ".claude" / "settings.json"
    place.parent.mkdir(parents=True)
    place.write_text("{ broken")
    desk = town.works().agents
    with pytest.raises(BadFileError, match=r"settings\.json"):
        desk.called(THE_MAYOR, BY_NAME["claude"], desk.folder(THE_MAYOR))
    assert place.read_text() == "{ broken"


def test_hooks_are_listed_compared_brought_and_taken_at_a_prompt(prompt, town_root):
    """`list`, `diff`, `sync`, `remove`; a broken file keeps nobody else from theirs."""
    assert prompt.gt("hooks", "list").text.splitlines()[0].endswith("is not there yet")
    diff = prompt.gt("hooks", "diff").text
    assert "+++ b/mayor/.claude/settings.json" in diff
    assert '+            "command": "gt prime --hook"' in diff
    assert prompt.json("gt", "hooks", "sync")["data"]["hooks"][0]["changed"]
    assert prompt.gt("hooks", "diff").text == "every hook file is as it should be\n"
    assert not prompt.json("gt", "hooks", "sync")["data"]["hooks"][0]["changed"]
    path = town_root / "mayor" / ".claude" / "settings.json"
    assert prompt.json("gt", "hooks", "remove")["data"]["paths"] == [str(path)]
    assert not path.exists()
    path.parent.mkdir(parents=True)
    path.write_text("{")
    broken = prompt.json("gt", "hooks", "sync")
    assert (broken["exit"], broken["data"]["hooks"][0]["state"]) == (1, "broken")
    write_json(town_root / "settings" / "config.json", {"default_agent": "codex"})
    assert prompt.json("gt", "hooks", "list")["data"]["hooks"][0]["state"] == "none"


@pytest.fixture
def town_root(prompt):
    """A town that was just made; the prompt stands in it."""
    root = prompt.at / "gt"
    assert prompt.gt("install", str(root)).code == 0
    prompt.at = root
    return root


@pytest.mark.skipif(not shutil.which("node"), reason="no node")
@pytest.mark.parametrize("name", ["opencode", "pi"])
def test_a_script_calls_gt_as_its_runtime_would_have_it(tmp_path, name):
    """Run in a real JavaScript engine, with a `gt` that notes what it was called with."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    gt = bin_ / "gt"
    gt.write_text(
        '#!/bin/sh\necho "$*" >> "$CALLS"\n'
        'case "$*" in "tap guard") grep -q sudo && { echo "no sudo" >&2; exit 2; } ;;'
        ' *) echo "told by $1";; esac\nexit 0\n'
    )
    gt.chmod(0o755)
    (tmp_path / "plugin.mjs").write_text(SCRIPTS[name])
    (tmp_path / "run.mjs").write_text(OPENCODE if name == "opencode" else PI)
    env = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "GT_ROLE": "api/polecats/toast",
    }
    done = subprocess.run(
        ["node", str(tmp_path / "run.mjs")], env=env, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"told": "told by prime\ntold by mail", "blocked": "no sudo"}
    called = (tmp_path / "calls").read_text().splitlines()
    assert called == [
        "prime --hook", "mail check --inject", "tap guard", "tap guard", "tap turn",
    ]  # fmt: skip


OPENCODE = """
import { GasTown } from "./plugin.mjs";
const hooks = await GasTown({});
const system = [];
await hooks["experimental.chat.system.transform"]({}, { system });
let blocked = "";
await hooks["tool.execute.before"]({ tool: "bash" }, { args: { command: "ls" } });
try {
  await hooks["tool.execute.before"]({ tool: "bash" }, { args: { command: "sudo ls" } });
} catch (error) {
  blocked = error.message;
}
await hooks.event({ event: { type: "session.idle" } });
console.log(JSON.stringify({ told: system.join("").trim(), blocked }));
"""
PI = """
import plugin from "./plugin.mjs";
const on = {};
plugin({ on: (name, call) => (on[name] = call) });
await on.session_start();
const first = await on.before_agent_start();
const fine = await on.tool_call({ toolName: "bash", input: { command: "ls" } });
const stopped = await on.tool_call({ toolName: "bash", input: { command: "sudo ls" } });
await on.agent_end();
if (fine !== undefined) throw new Error("ls was stopped");
console.log(JSON.stringify({ told: first.message.content, blocked: stopped.reason }));
"""
