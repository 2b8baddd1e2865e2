"""A town that lives: a node that watches, projects with a gate, and a shell script as the agent."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.town.prompt import Prompt
from town.node.home import Home
from town.node.lifecycle import running

AGENT = Path(__file__).with_name("agent.sh")
WORKER = {"command": "sh", "args": [str(AGENT)]}
QUICK = {"backoff_s": 0.2, "backoff_max_s": 0.4, "settle_s": 1.0}


class LivingTown:
    """A prompt in a town with the project `api`, whose beads begin with `ap-`."""

    def __init__(self, folder: Path, *, provider: str, session: Mapping[str, Any]) -> None:
        self.prompt = Prompt(folder)
        self.prompt.counted = False  # a question that is asked again and again need not count
        self.journal = folder / "journal"
        self.prompt.env["AGENT_JOURNAL"] = str(self.journal)
        self.origin = folder / "work" / "api.git"
        self.prompt.repository("api")
        self.prompt.at = folder / "work"
        self.done("install", str(folder / "work" / "gt"))
        self.prompt.at = folder / "work" / "gt"
        self.home = Home(self.prompt.at / ".wasteland")
        self.write("settings/config.json", {
            "session": {"provider": provider},
            "default_agent": "worker",
            "agents": {"worker": dict(WORKER)},
            "operational": {"session": {**QUICK, **session}},
        })  # fmt: skip
        self.done("rig", "add", "api", str(self.origin), "--prefix", "ap")
        self.write("api/settings/config.json", {"merge_queue": {
            "gates": {"whole": {"cmd": "test ! -e BROKEN", "timeout": "20s"}},
            "batch": {"batch_wait_time": "200ms"}, "poll_interval": "1s",
        }})  # fmt: skip

    def write(self, name: str, told: Mapping[str, Any]) -> None:
        """The settings file says this too."""
        path = self.prompt.at / name
        old = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**old, **told}), "utf-8")

    def gt(self, *argv: str) -> dict[str, Any]:
        """The envelope of a line of `gt`, which the node answers where one runs."""
        paper = self.prompt.asked("gt", *argv, "--json")
        assert paper.text.count("\n") == 1, (argv, paper.text)
        return {**json.loads(paper.text), "exit": paper.code}

    def done(self, *argv: str) -> dict[str, Any]:
        """The same of a line that must end well."""
        told = self.gt(*argv)
        assert told["exit"] == 0, (argv, told)
        return told

    def agent(self, name: str, script: str, **more: str) -> None:
        """Agents of this name are this script of the shell."""
        told = json.loads((self.prompt.at / "settings" / "config.json").read_text("utf-8"))
        one = {"command": "sh", "args": ["-c", script], **more}
        self.write("settings/config.json", {"agents": {**told["agents"], name: one}})

    def bead(self, title: str, script: str, *more: str) -> str:
        """A bead that was slung with this script for its agent."""
        made = self.prompt.spawn("bd", "create", title, "--prefix", "ap", "--silent")
        bead = made.stdout.strip()
        self.done("sling", bead, "api", "--args", script, *more)
        return bead

    def gate(self) -> str:
        """A command that ends when the gate is open."""
        script = self.journal.with_name("gate.sh")
        script.write_text(f"while ! test -e {self.journal}.open; do sleep 0.1; done\n", "utf-8")
        return f"sh {script}"

    def handing(self) -> str:
        """A script that hands its session on the first time, and is ended with it."""
        script = self.journal.with_name("handing.sh")
        first = f"test -e {self.journal}.on || {{ touch {self.journal}.on\n"
        script.write_text(f"{first}gt handoff -m left-this\nsleep 60\n}}\n", "utf-8")
        return str(script)

    def transcripts(self) -> list[str]:
        """What each session printed, in no order."""
        folder = self.prompt.at / ".runtime" / "transcripts"
        return [path.read_text("utf-8", "replace") for path in folder.glob("*")]

    def open_gate(self) -> None:
        """Everybody who waits goes on."""
        Path(f"{self.journal}.open").touch()

    def show(self, bead: str) -> dict[str, Any]:
        """The bead, as `bd show --json` has it."""
        found = json.loads(self.prompt.asked("bd", "show", bead, "--json").text)
        return found[0] if isinstance(found, list) else found

    def closed(self, bead: str) -> bool:
        """Whether the bead is closed."""
        return bool(self.show(bead)["status"] == "closed")

    def up(self) -> int:
        """The number of the node, which runs."""
        self.prompt.counted = True  # the node is what these tests are about
        told = self.prompt.line("gt", "up", "--port", "0")
        self.prompt.counted = False
        assert told["exit"] == 0, told
        return int(told["data"]["node"]["pid"])

    def down(self) -> dict[str, Any]:
        """What `gt down` said."""
        return self.prompt.line("gt", "down")

    def sessions(self) -> list[tuple[int, str, str, int]]:
        """(pid, session, bead, attempt) of every session that an agent began, in order."""
        if not self.journal.exists():
            return []
        rows = [line.split() for line in self.journal.read_text("utf-8").splitlines()]
        return [(int(pid), name, bead, int(attempt)) for pid, name, bead, attempt in rows]

    def on_main(self) -> list[tuple[str, str, str]]:
        """(author, address, subject) of the commits on the target, the newest first."""
        text = self.prompt.git("log", "--format=%an%x09%ae%x09%s", "main", at=self.origin)
        return [tuple(line.split("\t")) for line in text.splitlines()]  # type: ignore[misc]

    def files_on_main(self) -> set[str]:
        """The files of the target."""
        return set(self.prompt.git("ls-tree", "--name-only", "main", at=self.origin).split())

    def kill(self, pid: int) -> None:
        """kill -9."""
        os.kill(pid, signal.SIGKILL)

    def left(self) -> list[str]:
        """Programs that run in the town's folder, or name it."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd", "status"]):
            words = " ".join(process.info["cmdline"] or ())
            place = str(process.info["cwd"] or "")
            if process.info["status"] == psutil.STATUS_ZOMBIE:
                continue
            if str(self.prompt.at) in words or place.startswith(str(self.prompt.at)):
                found.append(words)
        return found

    def holds(self) -> None:
        """Every invariant of a town holds, and nothing of it is wrong."""
        told = self.gt("doctor")
        wrong = [one for one in told["data"]["checks"] if one["status"] == "error"]
        assert (told["exit"], wrong) == (0, []), told

    def is_up(self) -> bool:
        """Whether the node runs."""
        return running(self.home) is not None


@contextmanager
def living_town(folder: Path, *, provider: str = "process", **session: Any) -> Iterator[LivingTown]:
    """A town whose node is not up yet; it is whole in the end, and whatever is left is ended."""
    town = LivingTown(folder, provider=provider, session=session)
    try:
        yield town
        town.holds()
    finally:
        town.down()
