"""Ctrl-C while a command's modules are read, typed at a prompt."""

import contextlib

import pytest

from tests.cli.towns import TypedTown


class Interrupted:
    """A field of a class in whose making somebody presses Ctrl-C."""

    def __set_name__(self, owner: type, name: str) -> None:
        raise KeyboardInterrupt


@contextlib.contextmanager
def opened(_call):
    """A module is read that makes such a class."""
    type("Made", (), {"field": Interrupted()})
    yield


@pytest.fixture
def rust(tmp_path):
    """A town without an account."""
    found = TypedTown(tmp_path, "rust")
    yield found
    found.town.close()


def test_ctrl_c_while_a_class_is_made_is_ctrl_c(rust):
    """Python 3.11 wraps it in an error of its own; a person sees neither, and the code is 130."""
    rust.opened_by = opened
    said = rust.type("browse")
    assert (said.code, said.text, said.talk) == (130, "", "")
