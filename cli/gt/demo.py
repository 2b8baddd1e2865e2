"""`gt demo`: from nothing to a merged convoy, on this machine, with what a person would see.

It makes two local repositories, a town, workers that are shell scripts, and four beads. One worker
is killed in the midst of its work, one breaks a gate. Each fact that it shows is checked, and no
process is left. It touches no town of yours and no network.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.context import Call
from cli.demo_town import DemoTown, expect, left_in
from cli.output import envelope
from cli.tree import Command, call_of, example, new_module

app = new_module()

AGENT: Final = Path(__file__).with_name("demo_agent.sh")
LAND_S: Final = 300.0
POLL_S: Final = 0.5
GATES: Final = {
    "gates": {"whole": {"cmd": "test ! -e BROKEN", "timeout": "5m"}},
    "batch": {"batch_wait_time": "2s"},
}
BEADS: Final = (
    ("ap", "Say hello", "write hello.txt hello\ncommit Say hello"),
    ("ap", "Survive a crash", "write a.txt half\ndie-once\nwrite b.txt whole\ncommit Survive"),
    ("we", "Break the gate first", "write page.txt page\nbreak-once\ncommit Add the page"),
    ("we", "Take a while", "write slow.txt slow\nsleep 2\ncommit Take a while"),
)


@app.command(cls=Command)
@example("gt demo", "gt demo --keep DIR")
def demo(
    ctx: typer.Context,
    *,
    keep: Annotated[str, typer.Option("--keep", help="Leave everything in this folder.")] = "",
) -> int:
    """Watch a town merge four beads with three scripted workers, one killed, one wrong."""
    call = call_of(ctx)
    folder = call.path(keep) if keep else Path(tempfile.mkdtemp(prefix="gt-demo-"))
    (folder / "user").mkdir(parents=True, exist_ok=True)
    story = Story(folder.resolve(), call)
    try:
        story.tell()
    finally:
        story.end()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if call.wants.json:
        call.terminal.out(envelope("gt.v1.demo", data=story.facts))
    return 0


class Prompt(DemoTown):
    """Where a person types `gt` and `bd`: in the town, once there is one."""

    __slots__ = ()

    @property
    def place(self) -> Path:
        """The town's root, or the folder that it will lie in."""
        root = self.folder / "gt"
        return root if root.is_dir() else self.folder

    def environment(self) -> dict[str, str]:
        """Nothing of the user's own town, and our programs on the path."""
        env = super().environment()
        own = str(Path(sys.executable).parent)
        return {name: one for name, one in env.items() if name != "WL_HOME"} | {
            "PATH": f"{own}:{env.get('PATH', '')}",
            "GIT_CONFIG_NOSYSTEM": "1",
            "SHELL": "/bin/sh",
        }


