"""Use cases of whoever has work to give: post, update, withdraw, note.

A town that is in no wasteland yet makes one of its own with its first post, and says so.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ledger import actions_items as say
from ledger.journal import Journal
from ledger.story import Story
from stamps.bodies import read
from stamps.clock import SECOND_US
from stamps.errors import BadRecordError
from stamps.record import Entry, public_id
from town.market.answer import NOT_SETTLED, Answer
from town.market.claims import step
from town.market.errors import FieldError
from town.market.find import Found, find_item, item_of
from town.market.founding import FoundingDesk
from town.market.items import ItemDesk
from town.market.limits import limit_words
from town.market.names import name_of
from town.market.view import FOR_THE_DOER, decides, held_by
from town.market.words import normal_text

POST_FIELDS = (
    "title", "description", "project", "type", "priority", "effort", "tags", *FOR_THE_DOER,
    "supersedes", "sandbox",
)  # fmt: skip
SIGNS_A_LEASE = 12  # a sign sooner after the last one than this part of the lease adds nothing
NO_HELP = "no repository, no check, no definition of done: agents skip such posts"


class PostingDesk(FoundingDesk, ItemDesk):
    """Gives work."""

    def post(self, fields: Mapping[str, Any]) -> Answer:
        """The item is on the board. `fields` by the names of records 5.2, `policy` and `home` too.

        Raises FieldError, NoTownHereError and the errors of composing a record.
        """
        journal, founded = self.run(lambda: self._board_to_post_on(fields))
        entry = self.run(lambda: self._posted(journal, fields))
        found = self.run(lambda: item_of(journal, public_id("w", entry.record.id)))
        self.deliver(journal)
        short = self.run(lambda: self.short(found))
        words = [*founded, f'posted  {short} "{entry.record.body["title"]}"']
        helped = any(entry.record.body.get(name) for name in ("repo", "check", "done_when"))
        words += [] if helped else [f"        note: {NO_HELP}."]
        improve = step("improve", "update", short, "--check", "<command>", needs=("command",))
        show = step("show", "show", short)
        return self.item_answer(found, tuple(words), next_=(show,) if helped else (improve, show))

    def _board_to_post_on(self, fields: Mapping[str, Any]) -> tuple[Journal, list[str]]:
        _ = self.author  # a town without an account learns that first
        if self.town.current:
            return self.board(), []
        self._check_first_post(fields)
        journal = self.found_own()
        return journal, [f"made    your own board, {self.title_of(journal)} (join: open)"]

    def _check_first_post(self, fields: Mapping[str, Any]) -> None:
        """A post that would be refused makes no board. Raises FieldError."""
        body = _checked_names(fields)
        for name in ("needs", "supersedes"):
            said = body.get(name) or ()
            items = [said] if isinstance(said, str) else said
            if any(str(one).startswith("w-") for one in items):
                raise FieldError(name, "unknown", None, f"there is no item yet: {', '.join(items)}")
        policy = dict(fields.get("policy") or {})
        try:
            read("wanted.post", say.post_body(body, policy, under="0" * 64))
        except BadRecordError as error:
            raise limit_words(error, body) from error

    def _posted(self, journal: Journal, fields: Mapping[str, Any]) -> Entry:
        _checked_names(fields)
        body = self._fields_of(journal, fields)
        if body.get("supersedes"):
            body["supersedes"] = find_item(journal, str(body["supersedes"])).post
        policy = dict(fields.get("policy") or {})
        home = self._home(journal, str(fields.get("home") or self.ports.away_home))
        policy |= {"home": home} if home else {}
        try:
            entry = say.post(journal, self.author, fields=body, policy=policy, now=self.now())
        except BadRecordError as error:
            raise limit_words(error, body) from error
        return self.say(journal, entry)

    def _fields_of(self, journal: Journal, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as a record carries them; items that come first by their whole ids."""
        body = _said_fields(fields)
        if "needs" in body:
            body["needs"] = [
                find_item(journal, one).id if one.startswith("w-") else one for one in body["needs"]
            ]
        return body

    def _home(self, journal: Journal, said: str) -> dict[str, str]:
        """The node that decides in this town's place: a peer's name, or ACCOUNT/DEVICE."""
        if not said:
            return {}
        home = self.ports.peers.home_of(journal.wasteland, said)
        if home is None:
            raise FieldError("home", "unknown", None, f"no node here is called {said}")
        return {"account": home.account, "device": home.device}

    def update(self, item: str, fields: Mapping[str, Any]) -> Answer:
        """The item has new terms; whoever asked on the old ones must ask again."""

        def work() -> tuple[Found, bool]:
            found = self.found(item)
            body = self._fields_of(found.journal, fields)
            now = found.signed.fields
            if decides(found.signed, self.viewer()) and all(
                _same(now.get(name), value) for name, value in body.items()
            ):
                return found, False
            try:
                entry = say.update(
                    found.journal, self.author, found.signed, fields=body, now=self.now()
                )
            except BadRecordError as error:
                raise limit_words(error, body) from error
            self.say(found.journal, entry)
            return found, True

        found, fresh = self.run(work)
        return self.decided(found, "updated", "update") if fresh else self.unchanged(found, "so")

    def withdraw(self, item: str, reason: str = "") -> Answer:
        """The item is off the board; its record remains."""
        said = normal_text(reason)

        def work() -> tuple[Found, bool]:
            found = self.found(item)
            story = found.signed
            if self.repeated(found, "wanted.withdraw", lambda body: _reason_fits(body, said)):
                return found, False
            try:
                entry = say.withdraw(found.journal, self.author, story, now=self.now(), reason=said)
            except BadRecordError as error:
                raise limit_words(error, {"reason": said}) from error
            self.say(found.journal, entry)
            return found, True

        found, fresh = self.run(work)
        if not fresh:
            return self.unchanged(found, "withdrawn")
        return self.decided(found, "withdrawn", "withdraw", ". The record remains.")

    def repeated(self, found: Found, kind: str, same: Callable[[Mapping[str, Any]], bool]) -> bool:
        """Whether this town's decision of this kind is the item's last, and said the same."""
        last = next(reversed(found.signed.decisions), None)
        mine = last is not None and last.author == self.own_account
        return last is not None and mine and last.kind == kind and same(last.body)

    def unchanged(self, found: Found, word: str) -> Answer:
        """The answer to a decision that was made before."""
        short = self.run(lambda: self.short(found))
        return self.item_answer(found, (f"{word:<9} {short} already (nothing changed).",))

    def decided(self, found: Found, word: str, verb: str, rest: str = ".") -> Answer:
        """The answer after a decision: done, or told to the node that decides."""
        self.deliver(found.journal)
        short = self.run(lambda: self.short(found))
        again = self.run(lambda: self.again(found))
        story = again.signed
        if self._is_home(story):
            return self.item_answer(found, (f"{word:<9} {short}{rest}",))
        home = name_of(found.journal, story.home.account)
        words = (f"told    {home} to {verb} {short}. It takes effect when {home} confirms it.",)
        return self.item_answer(
            found, words, next_=(step("wait", "show", short),), exit_=NOT_SETTLED
        )

    def _is_home(self, story: Story) -> bool:
        author = self.author
        return (author.account, author.device) == story.home

    def note(self, item: str, text: str, tag: str = "note", re: str = "") -> Answer:
        """Words stand on the item; they change no row."""

        def work() -> tuple[Found, bool]:
            found = self.found(item)
            about = str(found.post) if found.story is not None else f"row:wanted/{found.id}"
            said = normal_text(text)
            try:
                entry = say.note(
                    found.journal,
                    self.author,
                    about=about,
                    text=said,
                    now=self.now(),
                    tag=tag,
                    re=self._answered(found, re),
                )
            except BadRecordError as error:
                raise limit_words(error, {"text": said}) from error
            self.say(found.journal, entry)
            return found, self._sign_of_work(found)

        found, renewed = self.run(work)
        self.deliver(found.journal)
        short = self.run(lambda: self.short(found))
        asked = tag == "question"
        next_ = (step("wait", "wait", short, "--until", "reply"),) if asked else ()
        kept = "; your time on it runs anew." if renewed else ""
        return self.item_answer(found, (f"noted   {tag} on {short}{kept}",), next_=next_)

    def _sign_of_work(self, found: Found) -> bool:
        """Whether the note was a sign of work of whoever holds the item, and renewed it.

        A node renews by nothing else (records 5.7): work that nobody shows runs out.
        """
        if found.story is None or self.holding_agent(found.story) != self.ports.agent:
            return False
        held = held_by(found.story, self.town.account)
        if held is None or (self.now() - held.last_sign) * SIGNS_A_LEASE < held.lease_s * SECOND_US:
            return False
        self.say(found.journal, say.renew(found.journal, self.author, found.story, now=self.now()))
        return True

    def _answered(self, found: Found, said: str) -> str:
        if not said or found.story is None:
            return ""
        notes = [note for note in found.story.notes if note.id.startswith(said)]
        if len(notes) != 1:
            raise FieldError("re", "unknown", None, f"no one note of this item is {said!r}")
        return notes[0].id


