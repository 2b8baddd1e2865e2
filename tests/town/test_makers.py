"""Whether whoever makes a folder still does: by number and beginning, never by number alone."""

import json
import os
import subprocess
import sys

from town.node import clock
from town.node.births import created_at, own_created
from town.node.makers import ELSEWHERE_US, ProcessMakers


def test_this_process_does_what_it_began_and_did_not_end():
    """A token of another work, or of one that is over, is nobody's."""
    makers = ProcessMakers()
    maker = makers.begin("one")
    now = clock.now()
    assert makers.lives(maker, "one", begun_at=now)
    assert not makers.lives(maker, "two", begun_at=now)
    makers.end("one")
    assert not makers.lives(maker, "one", begun_at=now)


def test_another_process_lives_until_it_is_gone():
    """Its number alone is not enough: the one that has it now may be another."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    created = created_at(child.pid)
    makers = ProcessMakers()
    host = json.loads(makers.begin("x"))[0]
    maker = json.dumps([host, child.pid, created])
    other = json.dumps([host, child.pid, created - 60])
    assert makers.lives(maker, "one", begun_at=0)
    assert not makers.lives(other, "one", begun_at=0)
    child.communicate(b"\n")
    assert not makers.lives(maker, "one", begun_at=0)


def test_of_another_machine_a_day_is_waited_for():
    """Nothing can be seen of it, so what began lately is left alone."""
    makers = ProcessMakers()
    far = json.dumps(["elsewhere", os.getpid(), own_created()])
    assert makers.lives(far, "one", begun_at=clock.now())
    assert not makers.lives(far, "one", begun_at=clock.now() - ELSEWHERE_US)


def test_words_that_name_no_process_are_of_a_dead_one():
    """An empty or broken row holds nobody up."""
    for words in ("", "{}", "[1]", "nonsense"):
        assert not ProcessMakers().lives(words, "one", begun_at=clock.now())
