"""Settings: what there is, what a person may say, and what a file keeps."""

import json
import re
import threading

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house import tree
from town.hooks.slinging import FORMULA, WORKING_MAX
from town.node.watching import limits_of
from town.watch.deciding import Limits
from town.workspace.files import left_behind, put_aside, read_json, write_json, write_text
from town.workspace.layout import Workspace
from town.workspace.settings import (
    RigSettings,
    Runtime,
    SettingValueError,
    TownSettings,
    UnknownSettingError,
    at,
    found_wrong,
    keys_of,
    milliseconds,
    parsed,
    read,
)
from town.workspace.settings_file import (
    HERE,
    WORK_FORMULA,
    effective,
    not_yet,
    rig_settings,
    town_settings,
)

# The block as the README prints it.
README = '{"runtime": {"provider": "codex", "command": "codex", "args": [], "prompt_mode": "none"}}'
DEPTH = 100_000
SECONDS = (
    "backoff",
    "backoff_max",
    "silent",
    "interrupt_after",
    "restart_after",
    "settle",
    "grace",
)
# The least that the settings of numbers may be.
LEAST = {
    "scheduler.max_polecats": -(10**9),
    "scheduler.batch_size": 1,
    "operational.session.attempts_max": 1,
    "keep.transcripts_mb": 0,
    "keep.session_mb": 1,
    "keep.events_mb": 1,
    "keep.events_parts": 0,
    **{f"operational.session.{name}_s": 0 for name in SECONDS},
}


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """A workspace with nothing in it."""
    return Workspace(tmp_path)


@pytest.mark.parametrize(
    ("key", "said", "value"),
    [
        ("default_agent", "codex", "codex"),
        ("cli_theme", "dark", "dark"),
        ("scheduler.max_polecats", "-1", -1),
        ("scheduler.max_polecats", "4", 4),
        ("scheduler.spawn_delay", "90s", "90s"),
        ("worker_status.stale", "5m", "5m"),
        ("convoy.notify_on_complete", "on", True),
        ("convoy.notify_on_complete", "False", False),
        ("agents.mine", '{"command": "sh"}', {"command": "sh"}),
        ("role_agents.mayor", "gemini", "gemini"),
        ("runtime.args", "-a, b", ["-a", "b"]),
        ("runtime.args", '["a,b", "c"]', ["a,b", "c"]),
        ("runtime.env.PATH", "/bin", "/bin"),
        ("agent_email_domain", "x.example", "x.example"),
        ("operational.session.backoff_s", "0.2", 0.2),
        ("operational.session.silent_s", "60", 60.0),
    ],
)
def test_what_a_person_types_becomes_a_value(key, said, value):
    """Numbers, truths, lengths of time, lists and tables are read as what they are."""
    assert parsed(TownSettings, key, said) == value


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("cli_theme", "pink"),
        ("scheduler.max_polecats", "many"),
        ("scheduler.max_polecats", "--1"),
        ("scheduler.max_polecats", "9" * 5_000),
        ("scheduler.batch_size", "0"),
        ("scheduler.spawn_delay", "5"),
        ("scheduler.spawn_delay", "-5m"),
        ("convoy.notify_on_complete", "maybe"),
        ("agents", "[]"),
        ("agents", "{" * 50),
        ("role_agents", '{"mayor": 1}'),
        ("runtime.args", "[1]"),
        ("runtime.args", "[" * DEPTH),
        ("default_agent", "x" * 10_001),
        ("operational.session.backoff_s", "-1"),
        ("operational.session.backoff_s", "nan"),
        ("operational.session.backoff_s", "1e9"),
    ],
)
def test_a_value_that_cannot_be_is_refused(key, said):
    """The error names the setting and says what could be."""
    with pytest.raises(SettingValueError) as caught:
        parsed(TownSettings, key, said)
    assert caught.value.key == key
    assert len(str(caught.value)) < 2 * DEPTH


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("scheduler.max_polecat", "scheduler.max_polecats"),
        ("default_agents", "default_agent"),
        ("schedulr.batch_size", "scheduler.batch_size"),
        ("scheduler", "scheduler.max_polecats"),
        ("default_agent.x", "default_agent"),
        ("convoy.", "convoy.notify_on_complete"),
        ("role_agents.", ""),
        ("", ""),
        (".", ""),
    ],
)
def test_a_key_that_nobody_knows_is_refused_with_those_near_it(key, near):
    """A slip of the fingers is answered with what was meant, or with all there is."""
    with pytest.raises(UnknownSettingError) as caught:
        parsed(TownSettings, key, "x")
    assert near in str(caught.value)
    if near:
        assert near in caught.value.near


def test_every_setting_has_a_default_that_may_be_said():
    """Whatever is listed can be set to what it is; nothing is listed that cannot."""
    for kind in (TownSettings, RigSettings):
        whole = json.loads(json.dumps(read(kind, {}), default=_plain))
        for key in keys_of(kind):
            value = whole
            for part in key.split("."):
                value = value[part]
            said = value if isinstance(value, str) else json.dumps(value)
            assert parsed(kind, key, said) == value


