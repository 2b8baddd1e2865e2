"""The desk at which groups of recipients are formed, changed and dissolved.

A group may name other groups; one that would be in itself is refused, as is a member whom nobody
knows.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change, Dropped, Seen
from ledger.workspace.addresses import AddressError, Directory, resolved
from ledger.workspace.talk import MailGroup
from town.mail.errors import GroupError
from town.mail.posting import Posting

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MEMBERS_MAX: Final = 500


class Groups(Posting):
    """The groups of a town, as one caller works on them."""

    def listed(self) -> list[MailGroup]:
        """Every group."""
        return self.look(lambda: list(self.store.find(MailGroup)))

    def show(self, name: str) -> tuple[MailGroup, tuple[str, ...]]:
        """The group, and whom it means now. Raises GroupError."""

        def work() -> tuple[MailGroup, tuple[str, ...]]:
            found = self._group(name)
            try:
                return found, resolved((f"group:{found.name}",), self.directory())
            except AddressError:
                return found, ()  # its members have left the town

        return self.look(work)

    def _group(self, name: str) -> MailGroup:
        found = self.store.get(MailGroup, name.removeprefix("group:"))
        if found is None:
            raise GroupError(name, "is not there")
        return found

    def form(self, name: str, members: Sequence[str]) -> MailGroup:
        """The group is there. Raises GroupError, AddressError."""

        def work() -> tuple[MailGroup, Change]:
            if not NAME.fullmatch(name):
                raise GroupError(name, "cannot be called so: 64 small letters, digits, - or _")
            if self.store.get(MailGroup, name) is not None:
                raise GroupError(name, "is there already")
            new = MailGroup(
                name=name, members=_each(members), created_by=self.me(), created_at=self.ports.now()
            )
            return new, self._kept(new, self.missing(MailGroup, name))

        return self.act("gt mail group create", work)

    def add(self, name: str, members: Sequence[str]) -> MailGroup:
        """The members are in the group. Raises GroupError, AddressError."""

        def work() -> tuple[MailGroup, Change]:
            old = self._group(name)
            new = replace(old, members=_each((*old.members, *members)))
            return new, Change() if new == old else self._kept(new, self.seen(old))

        return self.act("gt mail group add", work)

    def remove(self, name: str, members: Sequence[str]) -> MailGroup:
        """The members are not in the group. Raises GroupError."""

        def work() -> tuple[MailGroup, Change]:
            old = self._group(name)
            strangers = [one for one in members if one not in old.members]
            if strangers:
                raise GroupError(name, f"has no member {strangers[0]!r}")
            new = replace(old, members=tuple(m for m in old.members if m not in members))
            told = self.event("mail.group_changed", old.name, members=list(new.members))
            return new, Change(puts=(new,), events=(told,), seen=(self.seen(old),))

        return self.act("gt mail group remove", work)

    def dissolve(self, name: str) -> MailGroup:
        """The group is no more. Raises GroupError where another one names it, or there is none."""

        def work() -> tuple[MailGroup, Change]:
            old = self._group(name)
            words = (old.name, f"group:{old.name}")
            users = [g.name for g in self.store.find(MailGroup) if set(words) & {*g.members}]
            if users:
                raise GroupError(name, f"is a member of {', '.join(users)}")
            told = self.event("mail.group_dissolved", old.name)
            drop = Dropped(kind=MailGroup, key=old.key)
            return old, Change(drops=(drop,), events=(told,), seen=(self.seen(old),))

        return self.act("gt mail group delete", work)

    def _kept(self, group: MailGroup, rests: Seen) -> Change:
        """The step to this group, if each member means somebody and none of them the group."""
        if len(group.members) > MEMBERS_MAX:
            raise GroupError(group.name, f"would have more than {MEMBERS_MAX} members")
        known = self.directory()
        groups = {**known.groups, group.name: group.members}
        whole = Directory(agents=known.agents, rigs=known.rigs, groups=groups, lists=known.lists)
        if _reaches(group.name, groups):
            raise GroupError(group.name, "would be in itself")
        for member in group.members:
            resolved((member,), whole)
        told = self.event("mail.group_changed", group.name, members=list(group.members))
        return Change(puts=(group,), events=(told,), seen=(rests,))


def _each(members: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in members if one.strip()))


def _reaches(name: str, groups: dict[str, Sequence[str]]) -> bool:
    """Whether the group is among its own members, however deep."""
    left, met = list(groups[name]), set[str]()
    while left:
        word = left.pop().removeprefix("group:")
        if word == name:
            return True
        if word in groups and word not in met:
            met.add(word)
            left += groups[word]
    return False
