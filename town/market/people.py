"""Use cases about people: profiles, the leaderboard, stamps outside of an accept.

It shows what the signed records say and verifies each stamp again while it shows it; it weighs
nobody: reputation is a view that each town makes for itself.
"""

from collections.abc import Mapping
from typing import Any

from ledger import actions_members as members
from ledger.actions import Author
from ledger.journal import Journal
from ledger.store import BoardQuery
from stamps.errors import BadRecordError
from stamps.limits import PREFIX_CHARS_MIN
from stamps.record import ChainKey, public_id
from town.market.answer import Answer
from town.market.disowned import all_disowned, disowned_by, disowned_facts, disowned_words
from town.market.errors import AmbiguousError, NotFoundError
from town.market.find import find_item
from town.market.items import ItemDesk
from town.market.limits import limit_words, needed_reason
from town.market.names import account_called, name_of
from town.market.view import line_facts
from town.market.vouched import stamps_of, summary_of
from town.market.words import normal_text

WORK_MAX = 20


class PeopleDesk(ItemDesk):
    """Shows and praises people."""

    def profile(self, handle: str = "") -> Answer:
        """A town's work and stamps; without a name, this town's own."""
        journal = self.run(self.board)
        data = self.run(lambda: self._profile(journal, self._account(journal, handle)))
        return self.answer("wl.v1.profile", data, _profile_words(data))

    def _account(self, journal: Journal, handle: str) -> str:
        return str(account_called(journal, handle)) if handle else self.own_account

    def _profile(self, journal: Journal, account: str) -> dict[str, Any]:
        name = journal.name(account)
        row = journal.store.row("rigs", name) or {}
        log = journal.log_of(account)
        query = BoardQuery(claimer=name, status=("completed",), sort="updated", limit=WORK_MAX)
        viewer = self.viewer()
        stamps = list(stamps_of(journal, account))
        return {
            "handle": name_of(journal, account),
            "account": account,
            "type": row.get("rig_type"),
            "registered_at": row.get("registered_at"),
            "last_seen": row.get("last_seen"),
            "devices": len(log.effective.may) - len(log.effective.revoked) if log else 0,
            "stamps": stamps,
            "summary": summary_of(stamps),
            "disowned": disowned_facts(disowned_by(journal, account)),
            "work": [line_facts(journal, i, viewer) for i in journal.store.find(query).items],
            "untrusted": {"display_name": row.get("display_name")},
        }

    def leaderboard(self, limit: int = 20) -> Answer:
        """Who completed most, and how it was judged: a plain count, no weight."""
        journal = self.run(self.board)
        rows = self.run(lambda: _leaders(journal)[:limit])
        return self.answer("wl.v1.leaderboard", {"rows": rows})

    # --- stamps

    def stamp_list(self, handle: str = "") -> Answer:
        """The stamps that a town was given."""
        journal = self.run(self.board)

        def rows() -> list[dict[str, Any]]:
            return list(stamps_of(journal, self._account(journal, handle)))

        return self.answer("wl.v1.stamps", {"rows": self.run(rows)})

    def stamp_give(
        self, handle: str, stamp: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Answer:
        """The town vouches for somebody's work that went over no item."""
        journal = self.run(self.board)

        def work() -> tuple[str, str]:
            subject = account_called(journal, handle)
            about = dict(context)
            if about.get("id"):
                about["id"] = find_item(journal, str(about["id"])).post
            said = {**stamp}
            if "message" in said:
                said["message"] = normal_text(str(said["message"]))
            try:
                entry = members.stamp_give(
                    journal,
                    self.author,
                    subject=subject,
                    context=about,
                    stamp=said,
                    now=self.now(),
                )
            except BadRecordError as error:
                forms = {"type": "one of endorsement, mentoring, review"}
                raise limit_words(error, said, forms) from error
            self.say(journal, entry)
            return str(entry.record.id), name_of(journal, subject)

        given, name = self.run(work)
        self.deliver(journal)
        public = public_id("s", given)
        words = (f"stamped  {name}: {public[:8]}, signed by you",)
        return self.answer("wl.v1.stamp", {"id": public, "record": given, "subject": name}, words)

    def stamp_revoke(self, stamp_id: str, reason: str) -> Answer:
        """A stamp of this town's is taken back; both records remain."""
        journal = self.run(self.board)
        said = needed_reason(reason, "taking a stamp back")

        def work() -> str:
            author = self.author
            before = _taken_back(journal, author, stamp_id)
            if before:
                return before
            record = _own_stamp(journal, author.account, stamp_id)
            entry = members.stamp_revoke(
                journal,
                author,
                stamp_id=record,
                giver=author.account,
                reason=said,
                now=self.now(),
            )
            self.say(journal, entry)
            return record

        public = public_id("s", self.run(work))
        self.deliver(journal)
        words = (f"revoked  stamp {public[:8]}; the record remains and shows it",)
        return self.answer("wl.v1.stamp", {"id": public, "revoked": True}, words)


def _taken_back(journal: Journal, author: Author, said: str) -> str:
    """The stamp that this device took back before, if it is called so; empty for none."""
    digits = said.strip().lower().removeprefix("s-")
    chain = ChainKey(journal.wasteland, author.account, author.device)
    head = journal.head(chain)
    if head is None or len(digits) < PREFIX_CHARS_MIN:
        return ""
    entries = journal.held.slots(chain, 0, head.head_seq)
    revokes = (e.record for e in entries if e is not None and e.record.kind == "stamp.revoke")
    return next((str(r.about) for r in revokes if str(r.about).startswith(digits)), "")


def _own_stamp(journal: Journal, account: str, said: str) -> str:
    digits = said.strip().lower().removeprefix("s-")
    found = [
        stamp for _, stamp, _ in journal.state.index.stamps_by(account) if stamp.startswith(digits)
    ]
    if not found:
        raise NotFoundError("stamp of yours", said)
    if len(found) > 1:
        raise AmbiguousError("stamp", said, tuple(public_id("s", one)[:12] for one in found))
    return found[0]


def _profile_words(data: Mapping[str, Any]) -> tuple[str, ...]:
    summary = data["summary"]
    means = ", ".join(f"{name} {mean / 100:.1f}" for name, mean in summary["mean_x100"].items())
    lines = [
        f"{data['handle']}  {data['type'] or ''}  {data['account'][:16]}".rstrip(),
        f"stamps    {summary['count']}{f': {means}' if means else ''}",
    ]
    for stamp in data["stamps"]:
        dims = ", ".join(f"{name} {grade}" for name, grade in stamp["dims"].items())
        mark = "verified" if stamp["verified"] else "NOT VERIFIED"
        if not stamp["counts"]:
            mark = f"{mark}, does not count: {stamp['why_not']}"
        message = stamp["untrusted"]["message"]
        said = f' "{message}"' if message else ""
        lines.append(f"  {stamp['id'][:8]}  {dims}, by {stamp['author']}, {mark}{said}")
    lines += _disowned_lines(data["disowned"])
    lines.append(f"finished  {len(data['work'])}")
    for line in data["work"]:
        title = " ".join(str(line["untrusted"]["title"]).split())
        lines.append(f"  {line['short']}  {title}")
    return tuple(lines)


def _disowned_lines(disowned: Mapping[str, Any]) -> list[str]:
    if not disowned["count"]:
        return []
    lines = [f"against   {disowned_words(disowned['count'])}"]
    for one in disowned["decisions"]:
        where = one["item"][:8] if one["item"] else "the board"
        lines.append(f"  {where}  {one['kind']}, {one['at']}")
    return lines


def _leaders(journal: Journal) -> list[dict[str, Any]]:
    """Every town with finished work or stamps, by finished work, then quality, then name.

    Decisions that were taken away from a town stand against what it finished (records 5.5).
    """
    found: dict[str, dict[str, Any]] = {}
    for done in journal.store.rows("completions"):
        if done["validated_by"] is not None:
            _leader(found, str(done["completed_by"]))["completed"] += 1
    for stamp in journal.store.rows("stamps"):
        leader = _leader(found, str(stamp["subject"]))
        leader["stamps"] += 1
        leader["quality_sum"] += int(stamp["valence"]["quality"])
    for account, count in all_disowned(journal).items():
        _leader(found, journal.name(account))["disowned"] = count
    for leader in found.values():
        total = leader.pop("quality_sum")
        leader["quality_x100"] = round(100 * total / leader["stamps"]) if leader["stamps"] else None
    return sorted(
        found.values(),
        key=lambda one: (
            one["disowned"] - one["completed"],
            -(one["quality_x100"] or 0),
            one["handle"],
        ),
    )


def _leader(found: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    none = {"completed": 0, "stamps": 0, "disowned": 0, "quality_sum": 0}
    return found.setdefault(name, {"handle": name, **none})
