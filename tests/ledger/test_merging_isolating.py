"""Who of a batch may be merged: laws that hold whatever breaks the gates."""

from collections.abc import Callable
from itertools import combinations
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merging.isolating import TARGET, Apart, Isolation, Outcome, Try, Verdict

Fails = Callable[[frozenset[str]], bool]


def isolated(ids, fails: Fails, **more) -> tuple[Verdict, list[tuple[Try, Outcome]]]:
    """The verdict on a batch of which the sets that `fails` names fail, and every try it took."""
    running = Isolation(ids, **more).run()
    tries: list[tuple[Try, Outcome]] = []
    wish = next(running)
    while True:
        outcome = Outcome.FAILED if fails(frozenset(wish.ids)) else Outcome.PASSED
        tries.append((wish, outcome))
        try:
            wish = running.send(outcome)
        except StopIteration as end:
            return end.value, tries


def names(count: int) -> tuple[str, ...]:
    return tuple("abcdefghijklmnopqrstuvwxyz"[:count])


def bound(count: int, culprits: int) -> float:
    """The runs that isolating may take at most."""
    return culprits * (log2(count) + 2) + 1


def subsets(ids):
    return [frozenset(some) for size in range(len(ids) + 1) for some in combinations(ids, size)]


def passed_as_a_whole(verdict: Verdict, tries) -> bool:
    return not verdict.merged or (verdict.merged, Outcome.PASSED) in [(t.ids, o) for t, o in tries]


@pytest.mark.parametrize("count", range(1, 7))
def test_whoever_breaks_the_gates_alone_is_found_and_nobody_else(count):
    """For every set of culprits among up to six: all of them, only them, within the bound."""
    ids = names(count)
    for bad in subsets(ids):
        verdict, tries = isolated(ids, lambda some, bad=bad: bool(some & bad))  # type: ignore[misc]
        assert set(verdict.culprits) == bad
        assert verdict.merged == tuple(one for one in ids if one not in bad)
        assert verdict.runs == len(tries) <= bound(count, len(bad))
        assert passed_as_a_whole(verdict, tries)


@pytest.mark.parametrize("count", range(2, 7))
def test_of_two_that_fail_only_together_one_is_blamed_and_the_rest_is_verified(count):
    """The later of the two is out, everybody else was tried together and is in."""
    ids = names(count)
    for one, other in combinations(ids, 2):
        verdict, tries = isolated(ids, lambda some, pair={one, other}: pair <= some)  # type: ignore[misc]
        assert verdict.culprits == [other]
        assert verdict.merged == tuple(each for each in ids if each != other)
        assert len(tries) <= bound(count, 1)
        assert passed_as_a_whole(verdict, tries)


@given(st.integers(1, 60), st.data())
def test_the_bound_holds_for_large_batches(count, data):
    """k culprits among n are isolated in at most k (log2 n + 2) + 1 runs of the gates."""
    ids = tuple(f"mr-{number}" for number in range(count))
    bad = data.draw(st.sets(st.sampled_from(ids)))
    verdict, tries = isolated(ids, lambda some: bool(some & bad))
    assert set(verdict.culprits) == bad
    assert len(tries) <= bound(count, len(bad))


@given(st.integers(1, 6), st.data())
def test_whatever_fails_only_a_whole_that_passed_is_merged(count, data):
    """Also gates that make no sense let nothing in that they did not see and pass."""
    ids = names(count)
    failing = data.draw(st.sets(st.sampled_from(subsets(ids))))
    verdict, tries = isolated(ids, lambda some: some in failing)
    assert passed_as_a_whole(verdict, tries)
    came_out = [*verdict.merged, *verdict.culprits, *verdict.skipped, *verdict.apart]
    assert len(set(came_out)) == len(came_out)
    for culprit in verdict.culprits:
        red = [t.ids for t, o in tries if o is Outcome.FAILED and culprit in t.ids]
        assert red, "nobody is blamed who was in no set that failed"
    if frozenset() not in failing:
        assert {*came_out} == {*ids}


