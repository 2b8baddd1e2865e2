"""A town whose node runs: lines are typed in processes of their own and done by the node."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house.children import measured
from tests.living import alive
from tests.town.prompt import Prompt
from tests.waiting import until
from town.node.home import Home
from town.node.lifecycle import running


def listening() -> None:
    """A line typed at a prompt hears Ctrl-C, also where this run was begun in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class RunningTown:
    """A prompt in a town that has a node."""

    def __init__(self, prompt: Prompt, root: Path) -> None:
        self.prompt = prompt
        self.root = root
        self.home = Home(root / ".wasteland")
        home = ("--home", str(self.home.path))
        assert prompt.type("wl", "init", "--handle", "rust", *home).code == 0
        self.up()

    def up(self) -> int:
        """The number of the node, which runs."""
        code, _, told = self.run(
            "wl", "up", "--detach", "--port", "0", "--home", str(self.home.path)
        )
        assert code == 0, told
        facts = running(self.home)
        assert facts is not None
        return facts.pid

    def killed(self) -> int:
        """The number that the node had: it was killed, and is gone."""
        pid = self.up()
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid))
        return pid

    def start(
        self, program: str, *argv: str, at: Path | None = None, **env: str
    ) -> "subprocess.Popen[str]":
        """The line was typed, and runs."""
        return subprocess.Popen(
            self.prompt.command(program, *argv), cwd=at or self.root, text=True,
            env=measured({**self.prompt.env, **env}),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=listening,  # noqa: PLW1509  # it sets one signal
        )  # fmt: skip

    def run(self, program: str, *argv: str, at: Path | None = None, **env: str):
        """The exit code, and what the line printed on both streams."""
        process = self.start(program, *argv, at=at, **env)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def json(self, program: str, *argv: str, **more) -> dict:
        """The envelope that the line printed."""
        code, out, err = self.run(program, *argv, "--json", **more)
        assert out, err
        return {**json.loads(out), "exit": code}

    def check_sound(self) -> None:
        """Raises where the doctor finds something bad."""
        self.prompt.at = self.root
        said = self.prompt.json("gt", "doctor")
        bad = [one for one in said["data"]["checks"] if one["status"] == "error"]
        if bad:
            raise AssertionError(f"the town is not sound: {bad}")

    def data(self, program: str, *argv: str, **more):
        """What the line answered, which was no error."""
        found = self.json(program, *argv, **more)
        assert found["error"] is None, found["error"]
        return found["data"]

    def down(self) -> None:
        """No node runs."""
        self.run("wl", "down", "--home", str(self.home.path))


@contextmanager
def running_town(prompt: Prompt, root: Path) -> Iterator[RunningTown]:
    """A town whose node runs until the block ends; the doctor finds nothing bad in it then."""
    found = RunningTown(prompt, root)
    try:
        yield found
    finally:
        found.down()
    found.check_sound()
