import threading

import pytest

from tests.waiting import LONG_S
from town.node.changes import Changes, InterruptedByUserError, cancellable


def test_a_waiter_wakes_when_the_ledger_changed_to_what_it_waits_for():
    """The predicate is looked at again on each ring, and its truth ends the wait."""
    changes, seen = Changes(), []
    waiter = threading.Thread(target=lambda: seen.append(changes.wait(lambda: "x" in seen, 60)))
    waiter.start()
    changes.ring()
    seen.append("x")
    changes.ring()
    waiter.join(LONG_S)
    assert seen == ["x", True]


def test_a_wait_of_no_time_looks_once():
    """`--wait 0` asks and goes."""
    looked = []
    assert Changes().wait(lambda: bool(looked.append(1)), 0) is False
    assert len(looked) in (1, 2)


def test_a_cancelled_wait_ends_at_once_with_an_error_of_its_own():
    """Ctrl-C during a wait is exit 130, whatever was being waited for."""
    changes, cancelled, caught = Changes(), threading.Event(), []
    looking = threading.Event()

    def predicate():
        looking.set()
        return False

    def wait():
        with cancellable(cancelled), pytest.raises(InterruptedByUserError) as error:
            changes.wait(predicate, 600)
        caught.append(error.value.exit)

    waiter = threading.Thread(target=wait)
    waiter.start()
    looking.wait(LONG_S)
    cancelled.set()
    changes.ring()
    waiter.join(LONG_S)
    assert caught == [130]


def test_a_bell_that_never_stops_does_not_make_a_wait_longer():
    """Whoever waits looks at the clock, also when every look rings the bell."""
    changes = Changes()

    def looks() -> bool:
        changes.ring()
        return False

    assert not changes.wait(looks, 0.05)
