"""What an agent's session began and what left it: named when the town ends, and never ended."""

import os
import subprocess

from tests.living import alive
from tests.town.prompt import Prompt
from town.node.families import environment_of


class Becoming:
    """A process that shows nothing of itself for some looks, as one that becomes another does."""

    def __init__(
        self, looks: int, env: dict[str, str], words: tuple[str, ...] = ("sleep",)
    ) -> None:
        self.looks, self.env, self.words = looks, env, words

    def environ(self) -> dict[str, str]:
        """What it was told, once it is what it becomes."""
        self.looks -= 1
        return {} if self.looks >= 0 else self.env

    def cmdline(self) -> list[str]:
        """Its words, which are there as soon as that."""
        return [] if self.looks > 0 else list(self.words)

    def exe(self) -> str:
        """Its program, which it has all the time; the kernel's own have none."""
        return "/bin/sleep" if self.words else ""


def test_whoever_becomes_another_program_is_not_taken_for_one_that_was_told_nothing():
    """For a moment it shows neither what it was told nor its words; others are not waited for."""
    told = {"GT_ROLE": "mayor"}
    assert [environment_of(Becoming(looks, told)) for looks in (0, 1, 2, 3)] == [told] * 4
    assert environment_of(Becoming(0, {})) == {}
    assert environment_of(Becoming(9, told, words=())) == {}


def test_what_left_a_session_is_named_and_runs_on(tmp_path):
    """A daemon of an agent, by its number and who began it; nothing of another town."""
    prompt = Prompt(tmp_path)
    prompt.done("install", "gt")
    prompt.at /= "gt"
    env = {"PATH": os.environ["PATH"], "GT_SESSION_ID": "ses-1", "GT_ROLE": "api/polecats/rust"}
    argv = ["sleep", "600"]
    with (
        subprocess.Popen(argv, env={**env, "GT_ROOT": str(prompt.at)}) as ours,
        subprocess.Popen(argv, env={**env, "GT_ROOT": str(tmp_path)}) as others,
    ):
        data = prompt.done("down")
        text = prompt.gt("down").text
        assert alive(ours.pid)
        ours.kill()
        others.kill()
    assert (data["left"], [one["pid"] for one in data["strays"]]) == ([], [ours.pid])
    assert f"runs on {ours.pid}, begun by api/polecats/rust, which it has left: sleep 600" in text
