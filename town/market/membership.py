"""Use cases about wastelands and their members: create, join, leave, list, admit, policy, invite.

Who counts is the registrar's to say; a town only asks. Joining brings the board here and sends
nothing but who this town is.
"""

from collections.abc import Mapping
from typing import Any

from federation.invite import COUNT_MAX, LIVES_US_MAX
from ledger import actions_members as members
from ledger.journal import Journal
from stamps.body_parts import RigJoin
from stamps.clock import SECOND_US
from stamps.errors import BadRecordError
from stamps.limits import INTEGER_DIGITS_MAX
from stamps.shape import fit
from town.market.answer import NOT_SETTLED, Answer, Next, problem
from town.market.errors import FieldError, HandleError
from town.market.founding import FoundingDesk, bring_self
from town.market.items import ItemDesk
from town.market.limits import limit_words
from town.market.names import account_called, name_of
from town.market.town import wasteland_name
from town.market.words import counted, instant, normal_text

ADMIT_WAIT_S = 10.0
WHOLE_S = 3_600.0  # a first exchange may bring a whole board
POLICY_TYPES: Mapping[str, type] = {"lease_s": int}
POLICY_NAMES = ("assign", "lease_s", "unsigned", "may_instruct", "maintainers")
POLICY_LISTS = frozenset({"may_instruct", "maintainers"})


