"""Bringing a ledger's file to the schema of this version, with a copy kept before any change.

Migrations are numbered and only ever appended. A file of a newer version is refused unread.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ledger.dolt.engine import Database
from ledger.dolt.rebuild import begin_rebuild
from ledger.dolt.schema import COMMONS, DERIVED_LOCAL, IGNORED, LOCAL, OURS, SCHEMA
from ledger.dolt.version import VERSION_KEY, NewerStoreError
from ledger.tables import SCHEMA_VERSION

Migration = Callable[[Database], None]


def _first(database: Database) -> None:
    """Every table of version 1."""
    for name, columns in {**COMMONS, **OURS, **LOCAL}.items():
        database.create(name, columns)
    database.run("INSERT INTO dolt_ignore (pattern, ignored) VALUES (?, 1)", (IGNORED,))
    database.run(
        "INSERT INTO _meta (`key`, `value`) VALUES ('schema_version', ?)", (SCHEMA_VERSION,)
    )


def _anew(database: Database) -> None:
    """Every index of this version, to be made anew from the journal.

    From version 2 on indexes name records and subjects shortly, from 3 on values and items too.
    """
    for name in (*DERIVED_LOCAL, "local_touch", "local_kind"):
        database.run(f"DROP TABLE IF EXISTS {name}")
    for name in DERIVED_LOCAL:
        database.create(name, LOCAL[name])
    begin_rebuild(database)


def _with_loose(database: Database) -> None:
    """A place for records without their chain (records 2.2)."""
    database.create("local_loose", LOCAL["local_loose"])


MIGRATIONS: Final[Mapping[int, Migration]] = {1: _first, 2: _anew, 3: _anew, 4: _with_loose}


def version_of(database: Database) -> int:
    """The version of the file's schema, 0 for an empty one. Raises NewerStoreError."""
    if not database.has_table("local_meta"):
        return 0
    row = database.one("SELECT value FROM local_meta WHERE name = ?", (VERSION_KEY,))
    version = int(row[0]) if row is not None else 0
    if version > SCHEMA:
        raise NewerStoreError(f"{database.path.name} has schema {version}, this is {SCHEMA}")
    return version


def migrate(database: Database, migrations: Mapping[int, Migration] = MIGRATIONS) -> Path | None:
    """The file has the newest schema; where the copy from before lies, None when none was made."""
    version = version_of(database)
    pending = [number for number in sorted(migrations) if number > version]
    if not pending:
        return None
    copy = database.keep_before(version) if version else None
    with database.transaction():
        for number in pending:
            migrations[number](database)
        database.run(
            "INSERT INTO local_meta (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (VERSION_KEY, str(pending[-1])),
        )
    database.call("dolt_commit", "-A", "-m", f"schema {pending[-1]}", "--skip-empty")
    return copy
