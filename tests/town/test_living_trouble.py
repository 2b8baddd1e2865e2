"""Workers that begin slowly, and one whose worktree is gone, in one town that lives on."""

import time

import pytest

from tests.town.living import AGENT, LivingTown, living_town
from tests.town.test_living_town import events
from tests.waiting import until

pytestmark = pytest.mark.slow
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


def test_slow_beginnings_and_lost_worktrees_end_merged(tmp_path):
    """Scenarios 12, 13: a fresh slow agent is left alone; a lost worktree is made again.

    The node is killed while the slow one begins: it is told once all the same. Without a worktree
    nothing is handed in and nothing committed elsewhere.
    """
    # Silent for much longer than others may be, and too young to be called so.
    with living_town(tmp_path, silent_s=0.4, grace_s=600) as town:
        # A program that needs long to begin, and is told by typing once it is ready.
        town.agent("slow", f"{town.gate()}; exec sh {AGENT}", provider="codex")
        node = town.up()
        slow = town.bead("Slow", "write S x; commit Add S; done", "--agent", "slow")
        until(lambda: [one for one in events(town) if one["type"] == "session_start"])
        begins_slowly(town, node)

        elsewhere = tmp_path / "work" / "api"
        (elsewhere / "mine").write_text("mine\n")
        before = town.prompt.git("rev-parse", "HEAD", at=elsewhere)
        script = town.journal.with_name("vanish.sh")
        script.write_text(VANISH.format(journal=town.journal, elsewhere=elsewhere))
        lost = town.bead("Lost", f"write A x; commit Add A; run sh {script}; done")

        until(lambda: town.closed(slow) and town.closed(lost))
        left_alone(town, slow)
        went_on(town, lost)
        assert town.prompt.git("rev-parse", "HEAD", at=elsewhere) == before
        assert town.prompt.git("status", "--porcelain", at=elsewhere) == "?? mine\n"
        assert {"S", "A"} <= town.files_on_main()
        assert len(town.on_main()) == 3


def begins_slowly(town: LivingTown, node: int) -> None:
    """The node is killed while a session begins, which goes on long after another node came up."""
    town.kill(node)
    until(lambda: not town.is_up())
    [begun] = town.gt("session", "list")["data"]["sessions"]
    town.up()
    time.sleep(SLOW_S)
    if not begun["ready_at"]:  # else the dead one was telling it, and nobody does so again
        until(lambda: told(town, begun["id"]))
    town.open_gate()


def told(town: LivingTown, session: str) -> int:
    """How often a session was told by typing."""
    kept = town.prompt.at / ".runtime" / "transcripts" / f"{session}.log"
    return kept.read_text("utf-8", "replace").count(TOLD)


def left_alone(town: LivingTown, bead: str) -> None:
    """One session did it, which nobody disturbed and which was told once."""
    mine = [row for row in town.sessions() if row[2] == bead]
    assert len(mine) == 1, events(town)  # who else began one, and why
    [(_, session, _, attempt)] = mine
    assert attempt == 1

    def kinds() -> set[str]:
        return {one["type"] for one in events(town) if one["payload"].get("session") == session}

    until(lambda: "session_end" in kinds())
    assert kinds() == {"session_start", "session_end"}
    assert told(town, session) <= 1


def went_on(town: LivingTown, bead: str) -> None:
    """Two sessions did it, the first of which could not hand in."""
    assert [row[3] for row in town.sessions() if row[2] == bead] == [1, 2]
    said = town.journal.with_name(f"{town.journal.name}.said").read_text()
    assert "work.worktree" in said
    assert said.endswith("exit 6\n")