@pytest.mark.parametrize("count", range(1, 7))
def test_a_set_that_fails_once_by_chance_blames_nobody(count):
    """One failure of the whole, and everything passes when it is looked at again."""
    ids = names(count)
    runs: list[frozenset[str]] = []

    def once(some: frozenset[str]) -> bool:
        runs.append(some)
        return len(runs) == 1

    verdict, _ = isolated(ids, once)
    assert verdict.merged == ids
    assert verdict.culprits == []
    assert verdict.flaky == [ids]


@given(st.integers(1, 6), st.data())
def test_gates_that_cannot_run_merge_nothing_and_blame_nobody_for_it(count, data):
    """From whichever run on, the verdict is that nothing is known."""
    ids = names(count)
    bad = data.draw(st.sets(st.sampled_from(ids)))
    until = data.draw(st.integers(0, 12))
    running = Isolation(ids).run()
    wish, verdict, broken = next(running), None, False
    for told in range(until + 2):  # once more for the target alone, where they cannot run either
        answer = Outcome.FAILED if bad & {*wish.ids} else Outcome.PASSED
        broken = told >= until
        try:
            wish = running.send(Outcome.BROKEN if broken else answer)
        except StopIteration as end:
            verdict = end.value
            break
    assert verdict is not None, "it goes on although the gates are broken"
    assert verdict.broken == broken
    assert not broken or verdict.merged == ()


@given(st.integers(1, 6), st.data())
def test_whoever_keeps_the_gates_from_running_is_out_and_holds_nobody_up(count, data):
    """They run on the target alone, so it is not they that are broken; one run more says so."""
    ids = names(count)
    bad = data.draw(st.sets(st.sampled_from(ids)))
    running = Isolation(ids).run()
    wish, runs, verdict = next(running), 0, None
    while verdict is None:
        runs += 1
        try:
            wish = running.send(Outcome.BROKEN if bad & {*wish.ids} else Outcome.PASSED)
        except StopIteration as end:
            verdict = end.value
    assert (set(verdict.culprits), verdict.broken) == (bad, False)
    assert verdict.merged == tuple(one for one in ids if one not in bad)
    assert verdict.runs == runs <= bound(count, len(bad)) + 1


@given(st.integers(1, 6), st.data())
def test_who_needs_another_is_merged_only_with_it(count, data):
    """A culprit takes along whoever needs it, and blames none of them."""
    ids = names(count)
    needs = {
        one: frozenset(data.draw(st.sets(st.sampled_from(ids[:at]))) if at else ())
        for at, one in enumerate(ids)
    }
    bad = data.draw(st.sets(st.sampled_from(ids)))
    verdict, _ = isolated(ids, lambda some: bool(some & bad), needs=needs)
    assert not bad & {*verdict.merged}
    assert {*verdict.culprits} <= bad
    assert all(needs[one] <= {*verdict.merged} for one in verdict.merged)
    for one in verdict.skipped:
        assert needs[one] & {*verdict.culprits, *verdict.skipped}


def test_who_cannot_be_stacked_is_set_apart_and_the_rest_is_tried():
    """The try is asked for again without it, and without whoever needs it."""
    running = Isolation(("a", "b", "c", "d"), needs={"d": frozenset({"b"})}).run()
    assert next(running).ids == ("a", "b", "c", "d")
    assert running.send(Apart(frozenset({"b"}))).ids == ("a", "c")
    with pytest.raises(StopIteration) as end:
        running.send(Outcome.PASSED)
    verdict = end.value.value
    assert (verdict.merged, verdict.apart, verdict.skipped) == (("a", "c"), ["b"], ["d"])
    assert verdict.runs == 1


def test_a_target_that_is_broken_itself_blames_nobody():
    """Where the target fails alone, no request is a culprit."""
    verdict, tries = isolated(("a", "b", "c"), lambda _: True)
    assert verdict.target_broken
    assert (verdict.merged, verdict.culprits) == ((), [])
    assert TARGET in [wish.why for wish, _ in tries]


def test_a_request_that_mends_a_broken_target_is_merged():
    """It is found although another of the batch fails with it."""
    verdict, _ = isolated(("a", "bad", "mend"), lambda some: "bad" in some or "mend" not in some)
    assert verdict.target_broken
    assert verdict.merged == ("mend",)
    assert verdict.culprits == []