def _plain(value):
    return {name: getattr(value, name) for name in value.__struct_fields__}


def test_the_block_of_the_readme_is_read_as_it_stands(workspace):
    """`runtime` of a rig, exactly as people have it in their files."""
    folder = workspace.rig("api")
    write_text(folder.settings, README)
    assert rig_settings(folder).read().runtime == Runtime(
        provider="codex", command="codex", args=(), prompt_mode="none"
    )


def test_a_person_s_fields_and_their_order_stay(workspace):
    """Setting and unsetting touch one field; what we do not know is kept where it stood."""
    file = town_settings(workspace)
    mine = {"zebra": [1, {"a": None}], "scheduler": {"mine": "ü", "batch_size": 2}, "apple": 1.5}
    write_json(workspace.settings, mine)
    file.set("scheduler.max_polecats", "3")
    file.set("default_agent", "amp")
    told = read_json(workspace.settings)
    assert list(told) == ["zebra", "scheduler", "apple", "default_agent"]
    assert told["scheduler"] == {"mine": "ü", "batch_size": 2, "max_polecats": 3}
    assert file.unset("scheduler.max_polecats")
    assert not file.unset("scheduler.max_polecats")
    assert file.unset("default_agent")
    assert read_json(workspace.settings) == mine
    assert file.set("convoy.notify_on_complete", "yes") is True
    assert file.unset("convoy.notify_on_complete")
    assert read_json(workspace.settings) == mine  # no empty table is left


def test_a_link_and_a_mode_of_a_person_stay(workspace, tmp_path):
    """A file that is kept elsewhere is changed there; its mode is what it was."""
    elsewhere = tmp_path / "dotfiles" / "town.json"
    write_json(elsewhere, {})
    elsewhere.chmod(0o640)
    workspace.settings.parent.mkdir()
    workspace.settings.symlink_to(elsewhere)
    town_settings(workspace).set("default_agent", "pi")
    assert workspace.settings.is_symlink()
    assert read_json(elsewhere)["default_agent"] == "pi"
    assert elsewhere.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("text", ["{", "[]", "\xff", "[" * DEPTH, "nul", ""])
def test_a_file_that_is_none_is_refused_and_stays(workspace, text):
    """Neither reading nor setting guesses; the bytes are what they were."""
    workspace.settings.parent.mkdir()
    raw = text.encode("latin-1")
    workspace.settings.write_bytes(raw)
    for act in ("read", "listed"):
        with pytest.raises(Exception, match=r"config\.json") as caught:
            getattr(town_settings(workspace), act)()
        assert caught.value.code == "workspace.file"
    with pytest.raises(Exception, match=r"config\.json"):
        town_settings(workspace).set("default_agent", "x")
    assert workspace.settings.read_bytes() == raw


def test_a_table_where_a_word_stands_is_refused(workspace):
    """`scheduler` as a word cannot get a field; the file stays."""
    write_json(workspace.settings, {"scheduler": "off"})
    with pytest.raises(Exception, match="scheduler is no object"):
        town_settings(workspace).set("scheduler.max_polecats", "2")
    assert read_json(workspace.settings) == {"scheduler": "off"}
    assert [wrong.key for wrong in found_wrong(TownSettings, {"scheduler": "off"})] == ["scheduler"]


