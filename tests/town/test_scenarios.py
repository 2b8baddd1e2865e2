"""Every scenario that a town is held to is played by a test that names its number."""

import ast
import re

from tests.house import tree

# Scenarios of systems that come later, played or not.
LATER = {*range(23, 32), 35, 40, 42, 43, 44, 47, 49, 52}
WANTED = {*map(str, {*range(1, 53)} - LATER), "51b"}
NAMED = re.compile(r"Scenarios? (\d+b?(?:, \d+b?)*)")


def named() -> dict[str, list[str]]:
    """Where each number is named: in the promise of a test, or of a file of tests."""
    found: dict[str, list[str]] = {}
    for path in tree.python_files():
        if not path.name.startswith("test_") or "town" not in path.parts:
            continue
        tests = [one for one in tree.functions(path) if one.name.startswith("test_")]
        promises = [ast.get_docstring(one) or "" for one in tests]
        promises += [ast.get_docstring(tree.parsed(path)) or ""] if tests else []
        for promise in promises:
            for numbers in NAMED.findall(promise):
                for number in numbers.split(", "):
                    found.setdefault(number, []).append(tree.name_of(path))
    return found


def test_every_scenario_of_the_list_is_played():
    """1-22, 32-34, 36-39, 41, 45, 46, 48, 50, 51, 51b: none can go missing unseen."""
    assert WANTED - named().keys() == set()


def test_no_number_is_made_up():
    """A number that is none of the list would be a slip of the pen."""
    known = {*map(str, range(1, 53)), "51b"}
    assert named().keys() - known == set()
