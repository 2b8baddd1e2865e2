"""A town whose key may not sign any more, or is lost, goes on under a new key (records 2.7, 3.2).

The recovery key adds the new device and revokes the old one at the newest records that anybody
here or at a peer still holds; the new device decides in its place. The recovery key itself is
used and not kept.
"""

from collections.abc import Sequence

from ledger import actions
from ledger.actions import Author
from stamps.accounts import AccountLog
from stamps.errors import WastelandError
from stamps.identity import DeviceKey
from town.market.answer import Answer, Next
from town.market.devices import DevicesDesk, request_line
from town.market.errors import AmbiguousError, FieldError, KeyNotHereError, TownThereError
from town.market.founding import learn_self
from town.market.identity import read_backup
from town.market.words import counted

EXCHANGE_S = 10.0


class RecoveringDesk(DevicesDesk):
    """Brings a town back."""

    def device_join(self, account: str = "", reply: str = "") -> Answer:
        """As in any town; where this machine's key is sealed, a new key takes its place."""
        if reply or not self.town.account:
            return super().device_join(account=account, reply=reply)
        if not self.town.sealed and not self._waits():
            raise TownThereError(self.town.handle)
        if self.town.keys.load().rotation:
            return self.recover()
        self.about_to("a new key", {"account": self.town.account})
        key = self.run(self._fresh_key)
        line = request_line(key, self.town.account)
        words = (
            "Bring the recovery key: wl up --recover FILE",
            "Or type this on another machine of the account, then bring its answer back:",
            f"  wl device add {line}",
        )
        data = {"request": line, "device": str(key.device)}
        back = Next(do="finish", cmd=("wl", "device", "join", "--reply", "<line>"), needs=("line",))
        return self.answer("wl.v1.device", data, words, next_=(back,))

    def _waits(self) -> bool:
        """Whether this machine made a key, and no machine of the account has added it yet."""
        log, key = self._log(), self.town.device
        return key is not None and not log.introduces(str(key.device))

    def recover(self, text: str = "", lost: str = "") -> Answer:
        """A new key of this home signs for the account, and the lost key no more.

        `text` is a saved recovery key; without it the one in this home is used. `lost` names the
        device to end where more than one could be meant. Raises FieldError, AmbiguousError.
        """
        keys = read_backup(text) if text else self.town.keys.load().rotation
        if not keys:
            raise KeyNotHereError("a recovery")
        log, key = self.run(lambda: self._account_of(keys))
        account = str(log.path[0].id)
        if self.town.account not in ("", account):
            raise TownThereError(self.town.handle)
        ended = self.run(lambda: self._lost_device(log, lost))
        self.about_to("device.revoke", {"device": ended, "account": account})
        missed = self._listen()
        device = self.run(lambda: self._replaced(Author(account, key), ended))
        for journal in tuple(self.town.ledgers.values()):
            self.deliver(journal)
        words = (
            f"recovered  {self.town.handle}: this machine signs with a new key from now on.",
            f"           {ended} is revoked at the newest record of it that is held here.",
            *((f"           {missed}",) if missed else ()),
            *(
                ("           The recovery key was not kept here: put it away again.",)
                if text
                else ()
            ),
        )
        data = {"account": account, "device": device, "revoked": ended}
        return self.answer("wl.v1.device", data, words, next_=(Next(do="up", cmd=("wl", "up")),))

    def _account_of(self, keys: Sequence[DeviceKey]) -> tuple[AccountLog, DeviceKey]:
        """The log, known here, that one of the keys may add to. Raises FieldError."""
        journals = (self.town.self_ledger, *self.town.ledgers.values())
        for journal in journals:
            accounts = [self.town.account] if self.town.account else journal.store.accounts()
            for log in filter(None, (journal.log_of(account) for account in accounts)):
                usable = [k for k in keys if str(k.device) in log.effective.rotation]
                if usable:
                    return log, usable[0]
        why = "no account that is known here has this recovery key; import a bundle of it first"
        tries = (("wl", "import", "<bundle>"), ("wl", "account"))
        raise FieldError("key", "unknown", None, why, tries=tries)

    def _lost_device(self, log: AccountLog, said: str) -> str:
        """The device to end: the one named, this home's own sealed one, or the only one."""
        state = log.effective
        living = [device for device in state.devices if device not in state.revoked]
        if said:
            short = said.removeprefix("did:key:")
            living = [one for one in living if one.removeprefix("did:key:").startswith(short)]
        elif self.town.sealed_device in living:
            return self.town.sealed_device
        if len(living) != 1:
            raise AmbiguousError("device", said or "without --lost", tuple(living))
        return living[0]

    def _listen(self) -> str:
        """The peers were asked for what this home misses; what could not be heard is said."""
        if self.town.device is None:
            return ""
        try:
            reports = self.ports.peers.sync(None, timeout_s=EXCHANGE_S)
        except WastelandError as error:
            return f"No peer was heard ({error.code}): newer records of it may exist there."
        missed = [report for report in reports if not report.reached]
        if not missed:
            return ""
        return f"{counted(len(missed), 'peer')} not heard: newer records of it may exist there."

    def _fresh_key(self) -> DeviceKey:
        """A key of this home that the account does not know yet."""
        ring = self.town.keys.load()
        log = self.town.self_ledger.log_of(self.town.account)
        if ring.device is not None and not (log and log.introduces(str(ring.device.device))):
            return ring.device  # made before, and not added yet
        key = self.new_key()
        self.town.keys.save_device(key)
        return key

    def _replaced(self, author: Author, ended: str) -> str:
        for journal in self.town.ledgers.values():
            learn_self(self.town, journal, now=self.now(), account=author.account)
        own = self.town.self_ledger
        log = own.log_of(author.account)
        if log is None:
            raise FieldError("key", "unknown", None, "the account's log is not held here")
        if not self.town.account:
            self.town.settle(author.account, str(log.path[0].body["handle"]))
        device = str(self._fresh_key().device)
        added = actions.device_add(own, author, device=device, may=("*",), now=self.now())
        self.say_everywhere(added)
        revoked = actions.device_revoke(
            own,
            author,
            device=ended,
            heads=self._heads(author, ended),
            now=self.now(),
            successor=device,
        )
        self.say_everywhere(revoked)
        return device
