"""Threads of a node rest until there is something to do: woken, due, or as often as is said."""

import threading
from types import SimpleNamespace

import pytest

from stamps.clock import SECOND_US
from tests.town.towns import town_in
from tests.waiting import LONG_S, until
from town.node.town_services import POLL_S, Seldom, Worker, Workers, poll_s, rest_s
from town.node.watching import WatchLoop
from town.watch.desk import Round
from town.workspace.files import write_json

NOW = 1_000 * SECOND_US


@pytest.mark.parametrize(
    ("every", "due_s", "took_s", "rests"),
    [
        (30, 0, 0, 30),
        (30, 2, 0, 2),
        (30, 100, 0, 30),
        (30, -5, 0, 30),
        (0, 0, 0, 0.1),
        (30, 0.01, 0, 0.1),
        (30, -5, 10, 0.1),  # due while it looked
        (30, -5, 3, 30),
    ],
)
def test_a_worker_rests_until_more_is_due_and_no_longer_than_usual(every, due_s, took_s, rests):
    """What was due before its look waits for the next; what became so since does not."""
    due = NOW + int(due_s * SECOND_US) if due_s else 0
    assert rest_s(every, due, begun=NOW - took_s * SECOND_US, now=NOW) == rests


class Ending(threading.Event):
    """An end that comes right after the first time that somebody asked for it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()  # set when it was asked, and goes on when `come` is
        self.come = threading.Event()

    def is_set(self) -> bool:
        """Whether it had come when it was asked for."""
        found = super().is_set()
        if not self.asked.is_set():
            self.asked.set()
            assert self.come.wait(LONG_S)
        return found


def test_a_worker_that_is_ended_as_it_begins_to_look_rests_no_more():
    """However the two meet: it is woken after its end is said, and sees one of the two."""
    ended = Ending()
    worker = Worker("x", lambda: 0, ended, every_s=lambda: 3_600.0)
    assert ended.asked.wait(LONG_S)
    ended.set()
    worker.wake()
    ended.come.set()
    worker.join(LONG_S)
    assert not worker._thread.is_alive()


def test_a_watch_that_is_ended_as_it_begins_a_round_rests_no_more(monkeypatch):
    """The same of the loop that goes round."""
    watch = SimpleNamespace(round=lambda _: Round())
    loop = WatchLoop(watch, {}, dict)
    loop._ended = ended = Ending()
    wake, rest = loop._woken.set, loop._woken.wait
    monkeypatch.setattr(loop._woken, "set", lambda: (wake(), ended.come.set()))
    monkeypatch.setattr(loop._woken, "wait", lambda _: rest(10 * LONG_S))
    loop.start()
    assert ended.asked.wait(LONG_S)
    loop.stop(wait_s=LONG_S)
    assert not loop._thread.is_alive()


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


def test_how_often_a_refinery_looks_is_its_projects_to_say(tmp_path):
    """As its settings have it; where those cannot be read, as by default."""
    with town_in(tmp_path) as town:
        folder = town.workspace.rig("api")
        assert poll_s(folder) == 30
        write_json(folder.settings, {"merge_queue": {"poll_interval": "1500ms"}})
        assert poll_s(folder) == 1.5
        folder.settings.write_text("{")
        assert poll_s(folder) == POLL_S


def test_a_refinery_is_woken_by_what_happens_and_by_nothing_else(tmp_path):
    """Rounds of an idle town wake none; a new bead does."""
    with town_in(tmp_path) as town:
        settings = town.workspace.rig("api").settings
        write_json(settings, {"merge_queue": {"poll_interval": "1h"}})
        workers, cycles = Workers(town.works), []
        workers._refinery = lambda rig: lambda: cycles.append(rig) or 0
        try:
            workers.wake()
            until(lambda: cycles)
            for _ in range(5):
                workers.wake()
            threading.Event().wait(0.3)
            before = len(cycles)
            town.bead("Something")
            workers.wake()
            until(lambda: len(cycles) > before)
            threading.Event().wait(0.3)
            assert (before, len(cycles)) == (1, 2)
        finally:
            workers.stop(wait_s=5)
