"""The tables of a ledger's database: those of `wl` 1.2 as its clients expect them, and ours.

`wl_` tables are versioned and travel; `local_` tables are of this machine alone, listed in
`dolt_ignore` and never in history: indexes, rebuildable from `wl_records`, and the node's notes.
Column types are written once, in words that both engines take.
"""

from typing import Final

SCHEMA: Final = 4

# The predecessor's schema 1.2, column by column.
COMMONS: Final[dict[str, str]] = {
    "_meta": "`key` VARCHAR(64) NOT NULL PRIMARY KEY, `value` TEXT",
    "rigs": (
        "handle VARCHAR(255) NOT NULL PRIMARY KEY, display_name VARCHAR(255),"
        " dolthub_org VARCHAR(255), hop_uri VARCHAR(512), owner_email VARCHAR(255),"
        " gt_version VARCHAR(32), trust_level INT DEFAULT 0, registered_at TIMESTAMP NULL,"
        " last_seen TIMESTAMP NULL, rig_type VARCHAR(16) DEFAULT 'human', parent_rig VARCHAR(255)"
    ),
    "wanted": (
        "id VARCHAR(64) NOT NULL PRIMARY KEY, title TEXT NOT NULL, description TEXT,"
        " project VARCHAR(64), type VARCHAR(32), priority INT DEFAULT 2, tags JSON,"
        " posted_by VARCHAR(255), claimed_by VARCHAR(255), status VARCHAR(32) DEFAULT 'open',"
        " effort_level VARCHAR(16) DEFAULT 'medium', evidence_url TEXT,"
        " sandbox_required TINYINT(1) DEFAULT 0, sandbox_scope JSON,"
        " sandbox_min_tier VARCHAR(32), created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL"
    ),
    "completions": (
        "id VARCHAR(64) NOT NULL PRIMARY KEY, wanted_id VARCHAR(64), completed_by VARCHAR(255),"
        " evidence TEXT, validated_by VARCHAR(255), stamp_id VARCHAR(64),"
        " parent_completion_id VARCHAR(64), block_hash VARCHAR(64), hop_uri VARCHAR(512),"
        " completed_at TIMESTAMP NULL, validated_at TIMESTAMP NULL"
    ),
    "stamps": (
        "id VARCHAR(64) NOT NULL PRIMARY KEY, author VARCHAR(255) NOT NULL,"
        " subject VARCHAR(255) NOT NULL, valence JSON NOT NULL, confidence FLOAT DEFAULT 1,"
        " severity VARCHAR(16) DEFAULT 'leaf', context_id VARCHAR(64), context_type VARCHAR(32),"
        " skill_tags JSON, message TEXT, prev_stamp_hash VARCHAR(64), block_hash VARCHAR(64),"
        " hop_uri VARCHAR(512), created_at TIMESTAMP NULL, CHECK (NOT (author = subject))"
    ),
    "badges": (
        "id VARCHAR(64) NOT NULL PRIMARY KEY, rig_handle VARCHAR(255), badge_type VARCHAR(64),"
        " awarded_at TIMESTAMP NULL, evidence TEXT"
    ),
    "boot_blocks": (
        "handle VARCHAR(255) NOT NULL PRIMARY KEY, source VARCHAR(64) NOT NULL,"
        " sheet_json JSON NOT NULL, confidence FLOAT NOT NULL, version VARCHAR(20) NOT NULL,"
        " created_at TIMESTAMP NOT NULL, CHECK (confidence BETWEEN 0.0 AND 1.0)"
    ),
    "chain_meta": (
        "chain_id VARCHAR(64) NOT NULL PRIMARY KEY, chain_type VARCHAR(32),"
        " parent_chain_id VARCHAR(64), hop_uri VARCHAR(512), dolt_database VARCHAR(255),"
        " created_at TIMESTAMP NULL"
    ),
    "rig_links": (
        "id VARCHAR(64) NOT NULL PRIMARY KEY, rig_a VARCHAR(255) NOT NULL,"
        " rig_b VARCHAR(255) NOT NULL, link_type VARCHAR(32) DEFAULT 'same_owner',"
        " assertion_a TEXT, assertion_b TEXT, status VARCHAR(32) DEFAULT 'pending',"
        " created_at TIMESTAMP NULL, completed_at TIMESTAMP NULL, revoked_at TIMESTAMP NULL,"
        " revoked_by VARCHAR(255), CHECK (rig_a <> rig_b),"
        " CONSTRAINT uq_rig_pair UNIQUE (rig_a, rig_b)"
    ),
}