class Story:
    """The steps, in order."""

    def __init__(self, folder: Path, call: Call) -> None:
        self.folder = folder
        self.say: Callable[[str], None] = _silent if call.wants.json else call.terminal.out
        self.facts: dict[str, Any] = {}
        prompts = {
            name: Prompt(name="you", folder=folder, env=call.env, say=self.say, program=name)
            for name in ("gt", "bd")
        }
        self.gt, self.bd = prompts["gt"], prompts["bd"]

    def tell(self) -> None:
        """Every step happened and every fact held."""
        self.make_repositories()
        self.make_town()
        beads = self.file_beads()
        self.work(beads)
        self.look(beads)
        self.go_home()

    def heading(self, text: str) -> None:
        """The next part of the story."""
        self.say(f"\n# {text}\n")

    def git(self, at: Path, *argv: str) -> str:
        """What git printed there."""
        return subprocess.run(  # noqa: S603
            ["git", *argv],  # noqa: S607
            cwd=at,
            env=self.gt.environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def make_repositories(self) -> None:
        """Two projects, each a bare repository with one commit, as on any host."""
        self.git(self.folder, "config", "--global", "user.name", "You")
        self.git(self.folder, "config", "--global", "user.email", "you@example.org")
        for name in ("api", "web"):
            seed = self.folder / f"{name}-seed"
            seed.mkdir()
            self.git(seed, "init", "-q", "-b", "main")
            (seed / "README").write_text(f"{name}\n", "utf-8")
            self.git(seed, "add", ".")
            self.git(seed, "commit", "-q", "-m", "first")
            self.git(self.folder, "clone", "-q", "--bare", str(seed), f"{name}.git")

    def make_town(self) -> None:
        """A workspace, two projects with a gate each, and workers that are shell scripts."""
        self.heading("A town, two projects, and an agent that is a shell script")
        self.gt.type("install", str(self.folder / "gt"))
        for name, prefix in (("api", "ap"), ("web", "we")):
            self.gt.type("rig", "add", name, str(self.folder / f"{name}.git"), "--prefix", prefix)
            settings = self.folder / "gt" / name / "settings" / "config.json"
            told = json.loads(settings.read_text("utf-8")) | {"merge_queue": GATES}
            settings.write_text(json.dumps(told, indent=2), "utf-8")
        self.gt.type("config", "agent", "set", "worker", f"sh {AGENT}")
        self.gt.type("config", "default-agent", "worker")

    def file_beads(self) -> list[str]:
        """Four beads, followed as one convoy."""
        self.heading("Four beads in two projects, followed as one convoy")
        beads = []
        for prefix, title, words in BEADS:
            made = self.bd.type("create", title, "--prefix", prefix, "-d", words, "--silent")
            beads.append(made.out.strip())
        self.gt.type("convoy", "create", "Feature X", *beads, "--notify", "--human")
        return beads

    def work(self, beads: list[str]) -> None:
        """The town gives the beads to workers by itself, until all are merged."""
        self.heading(
            "The town begins to watch: it gives out what is ready, and merges what is done"
        )
        self.gt.type("up", "--port", "0")
        begun = time.monotonic()
        self._until("somebody works", lambda: len(self._hooks()) > 1 or self._closed(beads))
        self.gt.type("hook", "--all")
        self._until("all four are closed", lambda: self._closed(beads))
        self.facts["seconds"] = round(time.monotonic() - begun, 1)
        self._until("the convoy has landed", self._landed)

    def _hooks(self) -> list[Any]:
        found: list[Any] = self.gt.ask("hook", "--all")["hooks"]
        return found

    def _closed(self, beads: list[str]) -> bool:
        seen = self.bd.finish(self.bd.begin("show", *beads, "--json"))
        return all(bead["status"] == "closed" for bead in json.loads(seen.out))

    def _landed(self) -> bool:
        return not self.gt.ask("convoy", "list")["convoys"]

    def _until(self, what: str, so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LAND_S
        while not so():
            expect(what, holds=time.monotonic() < deadline, seen=f"not within {LAND_S:.0f} s")
            time.sleep(POLL_S)

    def look(self, beads: list[str]) -> None:
        """What is on main, who did it, what the gate found, who was told."""
        self.heading("What came of it")
        self.gt.type("convoy", "list", "--all")
        self.bd.type("list", "--all")
        for name in ("api", "web"):
            log = self.git(self.folder / f"{name}.git", "log", "--format=%an  %s", "main")
            self.say(f"\n[you]$ git -C {name}.git log --format='%an  %s' main\n{log}")
        self.gt.type("seance")
        self.gt.type("mail", "inbox")
        self._prove(beads)

    def _prove(self, beads: list[str]) -> None:
        files = {"api": ("hello.txt", "a.txt", "b.txt"), "web": ("page.txt", "slow.txt")}
        for name, expected in files.items():
            listed = self.git(self.folder / f"{name}.git", "ls-tree", "--name-only", "main").split()
            promise = f"{name}'s main has all the work, and nothing that broke its gate"
            expect(promise, holds={*expected} <= {*listed} - {"BROKEN"}, seen=listed)
            expect("the gate was never passed by", holds="BROKEN" not in listed, seen=listed)
        sessions = self.gt.ask("seance", "-n", "50")["sessions"]
        expect("the killed one was begun anew", holds=len(sessions) > len(beads), seen=sessions)
        self.facts |= {"beads": beads, "sessions": len(sessions)}

    def go_home(self) -> None:
        """The town ends, and no process is left."""
        self.heading("And home")
        self.gt.type("down")
        left = left_in(self.folder)
        self.say(f"\n{len(left)} processes left\n")
        expect("no process is left", holds=not left, seen=left)
        self.facts["left"] = 0

    def end(self) -> None:
        """Whatever happened, nothing that was begun here still runs."""
        if (self.folder / "gt" / ".wasteland").is_dir():
            self.gt.finish(self.gt.begin("down"))


def _silent(text: str) -> None:
    del text
