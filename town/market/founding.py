"""Making a wasteland and taking part in one: genesis, own accounts brought along, a name.

Every ledger of a town holds the town's own account log, so that each stands by itself. It admits
nobody else: that is the conduct of the registrar's node.
"""

from collections.abc import Mapping
from typing import Any

from ledger import actions_members as members
from ledger.journal import Journal
from stamps.errors import BadRecordError
from stamps.record import Entry, Envelope
from town.market.desk import Desk
from town.market.errors import NotKeptError
from town.market.limits import limit_words
from town.market.town import Town, wasteland_name
from town.market.words import normal_text

TAKEN = frozenset({"ok", "held", "fork", "pinned"})


def own_entries(town: Town) -> list[Entry]:
    """The town's account log and identity records, as its own ledger holds them."""
    account = town.account
    store = town.self_ledger
    log = store.log_of(account)
    entries = [store.held.entry(record.id) for record in log.records] if log is not None else []
    for key in store.state.chains_of(account):
        if key.scope == "identity":
            entries += store.held.slots(key, 0, store.state.chains[key].head_seq)
    return [entry for entry in entries if entry is not None]


def bring_self(town: Town, journal: Journal, *, now: int) -> None:
    """The ledger holds the town's own log and identity. Raises NotKeptError."""
    envelopes = [Envelope(entry.record, entry.signature) for entry in own_entries(town)]
    for envelope, outcome in zip(envelopes, journal.record(envelopes, now=now), strict=True):
        if str(outcome.code) not in TAKEN:
            raise NotKeptError(envelope.record.kind, str(outcome.code))


def learn_self(town: Town, journal: Journal, *, now: int, account: str = "") -> None:
    """The town's own ledger holds what a wasteland's ledger knows of the town's account."""
    log = journal.log_of(account or town.account)
    if log is None:
        return
    entries = [journal.held.entry(record.id) for record in log.records]
    envelopes = [Envelope(e.record, e.signature) for e in entries if e is not None]
    town.self_ledger.record(envelopes, now=now)


class FoundingDesk(Desk):
    """Makes wastelands and enters them."""

    def found_own(self) -> Journal:
        """The ledger of a wasteland of the town's own, join open."""
        handle = self.town.handle
        return self.founded(f"{handle}/commons", title=f"Posted by {handle}", join="open")

    def founded(self, name: str, *, title: str, join: str) -> Journal:
        """The ledger of a new wasteland whose registrar this node is; it is the current one."""
        policy: Mapping[str, Any] = {"join": join} if join != "open" else {}
        try:
            genesis = members.create(
                self.town.self_ledger,
                self.author,
                name=normal_text(name),
                title=normal_text(title),
                policy=policy,
                secret=self.ports.new_secret(),
                now=self.now(),
            )
        except BadRecordError as error:
            raise limit_words(error, {"name": name, "title": title}) from error
        self.say(self.town.self_ledger, genesis)
        journal = self.town.ledgers[genesis.record.id] = self.town.open_ledger(genesis.record.id)
        bring_self(self.town, journal, now=self.now())
        journal.record([Envelope(genesis.record, genesis.signature)], now=self.now())
        self.take_part(journal, self.town.handle)
        self.town.enter(journal.wasteland)  # last: a crash before leaves no board half made
        self.town.choose(journal.wasteland)
        return journal

    def take_part(self, journal: Journal, handle: str) -> None:
        """The town has said that it joins; where it is the registrar it is admitted as well."""
        author = self.author
        if not self._joined(journal):
            self.say(journal, members.join(journal, author, handle=handle, now=self.now()))
        if members.is_registrar(journal, author) and author.account not in journal.admitted():
            admission = members.admit(
                journal, author, account=author.account, handle=handle, now=self.now()
            )
            self.say(journal, admission)

    def _joined(self, journal: Journal) -> bool:
        about = journal.state.about(journal.wasteland)
        return any(r.kind == "rig.join" and r.account == self.town.account for r in about)

    def title_of(self, journal: Journal) -> str:
        """What people call a wasteland."""
        return wasteland_name(journal)
