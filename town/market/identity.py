"""Use cases about who this town is: init, account, the recovery key.

A device key is made where it is used and never copied; the recovery key belongs off this disk,
and every answer about the account says so until it is.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger import actions
from ledger.actions import Author
from ledger.actions_errors import KeyUnknownError
from stamps.accounts import AccountLog
from stamps.errors import BadRecordError
from stamps.identity import DeviceKey
from stamps.keystore import from_backup, to_backup
from stamps.record import Entry, Envelope
from town.market.answer import Answer, Next
from town.market.errors import (
    FieldError,
    FileProblemError,
    HandleError,
    KeyNotHereError,
    LiveKeyError,
    NoTownHereError,
    TownThereError,
)
from town.market.founding import bring_self
from town.market.items import ItemDesk
from town.market.limits import limit_words
from town.market.membership import check_handle
from town.market.names import name_of

SECRET_MODE = 0o600
NOT_SAVED = "NOT SAVED. If this disk dies, this name and its stamps are gone. Two minutes:"
BACKUP_HEAD = "wasteland recovery key of"


class IdentityDesk(ItemDesk):
    """Makes and keeps the town's identity."""

    def init(self, handle: str = "", type: str = "town") -> Answer:  # noqa: A002  # the field
        """The town has an account; a second call with the same name changes nothing."""
        if self.town.account:
            if handle and handle != self.town.handle:
                raise TownThereError(self.town.handle)
            return self._account_answer((f"town    {self.town.handle} lives here already",))
        if not handle:
            why = "a town needs a name that others will see"
            again = ("wl", "init", "--handle", "<name>")
            raise FieldError("handle", "missing", None, why, tries=(again,))
        check_handle(handle)
        self.about_to("rig.register", {"handle": handle, "type": type})
        self.run(lambda: self._register(handle, type))
        words = (
            f"town    {handle}",
            f"        account {self.town.account}",
            f"save    {NOT_SAVED} wl key backup FILE",
        )
        return self._account_answer(words)

    def _register(self, handle: str, type_: str) -> None:
        ring = self.town.keys.load()
        device = ring.device or self.new_key()
        rotation = ring.rotation or (self.new_key(),)
        try:
            entry = actions.register(
                key=device, handle=handle, type_=type_, rotation=rotation, now=self.now()
            )
        except BadRecordError as error:
            if error.where.endswith("handle"):
                raise HandleError(handle) from error
            forms = {"type": "one of town, human, agent, org"}
            raise limit_words(error, {"type": type_}, forms) from error
        if ring.device is None:  # what signs is on the disk before anything that it signed
            self.town.keys.save_device(device)
        if not ring.rotation:
            self.town.keys.save_rotation(rotation)
        self.say(self.town.self_ledger, entry)
        self.town.settle(str(entry.record.id), handle)
        for journal in self.town.ledgers.values():  # boards that were imported before
            bring_self(self.town, journal, now=self.now())

    # --- the account

    def account(self) -> Answer:
        """Who this town is, with its devices and whether its recovery key was put away."""
        data = self.run(self._account_facts)
        saved = "not on this disk" if data["recovery_saved"] else NOT_SAVED
        words = (
            f"town      {data['handle']}",
            f"account   {data['account']}",
            f"device    {data['device']}{' (signs no more here)' if data['sealed'] else ''}",
            *(
                f"also      {one['device']}{_mark(one)}"
                for one in data["devices"]
                if not one["here"]
            ),
            f"recovery  {saved}{'' if data['recovery_saved'] else ' wl key backup FILE'}",
        )
        return self._account_answer(words)

    def _account_answer(self, words: tuple[str, ...]) -> Answer:
        data = self.run(self._account_facts)
        backup = Next(do="backup", cmd=("wl", "key", "backup", "<file>"), needs=("file",))
        up = Next(do="up", cmd=("wl", "up"))
        next_: tuple[Next, ...] = () if self.ports.resident else (up,)
        next_ += () if data["recovery_saved"] else (backup,)
        return self.answer("wl.v1.account", data, words, next_=next_)

    def _account_facts(self) -> dict[str, Any]:
        log = self._log()
        state = log.effective
        account, key = self.town.account, self.town.device
        here = str(key.device) if key is not None else None
        return {
            "handle": self.town.handle,
            "account": account,
            "device": here,
            "sealed": self.town.sealed or None,
            "type": log.path[0].body["type"],
            "recovery_saved": not self.town.keys.load().rotation,
            "rotation": list(state.rotation),
            "devices": [
                {
                    "device": device,
                    "may": sorted(state.may[device]),
                    "revoked": device in state.revoked,
                    "here": device == here,
                }
                for device in state.devices
            ],
            "names": {w: name_of(j, account) for w, j in self.town.ledgers.items()},
        }

    def _log(self) -> AccountLog:
        """The account's own log; a key that may not sign can still be looked at."""
        account, key = self.town.account, self.town.device
        if not account or key is None:
            raise NoTownHereError
        log = self.town.self_ledger.log_of(account)
        if log is None:
            raise KeyUnknownError(str(key.device))
        return log

    # --- saying something about the account

    def recovery(self, what: str) -> Author:
        """The account with its best recovery key. Raises KeyNotHereError."""
        ring = self.town.keys.load()
        effective = self._log().effective.rotation
        usable = [key for did in effective for key in ring.rotation if str(key.device) == did]
        if not usable:
            raise KeyNotHereError(what)
        return Author(self.town.account, usable[0])

    def say_everywhere(self, entry: Entry) -> None:
        """Our log record is in the town's own ledger and in that of every wasteland it is in."""
        self.say(self.town.self_ledger, entry)
        for journal in self.town.ledgers.values():
            journal.record([Envelope(entry.record, entry.signature)], now=self.now())
            self.ports.peers.push(journal.wasteland)

    # --- the recovery key

    def key_backup(self, path: Path | None, *, keep: bool = False) -> Answer:
        """The recovery key is in the file (or in the answer), and no more on this disk."""
        account, ring = self.own_account, self.town.keys.load()
        if not ring.rotation:
            raise KeyNotHereError("a backup")
        self.about_to("key backup", {"file": str(path) if path else "-"})
        text = backup_text(self.town.handle, account, ring.rotation)
        if path is not None:
            write_secret(path, text)
        if not keep:
            self.run(self.town.keys.put_away)
        where = str(path) if path is not None else "above"
        rest = "it also stays in this home" if keep else "it is no longer in this home"
        words = (
            *(text.splitlines() if path is None else ()),
            f"saved   the recovery key: {where}; {rest}.",
            "        Keep it off this machine: on paper, on a stick. Whoever has it is you.",
        )
        data = {"file": str(path) if path else None, "kept": keep, "keys": len(ring.rotation)}
        return self.answer("wl.v1.key", data, words)

    def key_restore(self, text: str) -> Answer:
        """The recovery key is back on this disk, for a revoke or a rotation."""
        keys = read_backup(text)
        state = self.run(lambda: self._log().effective)
        known = state.rotation
        live = [str(key.device) for key in keys if str(key.device) in state.devices]
        if live:
            raise LiveKeyError(live[0])
        strange = [key for key in keys if str(key.device) not in known]
        if strange:
            why = "this key is no recovery key of this account (any more)"
            raise FieldError("key", "unknown", None, why, tries=(("wl", "account"),))
        self.about_to("key restore", {"keys": len(keys)})
        self.run(lambda: self.town.keys.save_rotation(keys))
        words = (
            "restored  the recovery key is in this home; put it away again: wl key backup FILE",
        )
        return self.answer("wl.v1.key", {"keys": len(keys)}, words)

    def key_rotate(self) -> Answer:
        """A new recovery key holds; the old one opens nothing from now on."""

        def work() -> str:
            author = self.recovery("a rotation")
            old = self.town.keys.load().rotation
            fresh = self.new_key()
            entry = actions.key_rotate(
                self.town.self_ledger, author, rotation=(fresh,), now=self.now()
            )
            self.about_to("key.rotate", {"rotation": [str(fresh.device)]})
            self.town.keys.save_rotation((fresh, *old))  # whatever happens next, it is not lost
            self.say_everywhere(entry)
            self.town.keys.save_rotation((fresh,))
            return str(fresh.device)

        device = self.run(work)
        words = (f"rotated  the recovery key is new. {NOT_SAVED} wl key backup FILE",)
        return self.answer("wl.v1.key", {"rotation": [device]}, words)


