"""Every number of the list of hostile input has its test."""

import re
from itertools import chain

from tests.hostile.cases import LINES, MESSAGES
from tests.house import tree

WANTED = set(chain(range(1, 50), (51, 53), range(56, 63))) - {19, 36}
NAME = re.compile(r"def test_((?:h\d+_)+)")


def test_every_case_of_the_list_has_a_test_with_its_number():
    """H1-H49, H51, H53, H56-H62; H19 and H36 are of parts that this design does not have."""
    found = {
        int(number)
        for path in tree.python_files()
        for names in NAME.findall(path.read_text("utf-8"))
        for number in re.findall(r"\d+", names)
    }
    assert WANTED - found == set()


def test_what_a_member_can_send_is_sent_to_a_real_node():
    """The cases of the wire: records, sets and messages; others are of addresses, files and use."""
    found = {
        int(number) for case in (*LINES, *MESSAGES) for number in re.findall(r"\bh(\d+)", case)
    }
    elsewhere = {10, 20, 30, 32, 33, 34, 35, 38, *range(41, 50), 51, 53, *range(56, 60), 62}
    assert found == WANTED - elsewhere
