"""Use cases of whoever looks: browse, show, me, log, diff.

They change nothing but what this town remembers having been told.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ledger.journal import Journal
from ledger.store import BoardQuery, Sort
from ledger.story import Story
from stamps.record import Record, public_id
from town.market.answer import Answer, Next
from town.market.card import card_lines
from town.market.deciders import waiting_line
from town.market.errors import FieldError
from town.market.find import Found, item_of, live_asks
from town.market.items import ItemDesk
from town.market.names import name_of
from town.market.partial import known_in_part, loose_about, loose_rows, loose_words
from town.market.stops import forget_working, working
from town.market.view import PILLS, Viewer, held_by, line_facts
from town.market.words import instant, short_id

SHORT_CHARS = 8  # of an id of another time; a prefix that is unique today says nothing of then

LIVE = ("open", "claimed", "in_review")
STATUSES = (*LIVE, "completed", "withdrawn")
WORDS_FOR_STATUS = {"done": "completed", "in-review": "in_review", "review": "in_review"}
SORTS: tuple[Sort, ...] = ("priority", "newest", "oldest", "updated")
ME_MAX = 50
COMMITS_MAX = 50
LOOKED_ENOUGH = "little fits so far, and more of the board was not looked at; --cursor looks on"
TABLES_SHOWN = ("wanted", "completions", "stamps", "rigs", "rig_links")


class ShowingDesk(ItemDesk):
    """Looks at the board."""

    # --- lists

    def browse(self, query: Mapping[str, Any]) -> Answer:
        """A page of the board. Filters by the names of `wl browse`; raises FieldError."""
        journal = self.run(self.board)
        asked = board_query(query, me=self.run(lambda: self._my_name(journal)))

        def page() -> dict[str, Any]:
            viewer = self.viewer()
            found = journal.store.find(asked)
            return {
                "items": [line_facts(journal, item, viewer) for item in found.items],
                "cursor": spelled(found.cursor),
                "partial": found.partial,
                "counts": dict(journal.store.counts()),
            }

        data = self.run(page)
        warn = (LOOKED_ENOUGH,) if data["partial"] else ()
        return self.answer("wl.v1.items", data, next_=_page_on(query, data["cursor"]), warn=warn)

    def _my_name(self, journal: Journal) -> str:
        return journal.name(self.town.account) if self.town.account else ""

    def show(self, item: str) -> Answer:
        """One item: what it asks, who has it, what was handed in, what was said."""
        partial = self.run(lambda: known_in_part(self.board(), item))
        if partial is not None:
            facts, lines = self.run(lambda: (partial.facts(), partial.lines()))
            sync = Next(do="sync", cmd=("wl", "sync"), reaches="peers")
            return self.answer("wl.v1.item", facts, lines, next_=(sync,))
        found = self.run(lambda: self.found(item))

        def look() -> tuple[dict[str, Any], tuple[str, ...], tuple[Next, ...]]:
            facts = self.facts(found)
            lines = card_lines(found, facts, self.viewer())
            loose = len(_loose_about(found))
            lines += (f"{'partial':<10}and {loose_words(loose)}",) if loose else ()
            return {**facts, "loose": loose}, lines, self._next(found)

        facts, lines, next_ = self.run(look)
        answer = self.answer("wl.v1.item", facts, lines, next_=next_)
        self.run(lambda: self._seen(found))
        return answer

    def _next(self, found: Found) -> tuple[Next, ...]:
        story = found.story
        if story is None or not self.town.account:
            return ()
        viewer, short = self.viewer(), self.short(found)
        decider = (viewer.account, viewer.device) == story.home or (
            viewer.account == story.post.account
        )
        if decider and any(not a.decision for a in story.attempts) and not story.accepted:
            accept = ("wl", "accept", short, "--quality", "<1-5>")
            reject = ("wl", "reject", short, "--reason", "<text>")
            return (
                Next(do="accept", cmd=accept, needs=("quality",), reaches="peers"),
                Next(do="reject", cmd=reject, needs=("reason",), reaches="peers"),
            )
        asks = [a for a in live_asks(story, viewer.now) if a.account != viewer.account]
        if decider and asks and not story.open_grants:
            name = name_of(found.journal, asks[0].account)
            return (Next(do="grant", cmd=("wl", "grant", short, "--to", name), reaches="peers"),)
        standing = self.standing(found)
        if standing.state == "open":
            return (Next(do="claim", cmd=("wl", "claim", short), reaches="peers"),)
        return standing.next

    def _seen(self, found: Found) -> None:
        """A stop order about an item is over once its agent has looked at it."""
        if found.story is None or self.rehearsing:
            return
        item = str(found.story.post.id)
        note = working(self.town).get(item)
        mine = held_by(found.story, self.town.account) is not None
        if note is not None and not mine and note.get("agent", "") == self.ports.agent:
            forget_working(self.town, item)

    def me(self) -> Answer:
        """What is this town's: held, asked, handed in, posted."""
        account = self.own_account
        journal = self.run(self.board)

        def mine() -> dict[str, Any]:
            viewer = self.viewer()
            name = journal.name(account)
            held = self._lines(journal, viewer, claimer=name, status=("claimed", "in_review"))
            posted = self._lines(journal, viewer, poster=name, status=LIVE)
            asked = [
                self._asked_line(journal, item, viewer)
                for item, note in working(self.town).items()
                if note.get("wasteland") == journal.wasteland and note.get("state") == "asked"
            ]
            return {
                "name": name_of(journal, account),
                "account": account,
                "held": held,
                "asked": [line for line in asked if line is not None],
                "posted": posted,
                "needs_you": [
                    self._with_waits(journal, line, viewer) for line in posted if _needs_you(line)
                ],
            }

        data = self.run(mine)
        return self.answer("wl.v1.me", data, _me_words(data))

    def _with_waits(
        self, journal: Journal, line: Mapping[str, Any], viewer: Viewer
    ) -> dict[str, Any]:
        """The line with what it waits for, which quotes what others handed in."""
        story = item_of(journal, str(line["id"])).story
        waits = waiting_line(journal, story, viewer) if story is not None else ""
        return {**line, "untrusted": {**line["untrusted"], "waits": waits}}

    def _lines(self, journal: Journal, viewer: Viewer, **filters: Any) -> list[dict[str, Any]]:
        query = BoardQuery(limit=ME_MAX, sort="updated", **filters)
        return [line_facts(journal, item, viewer) for item in journal.store.find(query).items]

    def _asked_line(self, journal: Journal, item: str, viewer: Viewer) -> dict[str, Any] | None:
        story = journal.story(item)
        if story is None or not any(
            ask.account == viewer.account for ask in live_asks(story, viewer.now)
        ):
            return None
        public = public_id("w", item)
        return {
            "id": public,
            "short": short_id(journal, public),
            "state": "asked",
            "home": name_of(journal, story.home.account),
            "untrusted": {"title": story.fields["title"]},
        }

    # --- history

    def log(self, item: str = "") -> Answer:
        """The signed records of an item, or the newest commits of the ledger."""
        journal = self.run(self.board)
        if not item:
            commits = self.run(lambda: journal.store.commits(COMMITS_MAX))
            rows = [{"commit": c.id, "at": c.at, "message": c.message} for c in commits]
            loose = self.run(lambda: len(journal.loose))
            warn = (f"beside them {loose_words(loose)}",) if loose else ()
            return self.answer("wl.v1.commits", {"rows": rows, "loose": loose}, warn=warn)
        partial = self.run(lambda: known_in_part(journal, item))
        if partial is not None:
            rows = self.run(lambda: loose_rows(journal, partial.records))
            return self.answer("wl.v1.records", {"item": partial.id, "rows": rows})
        found = self.run(lambda: self.found(item))
        records = self.run(lambda: _records(found))
        return self.answer("wl.v1.records", {"item": found.id, "rows": records})

    def diff(self, first: str, last: str = "HEAD") -> Answer:
        """The rows that differ between two commits or dates. Raises NoCommitError."""
        journal = self.run(self.board)

        def changes() -> list[dict[str, Any]]:
            return [
                {"table": table, **_changed(change)}
                for table in TABLES_SHOWN
                for change in journal.store.changes(first, last, table)
            ]

        rows = self.run(changes)
        return self.answer("wl.v1.diff", {"from": first, "to": last, "rows": rows})

    def as_of(self, when: str) -> Answer:
        """The board as it stood at a commit or a date. Raises NoCommitError."""
        journal = self.run(self.board)
        rows = self.run(lambda: [_then(row) for row in journal.store.as_of(when, "wanted")])
        counts = dict(Counter(str(row["status"]) for row in rows))
        data = {"items": rows, "cursor": None, "as_of": when, "counts": counts}
        return self.answer("wl.v1.items", data)