def test_of_many_who_set_at_once_nobody_is_lost(workspace):
    """Twenty writers of twenty keys: every value is in the file, and no half file is left."""
    file = town_settings(workspace)
    threads = [
        threading.Thread(target=file.set, args=(f"role_agents.role{number}", f"agent{number}"))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = read_json(workspace.settings)["role_agents"]
    assert told == {f"role{number}": f"agent{number}" for number in range(20)}
    assert [path.name for path in workspace.settings.parent.iterdir()] == ["config.json"]


def test_layers_count_from_the_rig_to_the_default(workspace):
    """A rig's own value, else the town's, else the default; each layer says what it says."""
    folder = workspace.rig("api")
    town_settings(workspace).set("default_agent", "gemini")
    town_settings(workspace).set("runtime.command", "wrap")
    rig_settings(folder).set("merge_queue.batch.max_batch_size", "2")

    def one(key):
        return next(one for one in effective(workspace, folder) if one.key == key)

    assert (one("agent").value, one("agent").layer) == ("gemini", "town")
    assert (one("runtime.command").value, one("runtime.command").layer) == ("wrap", "town")
    batch = one("merge_queue.batch.max_batch_size")
    assert (batch.value, batch.layer, batch.layers["default"]) == (2, "rig", 5)
    rig_settings(folder).set("agent", "amp")
    assert one("agent").layers == {"rig": "amp", "town": "gemini", "default": ""}
    town_settings(workspace).unset("default_agent")
    rig_settings(folder).unset("agent")
    assert (one("agent").value, one("agent").layer) == ("claude", "default")
    assert len(effective(workspace, folder)) == len(keys_of(RigSettings))


KEYS = st.sampled_from([*keys_of(TownSettings), "x", "y.z"])


@given(st.dictionaries(KEYS, st.integers(-(10**6), 10**6)))
def test_what_is_wrong_in_a_file_is_found_by_its_key(told):
    """Every wrong or unknown field is named, and a file without any is read."""
    nested: dict = {}
    for key, value in told.items():
        *above, last = key.split(".")
        inner = nested
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = value
    wrong = {one.key for one in found_wrong(TownSettings, nested)}
    fine = {key for key, value in told.items() if key in LEAST and value >= LEAST[key]}
    # A table of the file that nobody knows is named as a whole.
    assert wrong == {key.split(".")[0] if key == "y.z" else key for key in told.keys() - fine}
    if not wrong:
        assert read(TownSettings, nested)


def test_the_watch_waits_as_long_as_the_settings_say():
    """What is shown as a default is what the watch goes by, and what is set is too."""
    shown = msgspec.to_builtins(TownSettings())
    assert limits_of(shown) == Limits()
    assert RigSettings().operational.polecat.working_max == WORKING_MAX
    set_ = {"operational": {"session": {"backoff_s": 0.5, "attempts_max": 7}}}
    assert read(TownSettings, set_).operational.session.backoff_s == 0.5
    assert limits_of(set_) == Limits(backoff_us=500_000, attempts_max=7)
    times = {"backoff_s": float("inf"), "settle_s": "1", "silent_s": 1e300, "grace_s": -1.0}
    odds: list[object] = ["x", [], {"session": []}, {"session": times}]
    for odd in (*odds, {"session": {"attempts_max": True}}):
        assert limits_of({"operational": odd}) == Limits()


def test_lengths_of_time_are_as_long_as_they_say():
    """From milliseconds to days."""
    assert [milliseconds(one) for one in ("5ms", "90s", "2m", "1h", "1d")] == [
        5, 90_000, 120_000, 3_600_000, 86_400_000,
    ]  # fmt: skip


def test_only_files_of_dead_writers_are_left_behind(tmp_path):
    """A name that a living process writes, or that merely looks alike, is not."""
    import os  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    dead = subprocess.Popen(["true"])
    dead.wait()
    names = {
        f".config.json.{dead.pid}.0": True,
        f".config.json.{os.getpid()}.1": False,
        ".config.json.1.2.3x": False,
        "config.json.999.1": False,
        ".gitignore": False,
        ".a.b.c": False,
    }
    for name in names:
        (tmp_path / name).write_text("")
    assert {name: left_behind(tmp_path / name) for name in names} == names


def test_what_is_put_aside_overwrites_nothing(tmp_path):
    """Each gets a name of its own."""
    path = tmp_path / "a.json"
    for number in (1, 2):
        path.write_text(str(number))
        assert put_aside(path).read_text() == str(number)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.json.aside-1", "a.json.aside-2"]


@pytest.mark.parametrize(
    ("key", "said", "wants"),
    [
        ("scheduler.max_polecats", "many", "a whole number"),
        ("scheduler.batch_size", "0", "a whole number, at least 1"),
        ("convoy.feed", "perhaps", "true or false"),
        ("cli_theme", "blue", "one of auto, dark, light"),
        ("agents", "x", "an object of JSON"),
        ("runtime.args", "[1]", "a list, between commas or as JSON"),
        ("scheduler.spawn_delay", "soon", "a length of time, as 90s, 5m, 4h or 1d"),
    ],
)
def test_a_wrong_value_is_told_what_there_could_be(key, said, wants):
    """In a person's words, not in those of a type."""
    with pytest.raises(SettingValueError, match=f": {wants}$"):
        parsed(TownSettings, key, said)


def test_a_formula_that_is_not_here_is_refused_and_kept_where_a_file_has_it(workspace):
    """`workflow.default_formula` can be what there is; another town's file is read all the same."""
    file = rig_settings(workspace.rig("api"))
    assert WORK_FORMULA == FORMULA
    assert file.set("workflow.default_formula", FORMULA) == FORMULA
    with pytest.raises(SettingValueError, match=f"only nothing, {FORMULA} means something"):
        file.set("workflow.default_formula", "shiny")
    assert not_yet(file.told()) == []
    write_json(file.path, {"workflow": {"default_formula": "shiny"}})
    assert file.read().workflow.default_formula == "shiny"
    (told,) = not_yet(file.told())
    assert told.startswith("workflow.default_formula is 'shiny'")
    for key, there in HERE.items():
        kind = RigSettings if key in keys_of(RigSettings) else TownSettings
        assert at(kind(), key) in there, key  # what is by default is here


def test_every_setting_is_read_by_somebody():
    """A setting that can be set to what it likes, and that no code looks at, is none."""
    keys = {
        key: key.rpartition(".")[2] for kind in (TownSettings, RigSettings) for key in keys_of(kind)
    }
    code = "\n".join(
        path.read_text("utf-8")
        for path in tree.python_files()
        if path.parts[-2:] != ("workspace", "settings.py") and "tests" not in path.parts
    )
    words = set(re.findall(r"(?:\.|[\"'])([a-z_]+)\b", code))
    assert {key for key, last in keys.items() if last not in words} - set(HERE) == set()
