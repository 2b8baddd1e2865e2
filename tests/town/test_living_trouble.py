"""Workers that begin slowly, and one whose worktree is gone, in one town that lives on."""

import json
import time

import pytest

from tests.town.living import AGENT, LivingTown, living_town
from tests.town.test_living_town import events
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
SLOW_S = 4  # and as long as a node needs to be killed and begun anew
TOLD = "gt nudge deacon session-started"
VANISH = """\
test -e {journal}.gone && exit 0
touch {journal}.gone
rm -rf "$GT_POLECAT_PATH"
cd {elsewhere}
gt done >{journal}.said 2>&1
echo "exit $?" >>{journal}.said
exit 1
"""


def settings(town: LivingTown) -> None:
    """There is a program that needs long to begin, and is told by typing once it is ready."""
    text = f"{town.gate()}; exec sh {AGENT}"
    slow = {"command": "sh", "args": ["-c", text], "provider": "codex"}
    told = json.loads((town.prompt.at / "settings" / "config.json").read_text("utf-8"))
    town.write("settings/config.json", {"agents": {**told["agents"], "slow": slow}})


def slung(town: LivingTown, title: str, script: str, *more: str) -> str:
    """A bead on a worker's hook."""
    made = town.prompt.spawn("bd", "create", title, "--prefix", "ap", "--silent")
    bead = made.stdout.strip()
    town.done("sling", bead, "api", "--args", script, *more)
    return bead


def test_slow_beginnings_and_lost_worktrees_end_merged(tmp_path):
    """Scenarios 12, 13: a fresh slow agent is left alone; a lost worktree is made again.

    The node is killed while the slow one begins: it is told once all the same. Without a worktree
    nothing is handed in and nothing committed elsewhere.
    """
    # Silent for much longer than others may be, and too young to be called so.
    with living_town(tmp_path, silent_s=0.4, grace_s=60) as town:
        settings(town)
        node = town.up()
        slow = slung(town, "Slow", "write S x; commit Add S; done", "--agent", "slow")
        until(lambda: [one for one in events(town) if one["type"] == "session_start"])
        town.kill(node)
        until(lambda: not town.is_up())
        town.up()
        time.sleep(SLOW_S)
        town.open_gate()

        elsewhere = tmp_path / "work" / "api"
        (elsewhere / "mine").write_text("mine\n")
        before = town.prompt.git("rev-parse", "HEAD", at=elsewhere)
        script = town.journal.with_name("vanish.sh")
        script.write_text(VANISH.format(journal=town.journal, elsewhere=elsewhere))
        lost = slung(town, "Lost", f"write A x; commit Add A; run sh {script}; done")

        until(lambda: town.closed(slow) and town.closed(lost))
        left_alone(town, slow)
        went_on(town, lost)
        assert town.prompt.git("rev-parse", "HEAD", at=elsewhere) == before
        assert town.prompt.git("status", "--porcelain", at=elsewhere) == "?? mine\n"
        assert {"S", "A"} <= town.files_on_main()
        assert len(town.on_main()) == 3


def left_alone(town: LivingTown, bead: str) -> None:
    """One session did it, which nobody disturbed and which was told once."""
    mine = [row for row in town.sessions() if row[2] == bead]
    assert len(mine) == 1, events(town)  # who else began one, and why
    [(_, session, _, attempt)] = [row for row in town.sessions() if row[2] == bead]
    assert attempt == 1
    kinds = {one["type"] for one in events(town) if one["payload"].get("session") == session}
    assert kinds == {"session_start", "session_end"}
    assert sum(text.count(TOLD) for text in town.transcripts() if "Slow" in text) == 1


def went_on(town: LivingTown, bead: str) -> None:
    """Two sessions did it, the first of which could not hand in."""
    assert [row[3] for row in town.sessions() if row[2] == bead] == [1, 2]
    said = town.journal.with_name(f"{town.journal.name}.said").read_text()
    assert "work.worktree" in said
    assert said.endswith("exit 6\n")
