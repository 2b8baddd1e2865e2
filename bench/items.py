"""A board of any size, made once: items as the fold leaves them, put through the store's own port.

What is simulated: no record stands behind an item. Rows, cards, words and indexes are real, and
written by the code that writes them in a ledger. An interrupted build goes on where it stopped.
"""

import hashlib
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.people import TAGS, WORDS
from bench.result import folder
from ledger.dolt import open_doltlite
from ledger.dolt.cards import spell
from ledger.dolt.schema import COMMONS, LOCAL
from ledger.dolt.store import DoltStore
from ledger.dolt.values import lettered, values_of
from ledger.memory_board import key_of, place_of
from ledger.store import BoardQuery, Projection, Subject
from ledger.tables import Row

BATCH: Final = 50_000
TIDY: Final = 4  # batches between two collections
POSTERS: Final = 2_000
RARE_WORDS: Final = 100_000
RARE_TAGS: Final = 1_000
STATUSES: Final = ("open", "claimed", "in_review", "completed", "withdrawn")
SHARES: Final = (50, 10, 5, 30, 5)
START: Final = datetime(2024, 1, 1, tzinfo=UTC)
SPAN_S: Final = 63_000_000  # two years


def layout() -> str:
    """A name for how this version lays a board out; another layout is another file."""
    sample = item(1, 2)
    row = sample.rows[0].values
    facts = [
        spell(sample.id, (dict(sample.card), [], [], [("wanted", sample.rows[0].key)])),
        *sorted(values_of(row, signed=True)),
        lettered(5_000) + place_of(row),
        key_of(row, BoardQuery(sort="updated")),
        *(LOCAL[table] for table in ("local_dim", "local_subject", "local_count")),
        COMMONS["wanted"],
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:8]


def rare(chance: random.Random) -> str:
    """A word that few items have; some have fewer than others."""
    return f"term{int(RARE_WORDS ** chance.random())}"


def item(number: int, count: int) -> Subject:
    """One item of the board, the same at every time."""
    chance = random.Random(number)
    subject_id = hashlib.sha256(b"item %d" % number).hexdigest()
    at = START + timedelta(seconds=number * SPAN_S // count)
    status = chance.choices(STATUSES, SHARES)[0]
    taken = status != "open" and chance.random() < 0.9
    values: dict[str, Any] = {
        "id": f"w-{subject_id[:40]}",
        "title": " ".join([*chance.choices(WORDS, k=4), rare(chance)]),
        "description": " ".join([*chance.choices(WORDS, k=12), *(rare(chance) for _ in range(4))]),
        "project": project(chance, number / count),
        "type": chance.choices(("bug", "feature", "docs"), (60, 35, 5))[0],
        "priority": chance.choices(range(5), (5, 20, 50, 20, 5))[0],
        "tags": [*chance.sample(TAGS, 2), f"tag-{int(RARE_TAGS ** chance.random())}"],
        "posted_by": f"town-{int(POSTERS ** chance.random())}",
        "claimed_by": f"town-{int(POSTERS ** chance.random())}" if taken else None,
        "status": status,
        "effort_level": chance.choice(("small", "medium", "large")),
        "sandbox_required": 0,
        "created_at": f"{at:%Y-%m-%d %H:%M:%S}",
        "updated_at": f"{at + timedelta(minutes=chance.randrange(9_000)):%Y-%m-%d %H:%M:%S}",
    }
    account = hashlib.sha256(values["posted_by"].encode()).hexdigest()
    return Subject(
        id=subject_id,
        kind="item",
        rows=(Row("wanted", values["id"], values),),
        card=_card(subject_id, account),
    )


def project(chance: random.Random, moment: float) -> str:
    """Some projects are always there, some had their time."""
    if chance.random() < 0.2:
        return f"season-{int(moment * 50)}"
    return f"project-{int(40 ** chance.random())}"


def _card(subject_id: str, account: str) -> dict[str, Any]:
    return {
        "item": subject_id, "short": f"w-{subject_id[:40]}", "poster": account,
        "home": [account, "did:key:z6Mk" + account[:44]], "stop": "", "assign": "first",
        "asks": [], "held": [], "handed_in": [], "sent_back": False, "answered": [],
        "check": False, "notes": 0, "questions": [], "instructions": 0, "given": [],
    }  # fmt: skip


def built(count: int) -> Path:
    """The board of so many items, made or finished where it is not there yet."""
    path = folder() / f"items-{count}-{layout()}.db"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    store = open_doltlite(part, town="bench")
    done = sum(store.counts().values())
    for at in range(done, count, BATCH):
        end = min(at + BATCH, count)
        subjects = [item(number, count) for number in range(at, end)]
        store.write([], Projection(subjects=subjects))
        if (at // BATCH) % TIDY == TIDY - 1:
            store.collect()
        print(f"items: {end:,} of {count:,}", file=sys.stderr, flush=True)
    store.checkpoint("built")
    store.collect()
    store.close()
    part.rename(path)
    return path


def opened(count: int) -> DoltStore:
    """The board of so many items."""
    return open_doltlite(built(count), town="bench")
