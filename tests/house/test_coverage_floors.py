"""The floors of coverage: a part of the core that is not reached fails the run."""

from tools.coverage_floors import percent, shortfalls


def entry(*, statements: int, covered: int, missing: tuple[int, ...] = ()) -> dict:
    summary = {
        "num_statements": statements,
        "covered_lines": covered,
        "num_branches": 0,
        "covered_branches": 0,
    }
    return {"summary": summary, "missing_lines": list(missing), "missing_branches": []}


def test_a_folder_below_its_floor_names_its_gaps():
    """Whoever broke the floor reads which lines nothing reached."""
    report = {"files": {"stamps/a.py": entry(statements=10, covered=9, missing=(7,))}}
    lines = shortfalls(report, {"stamps/": 100})
    assert lines == ["stamps/: 90.00 %, the floor is 100 %", "    stamps/a.py: 7"]


def test_a_floor_that_is_reached_says_nothing():
    """A full file lifts no other: each floor counts its own files."""
    files = {
        "stamps/a.py": entry(statements=10, covered=10),
        "town/b.py": entry(statements=10, covered=0, missing=(1,)),
    }
    assert shortfalls({"files": files}, {"stamps/": 100, "total": 50}) == []
    assert shortfalls({"files": files}, {"total": 51}) == ["total: 50.00 %, the floor is 51 %"]


def test_a_floor_for_a_file_that_is_gone_is_a_failure():
    """A renamed file does not take its floor away in silence."""
    report = {"files": {"stamps/a.py": entry(statements=1, covered=1)}}
    assert shortfalls(report, {"ledger/fold.py": 100}) == [
        "ledger/fold.py: no file of that name was measured"
    ]


def test_branches_count_like_lines():
    """A line that ran one way only is not wholly reached."""
    summary = {"num_statements": 2, "covered_lines": 2, "num_branches": 2, "covered_branches": 1}
    assert percent([summary]) == 75.0
    assert percent([]) == 100.0
