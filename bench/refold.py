"""One more record about one item of a big ledger: judged, kept, folded, shown.

The ledger is a town's own, filled by signed records. What is new is signed by its poster, passes
the one door, and is durable when the time stops. Each run leaves a few notes behind.
"""

import argparse
import itertools
import random
from typing import Any, Final

from town.node.boot import calm_collector, load_engine

load_engine()
calm_collector()

from bench.people import SECOND  # noqa: E402  # the engine comes first
from bench.result import Watch, percentile, row  # noqa: E402
from bench.towns import filled, mixed, writer_key  # noqa: E402
from ledger.dolt import open_doltlite  # noqa: E402
from ledger.journal import Journal  # noqa: E402
from ledger.store import BoardQuery  # noqa: E402
from stamps.record import ChainKey, Envelope, sign  # noqa: E402
from town.node.home import Home  # noqa: E402

TURNS: Final = 60
SMALL: Final = 10_000
FLAT: Final = 1.5
WRITERS: Final = 200


def opened(count: int) -> Journal:
    """The ledger of a town with so many records."""
    home = Home(filled(count, mixed).home)
    path = next(path for path in home.ledgers.glob("*.db") if path != home.self_ledger)
    store = open_doltlite(path, town="bench")
    genesis = next(entry for entry in store.entries() if entry.record.kind == "wasteland.create")
    return Journal.open(store, wasteland=str(genesis.record.id))


def notes(journal: Journal) -> Any:
    """Notes of posters on their own items, spread over the whole board."""
    accounts = {key.device: key.author for key in journal.state.chains if key.author}
    items = list(journal.store.find(BoardQuery(sort="newest", limit=500)).items)
    items += journal.store.find(BoardQuery(sort="oldest", limit=500)).items
    random.Random(3).shuffle(items)
    for number in itertools.count():
        key = writer_key(number % WRITERS)
        device = str(key.device)
        if device not in accounts:
            continue
        chain = ChainKey(journal.wasteland, accounts[device], device)
        head = journal.head(chain)
        item = items[number % len(items)].card["item"]
        entry = sign(key=key, scope=journal.wasteland, author=chain.author,
                     seq=head.head_seq + 1 if head else 0, prev=head.head_id if head else "",
                     at=journal.seen_at() + SECOND, kind="note.add", about=item,
                     body={"text": "how far it is", "tag": "progress"})  # fmt: skip
        yield Envelope(entry.record, entry.signature)


def measured(count: int) -> tuple[Watch, Watch]:
    """Time of folding an item in memory, and of taking one more record about it."""
    journal = opened(count)
    fold, taken = Watch(), Watch()
    for envelope in itertools.islice(notes(journal), TURNS):
        with taken:
            outcome = journal.record([envelope], now=envelope.record.at)[0]
        if outcome.entry is None:
            raise RuntimeError(f"not taken: {outcome.code}")
        with fold:
            journal.story(str(envelope.record.about))
    journal.store.close()
    return fold, taken


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    count = parser.parse_args().records
    found = {size: measured(size) for size in (SMALL, count)}
    for size, (fold, taken) in found.items():
        row(f"one item folded anew, {size:,} records", "", fold.said())
        row(f"one more record taken, kept, folded and shown, {size:,} records", "", taken.said())
    for name, which in (("folding one item", 0), ("one more record", 1)):
        ratio = percentile(found[count][which].own, 0.5) / percentile(found[SMALL][which].own, 0.5)
        row(f"{name}, {count:,} against {SMALL:,} records", "flat", f"{ratio:.2f}x",
            met=ratio <= FLAT)  # fmt: skip


if __name__ == "__main__":
    main()
