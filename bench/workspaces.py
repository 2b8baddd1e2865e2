"""A workspace to measure: a town with one project, its remote beside it, commands as typed.

Made anew for each run, outside the tree; nothing of the user's own git or settings is read.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.result import percentile

BARE_MS: Final = 11.0  # a bare Python on this machine when it is idle
PYTHON: Final = (sys.executable, "-c", "")
RIG: Final = "api"
PREFIX: Final = "gt"
PERSON: Final = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


class Workspace:
    """A town at `root` with the project `api`, whose beads begin with `gt-`."""

    def __init__(self, place: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self.place = place
        self.root = place / "gt"
        self.origin = place / "api.git"
        programs = str(Path(sys.executable).parent)  # an agent calls gt
        self.env: dict[str, str] = {
            "HOME": str(place), "USER": "ada", "NO_COLOR": "1",
            "PATH": f"{programs}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(place / "state"), **PERSON,
        }  # fmt: skip
        self.git(place, "init", "-q", "--bare", "-b", "main", str(self.origin))
        seed = place / "seed"
        self.git(place, "clone", "-q", str(self.origin), str(seed))
        (seed / "README").write_text("hello\n", "utf-8")
        self.git(seed, "add", ".")
        self.git(seed, "commit", "-q", "-m", "first")
        self.git(seed, "push", "-q", "origin", "HEAD:refs/heads/main")
        self.gt("install", str(self.root), at=place)
        self.gt("rig", "add", RIG, str(self.origin), "--prefix", PREFIX)

    def git(self, at: Path, *argv: str, stdin: str = "") -> str:
        """What git printed there."""
        return subprocess.run(
            ["git", *argv], cwd=at, env=self.env, input=stdin, capture_output=True, text=True,
            check=True,
        ).stdout  # fmt: skip

    def say(self, name: str, told: Mapping[str, Any]) -> None:
        """The settings file has these at its top as well."""
        path = self.root / name
        old = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**old, **told}), "utf-8")

    def gt(self, *argv: str, at: Path | None = None) -> str:
        """What a line of `gt` printed, which ended well."""
        return self.typed(("gt", *argv), at=at)[0]

    def bd(self, *argv: str) -> str:
        """The same of `bd`."""
        return self.typed(("bd", *argv))[0]

    def typed(
        self, argv: Sequence[str], *, at: Path | None = None, env: Mapping[str, str] | None = None
    ) -> tuple[str, float]:
        """What a line printed, which ended well, and its milliseconds, start-up included."""
        words = argv if argv == PYTHON else (str(Path(sys.executable).parent / argv[0]), *argv[1:])
        start = time.perf_counter()
        done = subprocess.run(
            words, cwd=at or self.root, env={**self.env, **(env or {})}, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        took = (time.perf_counter() - start) * 1e3
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {done.stdout}{done.stderr}")
        return done.stdout, took

    def bare(self) -> float:
        """Milliseconds of a bare Python."""
        return self.typed(PYTHON)[1]

    def turns(
        self,
        lines: Sequence[Sequence[str]],
        *,
        at: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> tuple[float, float]:
        """Medians of these lines and of a bare Python right before each."""
        bare, own = [], []
        for line in lines:
            bare.append(self.bare())
            own.append(self.typed(line, at=at, env=env)[1])
        return percentile(own, 0.5), percentile(bare, 0.5)

    @contextlib.contextmanager
    def node(self) -> Iterator[None]:
        """Its node watches until the block ends."""
        self.gt("up", "--port", "0")
        try:
            yield
        finally:
            self.gt("down")


def met(took_ms: float, most_ms: float, bare_ms: float) -> bool:
    """Whether a command was as fast as it is to be, on a machine as busy as this."""
    return took_ms <= most_ms * max(1.0, bare_ms / BARE_MS)
