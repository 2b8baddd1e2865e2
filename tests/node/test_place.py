import sys

import platformdirs
import pytest

from town.node.place import SOCKET_PATH_BYTES_MAX, default_home, home_path, socket_path


def test_the_default_home_is_where_the_platform_keeps_data(monkeypatch, tmp_path):
    """The launcher's own rule, which imports nothing, agrees with platformdirs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    env = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    assert default_home(env) == platformdirs.user_data_dir("wasteland", appauthor=False)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS")
def test_without_xdg_the_default_home_is_in_dot_local(monkeypatch, tmp_path):
    """An unset or empty XDG_DATA_HOME means ~/.local/share."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    expected = platformdirs.user_data_dir("wasteland", appauthor=False)
    assert default_home({"HOME": str(tmp_path)}) == expected
    assert default_home({"HOME": str(tmp_path), "XDG_DATA_HOME": ""}) == expected


def test_home_is_the_option_then_the_variable_then_the_default(tmp_path):
    """`--home` beats WL_HOME, WL_HOME beats the platform's folder; all are absolute."""
    env = {"HOME": "/ann", "WL_HOME": "/ash"}
    cwd = str(tmp_path)
    assert home_path("here", cwd=cwd, env=env) == str(tmp_path / "here")
    assert home_path("", cwd=cwd, env=env) == "/ash"
    assert home_path("", cwd=cwd, env={"HOME": "/ann"}).startswith("/ann/")
    assert home_path("~/wl", cwd=cwd, env=env) == "/ann/wl"


def test_a_home_with_a_long_name_still_has_a_socket_that_fits(tmp_path):
    """The kernel's limit on socket paths never decides where a home may lie."""
    short, long = "/ash", "/long/" + "x" * 200
    assert socket_path(short) == "/ash/run/node.sock"
    assert len(socket_path(long)) <= SOCKET_PATH_BYTES_MAX
    assert socket_path(long) != socket_path(long + "y")
