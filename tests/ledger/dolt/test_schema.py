"""The tables in both backends: those of `wl` 1.2 to the letter, and what never enters history."""

import re

import pytest

from ledger.dolt.schema import COMMONS, LOCAL, OURS
from ledger.tables import BY_NAME
from tests.house.tree import ROOT
from tests.ledger.dolt.backends import Opened, is_server, opened
from tests.ledger.people import Board

__all__ = ["opened"]

GO = ROOT / "tests" / "data" / "go-wl" / "wild-west-file" / "dumps" / "hq" / "_schema.sql"
LINE = re.compile(r"  `(\w+)` (\w+(?:\([\d,]+\))?)( NOT NULL)?(?: DEFAULT (\S+?))?,?$")
RANDOM_NAME = re.compile(r"_chk_\w+")


def of_go() -> dict[str, str]:
    """The statement by which Go `wl` has each table, by name."""
    statements = GO.read_text("utf-8").strip().split("\n\n")
    return {str(re.search(r"`(\w+)`", one)[1]): one for one in statements}  # type: ignore[index]


def columns(statement: str) -> list[tuple[str, str, bool, str]]:
    """Name, type, whether it must be there, and default of each column of a statement."""
    found = []
    for line in statement.splitlines():
        match = LINE.match(line)
        if match:
            name, kind, needed, default = match.groups()
            found.append((name, kind.upper(), bool(needed), (default or "").strip("'")))
    return found


def test_the_tables_of_wl_1_2_are_all_there_and_no_others():
    """What Go `wl` made is what this list says."""
    assert set(of_go()) == set(COMMONS)
    for name, statement in of_go().items():
        assert BY_NAME[name].columns == tuple(column[0] for column in columns(statement))


@pytest.mark.parametrize("name", COMMONS)
def test_a_table_is_as_go_wl_made_it(opened: Opened, name):
    """Columns, types, defaults, keys and rules; in a server the whole statement, byte by byte."""
    database = opened().database
    wanted = of_go()[name]
    if is_server(database):
        made = database.one(f"SHOW CREATE TABLE `{name}`")
        assert made is not None
        ours, theirs = (RANDOM_NAME.sub("_chk_x", one) for one in (str(made[1]), wanted))
        assert ours == theirs.removesuffix(";")
        return
    rows = database.all(f"PRAGMA table_info(`{name}`)")
    assert [
        (str(r[1]), str(r[2]), bool(r[3]), str(r[4] or "").strip("'")) for r in rows
    ] == columns(wanted)
    assert [str(r[1]) for r in rows if r[5]] == [BY_NAME[name].key]


def test_only_what_is_the_machines_own_stays_out_of_history(opened: Opened):
    """`local_*` is listed in dolt_ignore; no commit has a table of that name."""
    store = opened()
    board = Board(store)
    board.registrar.post()
    assert store.database.all("SELECT pattern, ignored FROM dolt_ignore") in (
        [("local_%", 1)],
        [("local_%", True)],
    )
    store.checkpoint("one")
    sql = "SELECT table_name FROM dolt_diff_stat('HEAD~1', 'HEAD')"
    if not is_server(store.database):
        sql = "SELECT DISTINCT table_name FROM dolt_diff"
    changed = {str(row[0]) for row in store.database.all(sql)}
    assert "wl_records" in changed
    assert {"wanted", "rigs"} <= changed
    assert not {name for name in changed if name.startswith("local_")}


def test_nothing_of_ours_has_a_name_without_its_prefix():
    """Theirs, `wl_` and `local_`: a client of the predecessor meets nothing else."""
    assert all(name.startswith("wl_") for name in OURS)
    assert all(name.startswith("local_") for name in LOCAL)
