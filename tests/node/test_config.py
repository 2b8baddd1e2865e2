import pytest

from tests.house.tree import ROOT
from town.node.config import SETTINGS, Config, SettingError


def config(tmp_path, **env):
    return Config(tmp_path / "config.toml", env)


def test_every_setting_has_a_default_that_it_would_accept(tmp_path):
    """What is shown before anything was set could also have been set."""
    for setting in SETTINGS.values():
        assert setting.parse(str(setting.default)) == setting.default


def test_the_environment_beats_the_file_and_the_file_the_default(tmp_path):
    """Each value says which of the three it came from."""
    assert config(tmp_path).choose("node.port").origin == "default"
    config(tmp_path).put("node.port", "7400")
    from_file = config(tmp_path).choose("node.port")
    assert (from_file.value, from_file.origin) == (7400, "file")
    from_env = config(tmp_path, WL_NODE_PORT="0").choose("node.port")
    assert (from_env.value, from_env.origin) == (0, "environment")


def test_what_a_person_wrote_into_the_file_stays(tmp_path):
    """Setting one value keeps comments, order and names that this version does not know."""
    before = "# mine\n[node]\nport = 7400 # as on the other machine\n\n[later]\nname = 'x'\n"
    (tmp_path / "config.toml").write_text(before)
    config(tmp_path).put("node.listen", "0.0.0.0")  # noqa: S104
    config(tmp_path).unset("node.listen")
    assert (tmp_path / "config.toml").read_text() == before


def test_unset_goes_back_to_the_default(tmp_path):
    """After unset the value is what it was before anything was set."""
    config(tmp_path).put("sync.pull_s", "5")
    assert config(tmp_path).unset("sync.pull_s").origin == "default"
    assert config(tmp_path).number("sync.pull_s") == 30


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("node.port", "65536"),
        ("node.port", "http"),
        ("node.public_url", "wl.example.org"),
        ("sync.allow_private", "perhaps"),
        ("sync.pull_s", "0"),
        ("node.log_level", "loud"),
        ("node.nothing", "1"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_not_stored(tmp_path, name, said):
    """A refused value has code config.bad and leaves no file."""
    with pytest.raises(SettingError) as caught:
        config(tmp_path).put(name, said)
    assert caught.value.code == "config.bad"
    assert not (tmp_path / "config.toml").exists()


def test_a_name_nearly_right_gets_the_right_one_in_answer(tmp_path):
    """The error names the setting that was probably meant."""
    with pytest.raises(SettingError, match=r"node\.port"):
        config(tmp_path).choose("node.prot")


def test_a_damaged_file_is_named_and_never_replaced(tmp_path):
    """A file that is no TOML stops the command and stays as it is."""
    (tmp_path / "config.toml").write_text("node = [")
    with pytest.raises(SettingError):
        config(tmp_path).put("node.port", "1")
    assert (tmp_path / "config.toml").read_text() == "node = ["


def test_a_bad_value_in_the_environment_is_named_by_its_variable(tmp_path):
    """The person learns where to look."""
    with pytest.raises(SettingError, match="WL_NODE_PORT"):
        config(tmp_path, WL_NODE_PORT="x").number("node.port")


def test_every_setting_is_heeded_somewhere():
    """A setting that nothing reads would promise what does not happen."""
    sources = [
        file.read_text("utf-8")
        for package in ("cli", "town")
        for file in (ROOT / package).rglob("*.py")
        if file.name != "config.py"
    ]
    unread = [name for name in SETTINGS if not any(f'"{name}"' in text for text in sources)]
    assert unread == []
