"""Use cases about the account's devices: a second machine joins by two pasted lines, not by a copy.

The new machine makes its own key and asks; a machine of the account adds it and answers with the
account's log. A revoke ends a device at the newest record of it that is known here.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence

from ledger import actions
from ledger.actions import Author
from stamps.errors import BadRecordError
from stamps.identity import DeviceKey, verify
from stamps.kinds import is_id
from stamps.limits import PREFIX_CHARS_MIN
from stamps.record import heads_key, parse_line, to_line
from town.market.answer import Answer, Next
from town.market.errors import AmbiguousError, FieldError, NotFoundError, TownThereError
from town.market.founding import bring_self
from town.market.identity import IdentityDesk

REQUEST_HEAD = "wld1:"
REPLY_HEAD = "wlr1:"
REQUEST_DOMAIN = b"wasteland/device-request/1\0"
LINE_CHARS_MAX = 2 << 20


class DevicesDesk(IdentityDesk):
    """Adds and revokes devices."""

    def device_list(self) -> Answer:
        """The devices of this account, as added."""
        data = self.run(self._account_facts)
        rows = [
            {
                "device": one["device"],
                "may": ", ".join(one["may"]),
                "state": "revoked" if one["revoked"] else "here" if one["here"] else "",
            }
            for one in data["devices"]
        ]
        return self.answer("wl.v1.devices", {"rows": rows})

    def device_join(self, account: str = "", reply: str = "") -> Answer:
        """The machine has a key of its own and a line that asks for it to be added.

        With `reply`, the line that the other machine printed, it signs for the account from now on.
        """
        if reply:
            return self._finish_joining(reply)
        if self.town.account:
            raise TownThereError(self.town.handle)
        if account and not is_id(account):
            raise FieldError("account", "form", None, "an account id has 64 hex digits")
        self.about_to("a new key", {"account": account or "any"})
        key = self.run(self._own_key)
        line = request_line(key, account)
        words = (
            "Type this on a machine of the account, then bring its answer back:",
            f"  wl device add {line}",
        )
        data = {"request": line, "device": str(key.device)}
        back = Next(do="finish", cmd=("wl", "device", "join", "--reply", "<line>"), needs=("line",))
        return self.answer("wl.v1.device", data, words, next_=(back,))

    def _own_key(self) -> DeviceKey:
        ring = self.town.keys.load()
        if ring.device is not None:
            return ring.device
        key = self.new_key()
        self.town.keys.save_device(key)
        return key

    def _finish_joining(self, reply: str) -> Answer:
        lines = read_reply(reply)
        self.about_to("sign for the account", {})

        def work() -> str:
            envelopes = [parse_line(line) for line in lines]
            account = str(envelopes[0].record.account)
            if self.town.account not in ("", account):
                raise TownThereError(self.town.handle)
            self.town.self_ledger.record(envelopes, now=self.now())
            log = self.town.self_ledger.log_of(account)
            device = self.town.device
            if log is None or device is None or not log.introduces(str(device.device)):
                why = "the line does not add this machine's key"
                raise FieldError("reply", "unknown", None, why)
            self.town.settle(account, str(log.path[0].body["handle"]))
            for journal in self.town.ledgers.values():  # a machine that is let in again
                bring_self(self.town, journal, now=self.now())
            return account

        account = self.run(work)
        words = (
            f"joined  this machine signs for {self.town.handle} ({account[:16]}) from now on.",
        )
        join = Next(do="join", cmd=("wl", "join", "<token>"), needs=("token",), reaches="peers")
        return self.answer("wl.v1.device", {"account": account}, words, next_=(join,))

    def device_add(self, request: str, may: Sequence[str]) -> Answer:
        """The account has one more device; the answer holds the line that it needs."""
        device = read_request(request, account=self.author.account)

        def work() -> str:
            self._add(device, may)
            return reply_line(self._log_lines())

        line = self.run(work)
        words = (
            "Type this on the new machine:",
            f"  wl device join --reply {line}",
        )
        return self.answer("wl.v1.device", {"device": device, "reply": line}, words)

    def _add(self, device: str, may: Sequence[str]) -> None:
        log = self._log()
        if log.introduces(device):
            return  # the same request again: the same reply
        rotation = {str(key.device) for key in self.town.keys.load().rotation}
        can_recover = any(did in rotation for did in log.effective.rotation)
        author = self.recovery("a new device") if can_recover else self.author
        try:
            entry = actions.device_add(
                self.town.self_ledger, author, device=device, may=may, now=self.now()
            )
        except BadRecordError as error:
            raise FieldError(
                "may", error.reason, None, "a right is a kind of record, or *"
            ) from error
        self.say_everywhere(entry)

    def _log_lines(self) -> list[bytes]:
        held = self.town.self_ledger.held
        entries = [held.entry(record.id) for record in self._log().path]
        return [to_line(entry) for entry in entries if entry is not None]

    def device_revoke(self, name: str, successor: str = "") -> Answer:
        """The device signs no more; what it signed up to its newest known record stays good."""

        def work() -> str:
            device = self._device_called(name)
            if device in self._log().effective.revoked:
                return device
            follows = self._device_called(successor) if successor else ""
            author = self.recovery("a revoke")
            entry = actions.device_revoke(
                self.town.self_ledger,
                author,
                device=device,
                heads=self._heads(author, device),
                now=self.now(),
                successor=follows,
            )
            self.say_everywhere(entry)
            return device

        device = self.run(work)
        words = (
            f"revoked  {device}",
            "         What it signed before stays good; what it signs from now on is void.",
        )
        return self.answer("wl.v1.device", {"device": device, "revoked": True}, words)

    def _heads(self, author: Author, device: str) -> Mapping[str, tuple[int, str]]:
        """The newest record known here of each chain of a device (records 3.2)."""
        found = {}
        for journal in (self.town.self_ledger, *self.town.ledgers.values()):
            for key, chain in journal.state.chains.items():
                if key.author == author.account and key.device == device and chain.counted:
                    found[heads_key(key.scope, device)] = (chain.head_seq, str(chain.head_id))
        return found

    def _device_called(self, said: str) -> str:
        """The device whose key starts so, with or without `did:key:`. Raises."""
        short = said.removeprefix("did:key:")
        devices = self._log().effective.devices
        found = [
            one
            for one in devices
            if len(short) >= PREFIX_CHARS_MIN and one.removeprefix("did:key:").startswith(short)
        ]
        if not found:
            raise NotFoundError("device", said)
        if len(found) > 1:
            raise AmbiguousError("device", said, tuple(found))
        return found[0]


def request_line(key: DeviceKey, account: str) -> str:
    """The line by which a new machine asks; it proves that the asker has the key."""
    facts = {"account": account, "device": str(key.device)}
    body = json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()
    return REQUEST_HEAD + _spelled(key.sign(REQUEST_DOMAIN + body) + body)


def read_request(line: str, *, account: str) -> str:
    """The device that asks to be added to this account. Raises FieldError."""
    raw = _read(line, REQUEST_HEAD)
    signature, body = raw[:64], raw[64:]
    try:
        facts = json.loads(body)
        device, asked = str(facts["device"]), str(facts["account"])
    except (ValueError, KeyError, TypeError):
        raise FieldError("request", "form", None, "the line is not whole") from None
    if not verify(device=device, message=REQUEST_DOMAIN + body, signature=signature):
        raise FieldError("request", "signature", None, "the line was not signed by its key")
    if asked and asked != account:
        raise FieldError("request", "account", None, "the line asks for another account")
    return device


def reply_line(lines: Sequence[bytes]) -> str:
    """The line that brings the account's log to the new machine."""
    return REPLY_HEAD + _spelled(b"".join(lines))


def read_reply(line: str) -> list[bytes]:
    """The record lines of a reply. Raises FieldError."""
    lines = _read(line, REPLY_HEAD).splitlines()
    if not lines:
        raise FieldError("reply", "form", None, "the line is empty")
    return lines


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _read(line: str, head: str) -> bytes:
    plain = "".join(line.split())
    if not plain.startswith(head) or len(plain) > LINE_CHARS_MAX:
        raise FieldError("line", "form", None, f"a line that begins with {head} is needed")
    spelled = plain[len(head) :]
    try:
        return base64.b64decode(spelled + "=" * (-len(spelled) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise FieldError("line", "form", None, "the line is not whole") from None