# Ours, versioned: signed bytes verbatim under a key that sorts by time, and every hand-in.
OURS: Final[dict[str, str]] = {
    "wl_records": (
        "k VARCHAR(78) NOT NULL PRIMARY KEY, raw LONGTEXT NOT NULL, sig VARCHAR(86) NOT NULL"
    ),
    "wl_attempts": (
        "id VARCHAR(64) NOT NULL PRIMARY KEY, wanted_id VARCHAR(64), n INT, worker VARCHAR(255),"
        " summary TEXT, evidence JSON, decision VARCHAR(16), reason TEXT,"
        " submitted_at TIMESTAMP NULL, decided_at TIMESTAMP NULL"
    ),
}

# Indexes of this machine. `k` is a key of wl_records, `r` its first 22 characters, `s` a subject.
LOCAL: Final[dict[str, str]] = {
    "local_meta": "name VARCHAR(64) NOT NULL PRIMARY KEY, value LONGTEXT NOT NULL",
    "local_tail": "n BIGINT NOT NULL PRIMARY KEY, batch LONGTEXT NOT NULL",
    "local_id": "p VARCHAR(16) NOT NULL, a VARCHAR(14) NOT NULL, PRIMARY KEY (p, a)",
    "local_loose": (
        "k VARCHAR(78) NOT NULL PRIMARY KEY, raw LONGTEXT NOT NULL, sig VARCHAR(86) NOT NULL"
    ),
    "local_about": "s VARCHAR(16) NOT NULL, r VARCHAR(30) NOT NULL, PRIMARY KEY (s, r)",
    "local_slot": (
        "c INT NOT NULL, seq BIGINT NOT NULL, r VARCHAR(30) NOT NULL, PRIMARY KEY (c, seq, r)"
    ),
    "local_chain": (
        "c INT NOT NULL PRIMARY KEY, scope VARCHAR(64) NOT NULL, author VARCHAR(64) NOT NULL,"
        " device VARCHAR(64) NOT NULL, state LONGTEXT"
    ),
    "local_log": (
        "account VARCHAR(64) NOT NULL, seq INT NOT NULL, k VARCHAR(78) NOT NULL,"
        " PRIMARY KEY (account, seq, k)"
    ),
    "local_subject": (
        "s VARCHAR(160) NOT NULL PRIMARY KEY, kind VARCHAR(16) NOT NULL, body LONGTEXT NOT NULL"
    ),
    "local_wait": "w VARCHAR(200) NOT NULL, s VARCHAR(160) NOT NULL, PRIMARY KEY (w, s)",
    "local_await": "r VARCHAR(64) NOT NULL, s VARCHAR(160) NOT NULL, PRIMARY KEY (r, s)",
    "local_pin": "s VARCHAR(160) NOT NULL, r VARCHAR(64) NOT NULL, PRIMARY KEY (s, r)",
    "local_owner": (
        "t VARCHAR(32) NOT NULL, id VARCHAR(255) NOT NULL, s VARCHAR(160) NOT NULL,"
        " v LONGTEXT, PRIMARY KEY (t, id, s)"
    ),
    "local_seen": (
        "t VARCHAR(32) NOT NULL, id VARCHAR(255) NOT NULL, v LONGTEXT NOT NULL,"
        " source VARCHAR(512) NOT NULL, commit_id VARCHAR(64) NOT NULL, seen_at BIGINT NOT NULL,"
        " PRIMARY KEY (t, id)"
    ),
    "local_doc": (
        "space VARCHAR(64) NOT NULL, id VARCHAR(255) NOT NULL, v LONGTEXT NOT NULL,"
        " PRIMARY KEY (space, id)"
    ),
    "local_dim": "o VARCHAR(600) NOT NULL PRIMARY KEY",
    "local_count": (
        "d VARCHAR(400) NOT NULL PRIMARY KEY, n BIGINT NOT NULL, v VARCHAR(9) NOT NULL"
    ),
}
# Emptied by a rebuild; what no record held says (documents, observations, loose ones) stays.
DERIVED_LOCAL: Final = (
    "local_id", "local_about", "local_slot", "local_chain", "local_log", "local_subject",
    "local_wait", "local_await", "local_pin", "local_owner", "local_dim", "local_count",
)  # fmt: skip
DERIVED_ROWS: Final = (
    "rigs", "wanted", "completions", "stamps", "rig_links", "wl_attempts",
)  # fmt: skip
IGNORED: Final = "local_%"
