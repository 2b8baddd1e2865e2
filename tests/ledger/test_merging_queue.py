"""The order of the merge queue, and who is tried together."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.merging.isolating import Outcome
from ledger.merging.judging import (
    BROKEN,
    FAILED,
    PASSED,
    TIMED_OUT,
    GateResult,
    first_bad,
    judged,
    outcome_of,
)
from ledger.merging.queue import HOUR_US, Line, batch, in_order, is_due, rests, score
from ledger.workspace.work import BLOCKED_REQUEST, READY, MergeRequest, RefineryState

NOW = 1_000 * HOUR_US
WAIT = 30_000_000


def request(name, **fields):
    told = {"submitted_at": NOW, "target": "main", "bead": f"ap-{name}"} | fields
    return MergeRequest(id=name, **told)


def line(name, *, needs=(), waits="", **fields):
    one = request(name, **fields)
    return Line(request=one, score=score(one, now=NOW), needs=needs, waits=waits)


def test_the_score_is_the_predecessors():
    """1000, and for convoy, priority, retries and age what the formula says."""
    assert score(request("a"), now=NOW) == 1_200
    assert score(request("a", priority=0), now=NOW) == 1_400
    assert score(request("a", priority=9), now=NOW) == score(request("a", priority=4), now=NOW)
    assert score(request("a", priority=-1), now=NOW) == 1_000
    assert score(request("a", retries=2), now=NOW) == 1_100
    assert score(request("a", retries=50), now=NOW) == 900
    assert score(request("a", submitted_at=NOW - 3 * HOUR_US), now=NOW) == 1_203
    assert score(request("a", convoy_at=NOW - 3 * HOUR_US), now=NOW) == 1_230
    assert score(request("a", submitted_at=NOW + HOUR_US), now=NOW) == 1_200


def test_of_equals_the_oldest_is_first():
    """Nobody waits for ever behind newer ones of the same score."""
    lines = [line("b"), line("a"), line("old", submitted_at=NOW - 1, priority=2)]
    assert [one.request.id for one in in_order(lines)] == ["old", "a", "b"]
    urgent = line("urgent", priority=0)
    assert in_order([*lines, urgent])[0] is urgent
    assert in_order([*lines, urgent], by_age=True)[0].request.id == "old"


def test_a_batch_is_the_most_urgent_for_one_target():
    """Requests for another branch wait for their own batch."""
    lines = [line(name) for name in "abcdefg"]
    lines += [line("x", target="integration/x", priority=0)]
    found = batch(lines, size=5, wait_us=WAIT)
    assert [one.request.id for one in found.lines] == ["x"]
    assert found.target == "integration/x"
    found = batch(lines[:-1], size=5, wait_us=WAIT)
    assert [one.request.id for one in found.lines] == list("abcde")


def test_a_full_batch_is_due_at_once_and_a_small_one_waits():
    """The oldest of them waits no longer than the settings say; who is in a hurry not at all."""
    few = [line("a", submitted_at=NOW - 10), line("b")]
    assert batch(few, size=5, wait_us=WAIT).due == NOW - 10 + WAIT
    assert batch(few, size=2, wait_us=WAIT).due == 0
    hurried = [*few, line("c", at_once=True)]
    assert batch(hurried, size=5, wait_us=WAIT).due == 0
    assert batch([], size=5, wait_us=WAIT).lines == ()


def test_a_clock_that_is_set_back_makes_nobody_wait_longer():
    """Neither a small batch nor a refinery that rests: an hour back is no hour of waiting."""
    small = batch([line("a", submitted_at=HOUR_US)], size=5, wait_us=30)
    assert [is_due(small, now=now, wait_us=30) for now in (HOUR_US, HOUR_US + 30, 0)] == [
        False, True, True,
    ]  # fmt: skip
    broken = RefineryState(rig="api", broken="git", cycled_at=HOUR_US, rests_until=HOUR_US + 30)
    assert [rests(broken, now=now) for now in (HOUR_US, HOUR_US + 30, 0)] == [True, False, False]


def test_who_waits_is_in_no_batch_and_says_for_what():
    """Blocked by a conflict's task, by an open bead, or for another reason."""
    task = line("a", state=BLOCKED_REQUEST, blocked_by="ap-task")
    open_bead = line("b", needs=("ap-other",))
    other = line("c", waits="the conflict of d is solved first")
    assert batch([task, open_bead, other], size=5, wait_us=WAIT).lines == ()
    assert task.waiting_on == "waiting on ap-task"
    assert open_bead.waiting_on == "waiting on ap-other"
    assert other.waiting_on == "the conflict of d is solved first"
    assert line("d").waiting_on == ""


def test_a_dependant_goes_along_behind_what_it_needs():
    """However urgent it is; and the batch knows who needs whom."""
    needed = line("needed", priority=4)
    urgent = line("urgent", priority=0, needs=("ap-needed",))
    found = batch([urgent, needed], size=5, wait_us=WAIT)
    assert [one.request.id for one in found.lines] == ["needed", "urgent"]
    assert found.needs() == {"needed": frozenset(), "urgent": frozenset({"needed"})}


@given(
    st.lists(
        st.builds(
            line,
            st.text("abcdef", min_size=1, max_size=3),
            priority=st.integers(-1, 5),
            target=st.sampled_from(["main", "other"]),
            state=st.sampled_from([READY, BLOCKED_REQUEST]),
            needs=st.lists(st.sampled_from(["ap-a", "ap-b", "ap-z"]), max_size=2).map(tuple),
        ),
        unique_by=lambda one: one.request.id,
    ),
    st.integers(1, 6),
)
def test_a_batch_holds_together(lines, size):
    """One target, no more than fit, nobody before what it needs, nobody who waits."""
    found = batch(lines, size=size, wait_us=WAIT).lines
    assert len(found) <= size
    assert len({one.request.target for one in found}) <= 1
    before: set[str] = set()
    for one in found:
        assert one.request.state == READY
        assert {*one.needs} <= before
        before.add(one.request.bead)


def test_a_gate_that_cannot_run_says_nothing():
    """127, 126 and an end from outside are broken; a failure and a timeout are failures."""
    ends = {0: PASSED, 1: FAILED, 2: FAILED, 5: FAILED, 255: FAILED, -11: FAILED, 139: FAILED}
    ends |= {126: BROKEN, 127: BROKEN, -9: BROKEN, 137: BROKEN, -15: BROKEN, 143: BROKEN}
    assert {code: judged(code, timed_out=False)[0] for code in ends} == ends
    assert judged(-9, timed_out=True)[0] == TIMED_OUT


def test_one_broken_gate_spoils_the_word_of_all():
    """Whatever the others say, nothing is known then."""
    good = GateResult(name="a", cmd="true", status=PASSED, attempts=2)
    bad = GateResult(name="b", cmd="false", status=FAILED)
    slow = GateResult(name="c", cmd="sleep", status=TIMED_OUT)
    broken = GateResult(name="d", cmd="nothing", status=BROKEN)
    assert outcome_of([]) is Outcome.PASSED
    assert outcome_of([good]) is Outcome.PASSED
    assert good.flaky
    assert outcome_of([good, bad]) is outcome_of([slow]) is Outcome.FAILED
    assert outcome_of([bad, broken, good]) is Outcome.BROKEN
    run = {one.name: one.facts() for one in (good, bad, slow)}
    assert first_bad(run)[0] == "b"
    assert first_bad({"a": good.facts()}) == ("", {})