def _same(one: Any, other: Any) -> bool:
    """Whether two values of a field are the same, lists and tuples alike."""
    lists = isinstance(one, list | tuple) and isinstance(other, list | tuple)
    return list(one) == list(other) if lists else bool(one == other)


def _reason_fits(body: Mapping[str, Any], said: str) -> bool:
    """Whether a decision had this reason, or no reason was asked for again."""
    return not said or body.get("reason", "") == said


def _checked_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are said, each a known one, the title among them. Raises FieldError."""
    unknown = [name for name in fields if name not in (*POST_FIELDS, "policy", "home")]
    if unknown:
        raise FieldError(unknown[0], "field.unknown", None, f"no field is called {unknown[0]}")
    body = _said_fields(fields)
    if not body.get("title"):
        raise FieldError("title", "missing", None, "a post needs a title")
    return body


def _said_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as a record carries them: normal text, lists, times in microseconds."""
    said = {name: value for name, value in fields.items() if name not in ("policy", "home")}
    body = {name: _said(value) for name, value in said.items()}
    if "due" in body:
        body["due"] = due_at(body["due"])
    if "title" in body:
        body["title"] = " ".join(str(body["title"]).split())
    return body


def _said(value: Any) -> Any:
    if isinstance(value, str):
        return normal_text(value)
    if isinstance(value, list | tuple):
        return [normal_text(str(one)) for one in value]
    return value


def due_at(said: object) -> int:
    """A date or a time, UTC, in microseconds. Raises FieldError."""
    if isinstance(said, int):
        return said
    try:
        when = datetime.fromisoformat(str(said))
    except ValueError:
        why = f"{said!r} is no date; 2026-12-31 is"
        raise FieldError("due", "form", None, why) from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()) * 1_000_000
