"""Plain options are read as Typer's own library would read them, without loading it."""

from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer._click.exceptions import BadParameter
from typer._coercion import build_runtime_param, resolve_type_descriptor
from typer.models import OptionInfo

from cli.app import command_tree
from cli.plain import PLAIN, Plain, read_plainly
from tests.few import FEW

ANY = st.one_of(
    st.text(), st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), st.binary(),
    st.from_regex(r"\A[ +-]?[0-9_]{1,12}\Z"), st.sampled_from(["yes", "0", "off", "-1", "\udc80"]),
    st.lists(st.text()), st.lists(st.integers()).map(tuple),
)  # fmt: skip


def option_of(kind, info):
    """An option as a command has it, its own way of reading not made yet."""
    several = kind == list[str]
    described = resolve_type_descriptor(kind, info)
    return SimpleNamespace(
        type_descriptor=described, multiple=several, nargs=1, _runtime_param=None
    )


def read(reader, value, option):
    """What came of the value: itself, or the words that refused it."""
    try:
        found = reader.coerce(value, option, None)
    except BadParameter as error:
        return error.message
    return type(found), found


LIMITS: list[dict[str, int]] = [{}, {"min": 0}, {"min": 1, "max": 99}]
OPTIONS = [option_of(kind, OptionInfo(**limits)) for kind in PLAIN for limits in LIMITS]
LIBRARY = [build_runtime_param(option.type_descriptor) for option in OPTIONS]
read_plainly(OPTIONS)


@FEW
@given(value=ANY)
@example(value="0")
@example(value="100")
@example(value="\u0663")  # a digit, in another script
@example(value=True)
def test_an_option_is_read_as_the_library_reads_it(value):
    """Text, numbers, yes or no and several texts; also what is refused, and in which words."""
    for option, library in zip(OPTIONS, LIBRARY, strict=True):
        assert isinstance(option._runtime_param, Plain)
        assert read(option._runtime_param, value, option) == read(library, value, option)


def test_what_is_not_plain_is_left_to_the_library():
    """A parser of one's own, and a number that is moved into its limits."""
    options = [option_of(str, OptionInfo(parser=str.upper)), option_of(int, OptionInfo(clamp=True))]
    read_plainly(options)
    assert [option._runtime_param for option in options] == [None, None]


def options_below(command):
    """Every option of a command and of those under it."""
    context = SimpleNamespace(help_option_names=["--help"], meta={})
    yield from command.get_params(context)
    for name in getattr(command, "list_commands", lambda _: ())(context):
        yield from options_below(command.get_command(context, name))


@pytest.mark.parametrize("program", ["wl", "gt", "bd"])
def test_every_option_of_the_programs_is_plain(program):
    """One that is not would make each start of its command a third slower."""
    options = list(options_below(command_tree(program)))
    assert len(options) > 100
    assert [option.name for option in options if not isinstance(option._runtime_param, Plain)] == []
