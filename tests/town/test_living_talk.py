"""Convoys, mail and nudges in a town that lives: a node, real sessions, a script as the agent."""

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.town.living import LivingTown, living_town
from tests.waiting import until

pytestmark = pytest.mark.slow
PROVIDERS = [
    "process",
    pytest.param("tmux", marks=pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")),
]
ALL_DO = "run touch $GT_BEAD; commit Work; done"


def read(town: LivingTown, name: str) -> dict:
    """What a settings file says."""
    found: dict = json.loads((town.prompt.at / name).read_text("utf-8"))
    return found


def runs(town: LivingTown, script: str) -> None:
    """Every agent of the town does this, whatever is asked of it."""
    worker = read(town, "settings/config.json")["agents"]["worker"]
    town.write("settings/config.json", {
        "agents": {"worker": {**worker, "env": {"AGENT_SCRIPT": script}}},
    })  # fmt: skip


def add_web(town: LivingTown) -> None:
    """A second project, whose beads begin with `we-`."""
    work = town.prompt.at
    town.prompt.at = work.parent
    town.prompt.repository("web")
    town.prompt.at = work
    told = town.gt("rig", "add", "web", str(work.parent / "web.git"), "--prefix", "we")
    assert told["exit"] == 0, told
    town.write("web/settings/config.json", read(town, "api/settings/config.json"))


def made(town: LivingTown, title: str, prefix: str) -> str:
    """A bead that nobody was given."""
    found = town.prompt.spawn("bd", "create", title, "--prefix", prefix, "--silent")
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_a_convoy_across_two_projects_is_fed_merged_and_landed(tmp_path):
    """Scenario 22: nobody slings: what is ready is given out, then what waited; one letter."""
    with living_town(tmp_path) as town:
        add_web(town)
        runs(town, ALL_DO)
        beads = [made(town, "A", "ap"), made(town, "B", "ap"), made(town, "C", "we")]
        assert town.prompt.spawn("bd", "dep", "add", beads[1], beads[0]).returncode == 0
        convoy = town.gt("convoy", "create", "Both", *beads, "--notify")["data"]
        reasons = {one["id"]: one["reason"] for one in convoy["tracked"]}
        assert reasons == {
            beads[0]: "nobody-dispatches", beads[1]: "blocked", beads[2]: "nobody-dispatches",
        }  # fmt: skip
        town.up()
        until(lambda: town.gt("convoy", "show", convoy["id"])["data"]["status"] == "closed")
        shown = town.gt("convoy", "show", convoy["id"])["data"]
        assert (shown["completed"], shown["total"]) == (3, 3)
        assert {beads[0], beads[1]} <= town.files_on_main()
        began = [bead for _, _, bead, _ in town.sessions()]
        assert sorted(began) == sorted(beads)
        assert began.index(beads[0]) < began.index(beads[1])
        for box in ((), ("mayor/",)):
            letters = town.gt("mail", "inbox", *box)["data"]["messages"]
            assert [one["subject"] for one in letters] == ["Convoy landed: Both"]


PRINTS = """
import time
while True:
    print("working", flush=True)
    time.sleep(0.2)
"""


def turns(folder: Path, count: int) -> str:
    """A script that prints all the while and works in turns, whose two hooks ask at once."""
    script, prints = folder / "turns.sh", folder / "prints.py"
    prints.write_text(PRINTS)  # begins no process for each word, for which it might have to wait
    script.write_text(
        f"""
        {sys.executable} -S -E {prints} &
        n=0
        while [ $n -lt {count} ]; do
            n=$((n + 1))
            gt mail check --inject >>{folder}/one 2>>{folder}/err &
            other=$!
            gt mail check --inject >>{folder}/two 2>>{folder}/err
            wait $other
            sleep 0.2
        done
        """
    )
    return f"run sh {script}; sleep 100"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_working_agent_is_told_each_thing_at_a_turns_end_once(tmp_path, provider):
    """Scenario 38: nudges of three modes and mail to a busy agent whose hooks ask twice at once."""
    with living_town(tmp_path, provider=provider) as town:
        town.up()
        town.bead("Turns", turns(tmp_path, 400))
        until(town.sessions)
        worker = town.gt("hook", "--all")["data"]["hooks"][0]["agent"]
        until((tmp_path / "two").exists)
        until(lambda: any("working" in text for text in town.transcripts()))
        outcomes = {
            mode: town.gt("nudge", worker, f"by {mode}", "--mode", mode)["data"]["state"]
            for mode in ("queue", "wait-idle", "immediate")
        }
        assert outcomes == {"queue": "pending", "wait-idle": "pending", "immediate": "delivered"}
        for number in range(12):
            sent = town.gt("mail", "send", worker, "-s", f"letter {number}", "--no-notify")
            assert sent["exit"] == 0, sent

        def told() -> str:
            return "".join((tmp_path / name).read_text("utf-8") for name in ("one", "two"))

        wanted = ['"by queue"', '"by wait-idle"', *(f'"letter {n}"' for n in range(12))]
        until(lambda: [one for one in wanted if one in told()] == wanted)
        time.sleep(1)
        assert {one: told().count(one) for one in wanted} == dict.fromkeys(wanted, 1)
        assert "by immediate" not in told()
        assert (tmp_path / "err").read_text("utf-8") == ""
        assert town.gt("mail", "inbox", worker)["data"]["unread"] == 12
