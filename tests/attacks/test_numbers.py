"""Every attack of the list has its test."""

import re

from tests.house import tree

LIST = tree.ROOT / "docs" / "spec" / "attacks.md"
IN_LIST = re.compile(r"^\*\*(M?\d+)[. ]", re.MULTILINE)
IN_TESTS = re.compile(r"def test_attack_((?:m?\d+_)+)")


def test_each_attack_is_a_test_under_its_number():
    """What the list numbers is numbered among the tests, and nothing else is."""
    listed = {number.lower() for number in IN_LIST.findall(LIST.read_text("utf-8"))}
    tried = {
        number
        for path in tree.python_files()
        for found in IN_TESTS.findall(path.read_text("utf-8"))
        for number in found.strip("_").split("_")
    }
    assert len(listed) == 46 + 14
    assert (sorted(listed - tried), sorted(tried - listed)) == ([], [])
