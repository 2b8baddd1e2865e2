"""Records as many towns would write them, signed, made once and kept as lines.

Seeded and repeatable. The mix is that of a busy board: posts, requests, grants, hand-ins, accepts.
"""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from stamps.identity import DeviceKey
from stamps.record import ChainKey, Entry, sign, to_line

START: Final = 1_700_000_000_000_000
SECOND: Final = 1_000_000
WORDS: Final = (
    "fix", "race", "token", "refresh", "guide", "parser", "ledger", "cache", "retry", "window",
    "queue", "timeout", "signature", "merge", "branch", "deploy", "metric", "alarm", "page",
    "search", "index", "export", "import", "schema", "upgrade", "crash",
)  # fmt: skip
PROJECTS: Final = tuple(f"project-{number}" for number in range(40))
TAGS: Final = ("go", "python", "auth", "ui", "docs", "infra", "db", "perf")


class Writer:
    """Towns that write one wasteland; entries come out in an order that is admitted."""

    def __init__(self, *, towns: int, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.now = START
        self.heads: dict[ChainKey, tuple[int, str]] = {}
        self.keys = [
            DeviceKey.from_seed(hashlib.sha256(f"bench {n}".encode()).digest())
            for n in range(towns)
        ]
        self.accounts: list[str] = []
        self.wasteland = ""

    def say(self, who: int, kind: str, body: dict[str, Any], **place: str) -> Entry:
        """The next record of a town."""
        self.now += SECOND
        scope = place.get("scope", self.wasteland)
        author = place.get("author", self.accounts[who] if who < len(self.accounts) else "")
        chain = ChainKey(scope, author, self.keys[who].device)
        seq, prev = self.heads.get(chain, (-1, ""))
        entry = sign(
            key=self.keys[who], scope=scope, author=author, seq=seq + 1, prev=prev,
            at=self.now, kind=kind, about=place.get("about", ""), body=body,
        )  # fmt: skip
        self.heads[chain] = (seq + 1, str(entry.record.id))
        return entry

    def founding(self) -> Iterator[Entry]:
        """Every account, and the genesis."""
        for who, key in enumerate(self.keys):
            body: dict[str, Any] = {
                "handle": f"town-{who}",
                "type": "town",
                "rotation": [key.device],
                "device": key.device,
            }
            entry = self.say(who, "rig.register", body, scope="account", author="")
            self.accounts.append(str(entry.record.id))
            yield entry
        rules: dict[str, Any] = {
            "name": "bench",
            "title": "Bench",
            "maintainers": [],
            "policy": {},
            "schema": "1.2",
        }
        genesis = self.say(0, "wasteland.create", rules, scope="new:" + "0" * 32)
        self.wasteland = str(genesis.record.id)
        yield genesis

    def post(self, poster: int) -> Entry:
        """An item of this town."""
        return self.say(poster, "wanted.post", self._post())

    def work(self) -> Iterator[Entry]:
        """Items for ever: 45 % posts, 27 % requests, 15 % grants, 8 % hand-ins, 5 % accepts."""
        while True:
            poster, worker = self.chance.sample(range(len(self.keys)), 2)
            post = self.post(poster)
            yield post
            item = str(post.record.id)
            if self.chance.random() > 0.6:
                continue
            bid = self.say(worker, "claim.bid", {"seen": item}, about=item)
            yield bid
            if self.chance.random() > 0.55:
                continue
            body: dict[str, Any] = {"decides": item, "bid": bid.record.id, "term": 1,
                                    "lease_s": 86_400}  # fmt: skip
            grant = self.say(poster, "claim.grant", body, about=item)
            yield grant
            if self.chance.random() > 0.55:
                continue
            evidence = [{"kind": "url", "value": f"https://example.org/pull/{self.now % 997}"}]
            body = {"grant": grant.record.id, "summary": "done", "evidence": evidence}
            handed = self.say(worker, "work.submit", body, about=item)
            yield handed
            if self.chance.random() > 0.6:
                continue
            body = {"decides": grant.record.id, "submission": handed.record.id,
                    "stamp": {"dims": {"quality": 4, "reliability": 5}}}  # fmt: skip
            yield self.say(poster, "work.accept", body, about=item)

    def _post(self) -> dict[str, Any]:
        chance = self.chance
        return {
            "title": " ".join(chance.choices(WORDS, k=5)),
            "description": " ".join(chance.choices(WORDS, k=20)),
            "project": chance.choice(PROJECTS),
            "type": chance.choice(("bug", "feature", "docs")),
            "priority": chance.randrange(5),
            "effort": chance.choice(("small", "medium", "large")),
            "tags": chance.sample(TAGS, 2),
            "under": self.wasteland,
            "policy": {},
        }


def entries(count: int, *, towns: int = 1_000, seed: int = 1) -> Iterator[Entry]:
    """The founding, then work, until there are so many records."""
    writer = Writer(towns=towns, seed=seed)
    made = 0
    for entry in writer.founding():
        made += 1
        yield entry
    for entry in writer.work():
        if made >= count:
            return
        made += 1
        yield entry


def lines_file(folder: Path, count: int, *, towns: int = 1_000) -> Path:
    """A file of record lines, made where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"records-{count}-{towns}.lines"
    if not path.exists():
        fresh = path.with_suffix(".part")
        with fresh.open("wb") as file:
            for entry in entries(count, towns=towns):
                file.write(to_line(entry))
        fresh.rename(path)
    return path