def _then(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it was: what its columns say, and nothing of what came later."""
    return {
        **row,
        "short": str(row["id"])[:SHORT_CHARS],
        "state": PILLS.get(str(row["status"]), row["status"]),
        "signed": True,
        "verified": True,
        "poster": {"handle": row.get("posted_by"), "account": None},
        "untrusted": {"title": row.get("title"), "description": row.get("description")},
    }


def _needs_you(line: Mapping[str, Any]) -> bool:
    return line["you"] == "reviewer" or str(line["state"]).startswith("asked")


def _me_words(data: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [f"{data['name']}"]
    for key, title in (
        ("needs_you", "needs you"),
        ("held", "yours"),
        ("asked", "asked"),
        ("posted", "posted"),
    ):
        lines.append(f"{title:<10}{len(data[key])}")
        for line in data[key]:
            text = " ".join(str(line["untrusted"]["title"]).split())
            plain = f"{line['short']}  {line['state']:<10} {text}"
            lines.append(f"          {line['untrusted'].get('waits') or plain}")
    return tuple(lines)


def board_query(query: Mapping[str, Any], *, me: str = "") -> BoardQuery:
    """The query of these filters; `me` stands for the town's own name. Raises FieldError."""
    sort = str(query.get("sort") or "priority")
    if sort not in SORTS:
        raise FieldError("sort", "unknown", None, f"sort by {', '.join(SORTS)}, not {sort}")
    names = {
        name: me if query.get(name) == "me" else query.get(name) for name in ("poster", "claimer")
    }
    return BoardQuery(
        status=_statuses(tuple(query.get("status") or ())),
        project=query.get("project"),
        type=query.get("type"),
        priority=query.get("priority"),
        effort=query.get("effort"),
        tag=query.get("tag"),
        poster=names["poster"],
        claimer=names["claimer"],
        text=query.get("text"),
        signed=query.get("signed"),
        sort=next(one for one in SORTS if one == sort),
        cursor=_cursor(query.get("cursor")),
        limit=int(query.get("limit") or 25),
    )


def spelled(cursor: str | None) -> str | None:
    """A cursor as one plain word."""
    if cursor is None:
        return None
    return base64.urlsafe_b64encode(cursor.encode()).rstrip(b"=").decode("ascii")


def _cursor(said: object) -> str | None:
    """The cursor of a word. Raises FieldError."""
    if not said:
        return None
    text = str(said)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return raw.decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise FieldError("cursor", "form", None, "that is no cursor of a page") from None


def _statuses(said: tuple[str, ...]) -> tuple[str, ...]:
    if not said:
        return LIVE
    if "all" in said:
        return ()
    plain = tuple(WORDS_FOR_STATUS.get(word, word.replace(" ", "_")) for word in said)
    wrong = [word for word in plain if word not in STATUSES]
    if wrong:
        why = f"{wrong[0]!r} is no status; {', '.join(STATUSES)} and all are"
        raise FieldError("status", "unknown", None, why)
    return plain


def _page_on(query: Mapping[str, Any], cursor: str | None) -> tuple[Next, ...]:
    if cursor is None:
        return ()
    words: list[str] = []
    for name, value in query.items():
        if name in ("cursor", "text") or value in (None, ""):
            continue
        many = value if isinstance(value, list | tuple) else (value,)
        words += [word for one in many for word in (f"--{name}", str(one))]
    text = str(query.get("text") or "").split()
    return (Next(do="more", cmd=("wl", "browse", *text, *words, "--cursor", cursor)),)


def _records(found: Found) -> list[dict[str, Any]]:
    story = found.signed
    journal = found.journal
    effective = {decision.id for decision in story.decisions}
    effective |= {d.instruction for d in story.decisions if d.instruction}
    reasons = {void.id: void.reason for void in story.void}
    held = [story.post, *journal.state.about(story.post.id)]
    rows = [
        {
            "at": instant(record.at),
            "kind": record.kind,
            "by": name_of(journal, record.account),
            "id": record.id,
            "device": record.device,
            "seq": record.seq,
            "effect": _effect(record.id, story, effective, reasons),
            "untrusted": {"body": record.body},
        }
        for record in sorted(held, key=lambda r: (r.at, r.id))
    ]
    return [*rows, *loose_rows(journal, _loose_about(found))]


def _loose_about(found: Found) -> list[Record]:
    """Loose records about an item that is here."""
    return loose_about(found.journal, found.story.post.id) if found.story is not None else []


def _effect(record_id: str, story: Story, effective: set[str], reasons: Mapping[str, str]) -> str:
    if record_id in reasons:
        return f"does not count: {reasons[record_id]}"
    if record_id in effective or record_id == story.post.id:
        return "in force"
    return ""


def _changed(change: Mapping[str, Any]) -> dict[str, Any]:
    before, after = change["before"] or {}, change["after"] or {}
    key = next(iter((after or before).values()), "")
    fields = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return {
        "key": key,
        "change": change["change"],
        "fields": fields,
        "untrusted": {
            "before": {name: before.get(name) for name in fields},
            "after": {name: after.get(name) for name in fields},
        },
    }
