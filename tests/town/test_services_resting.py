"""Threads of a node rest until there is something to do: woken, due, or as often as is said."""

import threading

import pytest

from stamps.clock import SECOND_US
from tests.town.towns import town_in
from tests.waiting import LONG_S
from town.node.town_services import POLL_S, Seldom, Worker, Workers, poll_s, rest_s
from town.workspace.files import write_json

NOW = 1_000 * SECOND_US


@pytest.mark.parametrize(
    ("every", "due_s", "rests"),
    [(30, 0, 30), (30, 2, 2), (30, 100, 30), (30, -5, 30), (0, 0, 0.1), (30, 0.01, 0.1)],
)
def test_a_worker_rests_until_more_is_due_and_no_longer_than_usual(every, due_s, rests):
    """What was due before waits for the next look; nobody ever spins."""
    due = NOW + int(due_s * SECOND_US) if due_s else 0
    assert rest_s(every, due, now=NOW) == rests


def test_a_worker_looks_when_it_is_due_and_when_it_is_woken():
    """With an hour between looks, what is due in a moment is done then, and a call is heard."""
    ended, looked, times = threading.Event(), threading.Semaphore(0), []

    def work() -> int:
        from town.node import clock  # noqa: PLC0415

        times.append(clock.now())
        looked.release()
        return clock.now() + SECOND_US // 5 if len(times) == 1 else 0

    worker = Worker("x", work, ended, every_s=lambda: 3_600.0)
    try:
        assert looked.acquire(timeout=LONG_S)
        assert looked.acquire(timeout=LONG_S)  # due
        assert not looked.acquire(timeout=0.3)
        worker.wake()
        assert looked.acquire(timeout=LONG_S)
    finally:
        ended.set()
        worker.join(5)


def test_what_is_done_seldom_is_done_once_in_a_while():
    """However often it is asked to, and again when the time has passed."""
    now, done = [NOW], []
    seldom = Seldom(lambda: done.append(now[0]), every_us=10, now=lambda: now[0])
    for step in (0, 3, 9, 10, 11, 25):
        now[0] = NOW + step
        seldom.cycle()
    assert [at - NOW for at in done] == [0, 10, 25]


def test_a_refinery_is_woken_by_what_happens_and_by_nothing_else(tmp_path):
    """Rounds of an idle town wake none; a new bead does. How often it looks is the rig's to say."""
    with town_in(tmp_path) as town:
        folder = town.workspace.rig("api")
        assert poll_s(folder) == 30
        write_json(folder.settings, {"merge_queue": {"poll_interval": "1500ms"}})
        assert poll_s(folder) == 1.5
        folder.settings.write_text("{")
        assert poll_s(folder) == POLL_S
        write_json(folder.settings, {})
        workers = Workers(town.works)
        cycles = []
        workers._refinery = lambda rig: lambda: cycles.append(rig) or 0
        try:
            workers.wake()
            for _ in range(5):
                workers.wake()
            threading.Event().wait(0.5)
            before = len(cycles)
            town.bead("Something")
            workers.wake()
            threading.Event().wait(0.5)
            assert (before, len(cycles)) == (1, 2)
        finally:
            workers.stop(wait_s=5)
