from dataclasses import replace
from pathlib import Path

from cli.context import Call
from cli.output import show
from tests.cli.paper import Paper
from town.market.answer import Answer, Next, Stop

STEPS = tuple(
    Next(do=word, cmd=("wl", word, "w-3fa9"), label=f"what {word} is for")
    for word in ("wait", "unclaim", "browse")
)
ANSWER = Answer(schema="wl.v1.item", data={}, words=("asked   w-3fa9.",), next=STEPS)


def call(paper: Paper, *, tty: bool = False, env: dict | None = None) -> Call:
    def no_town(_):
        raise AssertionError("nothing is opened to print")

    return Call(
        argv=(), cwd=Path("/"), env=env or {}, terminal=paper, tty=(tty, tty, tty), town=no_town,
        columns=60,
    )  # fmt: skip


def test_next_steps_stay_whole_on_a_narrow_terminal_and_on_one_line_elsewhere():
    """A person can copy each; a script finds one line that begins with `next`."""
    paper = Paper()
    show(call(paper, tty=True, env={"NO_COLOR": "1"}), ANSWER, now=0)
    lines = paper.text.splitlines()
    assert len(lines) == 4
    assert all(len(line) <= 60 for line in lines)
    paper = Paper()
    show(call(paper), ANSWER, now=0)
    assert len(paper.text.splitlines()) == 2


def test_colour_is_for_terminals_and_only_where_nobody_refused_it():
    """NO_COLOR beats all, FORCE_COLOR beats the pipe, a dumb terminal has none."""
    for tty, env, coloured in (
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ):
        paper = Paper()
        show(call(paper, tty=tty, env=env), ANSWER, now=0)
        assert ("\x1b[" in paper.text) == coloured, (tty, env)


def test_a_stop_order_comes_first_and_changes_no_exit_code():
    """users 2: the next command of any kind says it, on standard error."""
    stop = Stop(
        code="claim.taken_back", item="w-1", short="w-1", agent="", words="rust took w-1 back.",
        told=('stop    rust took w-1 back: "no\x1b[2Jprogress".',), reason="no\x1b[2Jprogress",
    )  # fmt: skip
    paper = Paper()
    assert show(call(paper), replace(ANSWER, stop=(stop,)), now=0) == 0
    assert paper.talk == 'stop    rust took w-1 back: "no\\x1b[2Jprogress".\n'


def test_who_waits_at_a_terminal_sees_for_whom():
    """A line on standard error while a claim waits; none where nobody looks."""
    for tty, json, told in (
        (True, False, "asking  rust …\n"),
        (True, True, ""),
        (False, False, ""),
    ):
        paper = Paper()
        typed = call(paper, tty=tty)
        typed.wants.json = json
        typed.say("asking  rust …")
        assert paper.talk == told
