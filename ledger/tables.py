"""The tables of a wasteland: those of `wl` 1.2 column by column, and ours beside them.

Pure lists. The SQL that creates them lives in `ledger.dolt`; what fills them is the fold.
Source: the schema of the predecessor's commons, version 1.2.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

SCHEMA_VERSION: Final = "1.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: its key column and its columns in order."""

    name: str
    key: str
    columns: tuple[str, ...]
    json: frozenset[str] = frozenset()


class Row(msgspec.Struct, frozen=True):
    """One derived row: values by column name; JSON columns hold lists or objects."""

    table: str
    key: str
    values: dict[str, Any]


def _table(name: str, columns: str, *, json: str = "") -> Table:
    names = tuple(columns.split())
    return Table(name=name, key=names[0], columns=names, json=frozenset(json.split()))


RIGS = _table(
    "rigs",
    "handle display_name dolthub_org hop_uri owner_email gt_version trust_level"
    " registered_at last_seen rig_type parent_rig",
)
WANTED = _table(
    "wanted",
    "id title description project type priority tags posted_by claimed_by status"
    " effort_level evidence_url sandbox_required sandbox_scope sandbox_min_tier"
    " created_at updated_at",
    json="tags sandbox_scope",
)
COMPLETIONS = _table(
    "completions",
    "id wanted_id completed_by evidence validated_by stamp_id parent_completion_id"
    " block_hash hop_uri completed_at validated_at",
)
STAMPS = _table(
    "stamps",
    "id author subject valence confidence severity context_id context_type skill_tags"
    " message prev_stamp_hash block_hash hop_uri created_at",
    json="valence skill_tags",
)
BADGES = _table("badges", "id rig_handle badge_type awarded_at evidence")
BOOT_BLOCKS = _table(
    "boot_blocks",
    "handle source sheet_json confidence version created_at",
    json="sheet_json",
)
CHAIN_META = _table(
    "chain_meta", "chain_id chain_type parent_chain_id hop_uri dolt_database created_at"
)
RIG_LINKS = _table(
    "rig_links",
    "id rig_a rig_b link_type assertion_a assertion_b status created_at completed_at"
    " revoked_at revoked_by",
)
META = _table("_meta", "key value")
# Every attempt at an item, which `completions` cannot hold (records 7.2).
ATTEMPTS = _table(
    "wl_attempts",
    "id wanted_id n worker summary evidence decision reason submitted_at decided_at",
    json="evidence",
)

COMMONS: Final = (
    META,
    RIGS,
    WANTED,
    COMPLETIONS,
    STAMPS,
    BADGES,
    BOOT_BLOCKS,
    CHAIN_META,
    RIG_LINKS,
)
DERIVED: Final = (RIGS, WANTED, COMPLETIONS, STAMPS, RIG_LINKS, ATTEMPTS)
UNDERIVED: Final = (BADGES, BOOT_BLOCKS, CHAIN_META)  # of `wl` 1.2; no record says a row of them
BY_NAME: Final = {table.name: table for table in (*COMMONS, ATTEMPTS)}
# Keys that several subjects may come to own; every other key is cut from one record's id.
SHARED: Final = frozenset({"rigs", "rig_links"})