def _mark(device: dict[str, Any]) -> str:
    return " (revoked)" if device["revoked"] else ""


def backup_text(handle: str, account: str, keys: Sequence[DeviceKey]) -> str:
    """The text of a backup: whose it is, then each key in groups of letters."""
    lines = [f"{BACKUP_HEAD} {handle}", f"account {account}", ""]
    for number, key in enumerate(keys, 1):
        lines += [f"key {number} of {len(keys)}", to_backup(key), ""]
    lines.append("Bring it back with: wl key restore FILE")
    return "\n".join(lines) + "\n"


def read_backup(text: str) -> tuple[DeviceKey, ...]:
    """The keys of a backup text, or of the bare groups. Raises BackupTextError."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        plain = line.strip()
        if plain.startswith("key ") or not plain:
            blocks.append([])
        elif not plain.startswith((BACKUP_HEAD, "account ", "Bring it back")):
            blocks[-1].append(plain)
    spelled = ["\n".join(block) for block in blocks if block]
    return tuple(from_backup(one) for one in spelled) or (from_backup(text),)


def write_secret(path: Path, text: str) -> None:
    """The new file holds the text, for this user alone, durable. Raises FileProblemError."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, SECRET_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.read_text("utf-8") != text:
            raise FileProblemError(str(path), "what was written is not what is read")
    except OSError as error:
        why = "it is there already" if isinstance(error, FileExistsError) else error.strerror
        raise FileProblemError(str(path), why or str(error)) from error