class MembershipDesk(FoundingDesk, ItemDesk):
    """Makes, joins and rules wastelands."""

    def create(self, name: str, title: str = "", join: str = "open") -> Answer:
        """A wasteland of this name exists, with this node as its registrar."""

        def work() -> tuple[Journal, str]:
            known = self._founded_before(name)
            if not known:
                journal = self.founded(name, title=title or name, join=join)
                made = f"(join: {join}). This node admits its members."
                return journal, f"made    {wasteland_name(journal)} {made}"
            self.about_to("use", {"wasteland": known})
            there = known in self.town.members()
            journal = self.town.enter(known)
            self.town.choose(known)
            called = wasteland_name(journal)
            said = f"there   {called} is yours already (nothing changed)."
            return journal, said if there else f"back    {called}, which you left, is open again."

        journal, first = self.run(work)
        words = (first, f"        {journal.wasteland}")
        invite = Next(do="invite", cmd=("wl", "invite"), reaches="peers")
        return self.answer("wl.v1.wasteland", self._facts(journal), words, next_=(invite,))

    def _founded_before(self, name: str) -> str:
        """The wasteland of this name that this town made, left since or not; empty for none."""
        for wasteland in (*self.town.members(), *self.town.left()):
            held = self.town.ledgers.get(wasteland)
            journal = held or self.town.open_ledger(wasteland)
            genesis = journal.genesis()
            mine = genesis is not None and genesis.account == self.town.account
            found = mine and wasteland_name(journal) == normal_text(name)
            if held is None:
                journal.store.close()
            if found:
                return wasteland
        return ""

    def wastelands(self, use: str = "") -> Answer:
        """The wastelands of this town; `use` makes one the current one."""

        def work() -> list[dict[str, Any]]:
            if use:
                self.town.choose(self.town.called(use).wasteland)
            return [self._facts(self.town.ledgers[w]) for w in self.town.members()]

        return self.answer("wl.v1.wastelands", {"rows": self.run(work)})

    def _facts(self, journal: Journal) -> dict[str, Any]:
        account, key = self.town.account, self.town.device
        home = str(key.device) if key is not None else ""
        return {
            "name": wasteland_name(journal),
            "id": journal.wasteland,
            "current": journal.wasteland == self.town.current,
            "you": name_of(journal, account) if account else None,
            "admitted": account in journal.admitted(),
            "registrar": journal.registrar() == (account, home),
            "members": len(journal.admitted()),
            "items": dict(journal.store.counts()),
            "records": journal.store.count(),
        }

    # --- joining and leaving

    def invite(self, count: int = 1, expires_s: int = 900, via: str = "") -> Answer:
        """A token lets `count` towns join the current wasteland."""
        _ = self.author  # a town without an account learns that first
        _check_invite(count=count, expires_s=expires_s)
        made: list[str] = []
        if not self.town.current:
            made.append(f"made    {self.title_of(self.run(self.found_own))} (join: open)")
        journal = self.run(self.board)
        self.about_to("an invite", {"count": count, "expires_s": expires_s})
        invitation = self.ports.peers.invite(
            journal.wasteland, count=count, expires_s=expires_s, via=via
        )
        data = {
            "invite": invitation.token,
            "expires_at": instant(invitation.expires_at),
            "count": count,
            "wasteland": journal.wasteland,
            "name": wasteland_name(journal),
        }
        words = (*made, invitation.token)
        join = Next(do="join", cmd=("wl", "join", "<token>"), needs=("token",), reaches="peers")
        warn = () if self.ports.resident else ("nobody can redeem it before wl up",)
        return self.answer("wl.v1.invite", data, words, next_=(join,), warn=warn)

    def join(self, token: str, handle: str = "") -> Answer:
        """The town takes part in the wasteland of an invite; its board is here."""
        author = self.author
        wish = handle or self.town.handle
        check_handle(wish)
        self.about_to("rig.join", {"handle": wish})
        redeemed = self.ports.peers.redeem(token, handle=wish)
        journal = self.run(lambda: self.town.enter(redeemed.wasteland))
        self.run(lambda: bring_self(self.town, journal, now=self.now()))
        self._bring(journal)
        self.run(lambda: self.take_part(journal, wish))
        self.run(lambda: self.town.choose(redeemed.wasteland))
        self.ports.peers.sync(redeemed.wasteland)
        admitted = self._admitted(journal, author.account)
        return self._joined_answer(journal, author.account, admitted=admitted)

    def _bring(self, journal: Journal) -> None:
        """The board is here; a line that breaks is taken up again while it brings something."""
        held = -1
        while held < (count := self.run(journal.store.count)):
            held = count
            reports = self.ports.peers.sync(journal.wasteland, timeout_s=WHOLE_S)
            if all(report.reached for report in reports):
                return

    def _admitted(self, journal: Journal, account: str) -> bool:
        def is_in() -> bool:
            return account in journal.admitted()

        if self.run(is_in):
            return True
        if self.ports.resident:
            return self.ports.wait(lambda: self.run(is_in), ADMIT_WAIT_S)
        self.ports.peers.sync(journal.wasteland)
        return self.run(is_in)

    def _joined_answer(self, journal: Journal, account: str, *, admitted: bool) -> Answer:
        data = self.run(lambda: self._facts(journal))
        open_items = data["items"].get("open", 0)
        name = self.run(lambda: name_of(journal, account))
        words = [f"joined  {data['name']} as {name} · {counted(open_items, 'open item')}"]
        if not admitted and journal.state.by_invite:
            words.append(
                "        Not admitted yet: its registrar has not answered. You can browse."
            )
            exit_, error = NOT_SETTLED, problem("join.waiting", "not admitted yet")
        else:
            exit_, error = 0, None
        browse = Next(do="browse", cmd=("wl", "browse"))
        return self.answer(
            "wl.v1.wasteland", data, tuple(words), next_=(browse,), exit_=exit_, error=error
        )

    def leave(self, wasteland: str = "") -> Answer:
        """The town is in a wasteland no more; its ledger stays on this disk."""

        def work() -> Journal:
            journal = self.town.called(wasteland)
            self.about_to("leave", {"wasteland": journal.wasteland})
            self.town.depart(journal.wasteland)
            return journal

        journal = self.run(work)
        name = wasteland_name(journal)
        words = (f"left    {name}. Its ledger stays here; nothing more is sent or fetched.",)
        data = {"id": journal.wasteland, "name": name, "left": True}
        return self.answer("wl.v1.wasteland", data, words)

    # --- ruling

    def admit(self, who: str, handle: str = "", *, suspend: bool = False) -> Answer:
        """A town bears a name here, or its admission is suspended."""
        journal = self.run(self.board)

        def work() -> tuple[str, str]:
            account = account_called(journal, who)
            name = handle or self._wish(journal, account)
            check_handle(name)
            if self._stands(journal, str(account), name, suspend=suspend):
                return str(account), name
            entry = members.admit(
                journal,
                self.author,
                account=account,
                handle=name,
                now=self.now(),
                suspended=suspend,
            )
            self.say(journal, entry)
            return str(account), name

        account, name = self.run(work)
        self.deliver(journal)
        done = "suspended" if suspend else "admitted"
        words = (f"{done}  {name}",)
        data = {"account": account, "handle": name, "suspended": suspend}
        return self.answer("wl.v1.member", data, words)

    def _stands(self, journal: Journal, account: str, name: str, *, suspend: bool) -> bool:
        """Whether this admission, or its end, is what holds already."""
        if not members.is_registrar(journal, self.author):
            return False
        bears = journal.admitted().get(account)
        return (
            (bears is None and account in journal.state.registry.ever)
            if suspend
            else (bears == name)
        )

    def _wish(self, journal: Journal, account: str) -> str:
        admitted = journal.admitted().get(account)
        if admitted is not None:
            return admitted
        joins = [
            record
            for record in journal.state.about(journal.wasteland)
            if record.kind == "rig.join" and record.account == account
        ]
        if joins:
            return str(max(joins, key=lambda r: (r.at, r.id)).body["handle"])
        log = journal.log_of(account)
        return str(log.path[0].body["handle"]) if log is not None else ""

    def policy(self, changes: Mapping[str, str]) -> Answer:
        """The rules of the current wasteland; with changes, those of later posts."""
        journal = self.run(self.board)
        said = bool(changes) and self.run(lambda: self._set_policy(journal, changes))
        if said:
            self.deliver(journal)
        values = self.run(lambda: dict(journal.policy()))
        data = {"wasteland": journal.wasteland, "policy": values}
        words = tuple(f"{name:<14}{_policy_text(value)}" for name, value in values.items())
        return self.answer("wl.v1.policy", data, words)

    def _set_policy(self, journal: Journal, changes: Mapping[str, str]) -> bool:
        """Whether it had to be said: rules that hold already are not said again."""
        if "join" in changes:
            why = "join is a rule of the genesis, so that no later record changes who counted"
            raise FieldError("join", "fixed", None, why)
        unknown = sorted(set(changes) - set(POLICY_NAMES))
        if unknown:
            why = f"no rule is called {unknown[0]}; {', '.join(POLICY_NAMES)} are"
            raise FieldError(unknown[0], "unknown", None, why, tries=(("wl", "policy"),))
        said = {name: self._policy_value(journal, name, text) for name, text in changes.items()}
        rules = journal.policy()
        if members.is_registrar(journal, self.author) and all(
            _plain(rules.get(name)) == _plain(value) for name, value in said.items()
        ):
            return False
        try:
            entry = members.policy(journal, self.author, changes=said, now=self.now())
        except BadRecordError as error:
            raise limit_words(error, said) from error
        self.say(journal, entry)
        return True

    def _policy_value(self, journal: Journal, name: str, text: str) -> Any:
        if name in POLICY_LISTS:
            words = [word.strip() for word in text.split(",") if word.strip()]
            if name == "may_instruct":
                return sorted(set(words))
            return sorted({str(account_called(journal, word)) for word in words})
        if POLICY_TYPES.get(name) is int:
            if not (text.isascii() and text.isdigit() and len(text) <= INTEGER_DIGITS_MAX):
                raise FieldError(name, "form", None, f"{name} is a number of seconds")
            return int(text)
        return normal_text(text)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list | tuple | set | frozenset) else value


def _policy_text(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def check_handle(handle: str) -> None:
    """Nothing happens for a name that can be a handle (records 1.4). Raises HandleError."""
    try:
        fit({"handle": handle}, RigJoin, where="body")
    except BadRecordError:
        raise HandleError(handle) from None


def _check_invite(*, count: int, expires_s: int) -> None:
    """Nothing happens for an invite that a carrier keeps too. Raises FieldError."""
    if not 1 <= count <= COUNT_MAX:
        why = f"an invite is for 1 to {COUNT_MAX:,} towns; for more, make more invites"
        raise FieldError("count", "range", COUNT_MAX, why)
    days = LIVES_US_MAX // (86_400 * SECOND_US)
    if not 0 < expires_s * SECOND_US <= LIVES_US_MAX:
        raise FieldError("expires", "range", days, f"an invite is good for up to {days} days")
