"""What our own author may not say, found out before anything is signed.

Facts stand in attributes; names of people are accounts here, the edges know what they are called.
"""

from typing import ClassVar

from stamps.errors import WastelandError


class ActionError(WastelandError):
    """The record was not made: it would change nothing, or not what its author wants."""

    exit: ClassVar[int] = 4

    def __init__(self, why: str, *, item: str = "") -> None:
        super().__init__(why)
        self.item = item
        self.words: tuple[str, ...] = ()
        self.try_: tuple[tuple[str, ...], ...] = ()


class NotYoursError(ActionError):
    """Only the home of the subject may decide this, and who may instruct it."""

    code: ClassVar[str] = "not.yours"
    hint: ClassVar[str] = "Ask whoever decides about it: wl note ITEM TEXT"

    def __init__(self, kind: str, *, item: str, home: str) -> None:
        super().__init__(f"only its home may say {kind}", item=item)
        self.kind = kind
        self.home = home


class ClaimLostError(ActionError):
    """Somebody else holds the item. `until` in microseconds since 1970 UTC."""

    code: ClassVar[str] = "claim.lost"
    hint: ClassVar[str] = "Take another item."
    exit: ClassVar[int] = 5

    def __init__(self, *, item: str, holder: str, until: int) -> None:
        super().__init__("somebody else holds it", item=item)
        self.holder = holder
        self.until = until


class ItemClosedError(ActionError):
    """Nothing follows completed or withdrawn (records 5.3)."""

    code: ClassVar[str] = "item.closed"
    hint: ClassVar[str] = "Nothing more can be done about it."
    exit: ClassVar[int] = 5

    def __init__(self, *, item: str, status: str) -> None:
        super().__init__(f"it is {status}", item=item)
        self.status = status


class SelfStampError(ActionError):
    """Nobody's stamp on themselves has weight (records 5.6)."""

    code: ClassVar[str] = "self.stamp"
    hint: ClassVar[str] = "Finish it without a stamp: wl close ITEM"

    def __init__(self, *, item: str = "") -> None:
        super().__init__("you cannot stamp your own work", item=item)


class StateError(ActionError):
    """The item is not in a state in which this could take effect; `reason` is a code."""

    code: ClassVar[str] = "state.wrong"
    hint: ClassVar[str] = "wl show ITEM says how it stands."

    def __init__(self, reason: str, why: str, *, item: str = "") -> None:
        super().__init__(why, item=item)
        self.reason = reason


class NameTakenError(ActionError):
    """A handle once admitted stays its bearer's (records 4.3)."""

    code: ClassVar[str] = "not.free_name"
    hint: ClassVar[str] = "Choose another handle."

    def __init__(self, handle: str, bearer: str) -> None:
        super().__init__(f"{handle} is taken")
        self.handle = handle
        self.bearer = bearer


class KeyFrozenError(ActionError):
    """The key must not sign here: it was revoked, retired, or spoke twice."""

    code: ClassVar[str] = "key.frozen"
    hint: ClassVar[str] = "Make a new device key: wl device join"

    def __init__(self, device: str, why: str) -> None:
        super().__init__(f"this machine's key may not sign any more: {why}")
        self.device = device
        self.try_ = (("wl", "device", "join"),)


class KeyUnknownError(ActionError):
    """The account's log, as held here, does not name this key yet."""

    code: ClassVar[str] = "key.unknown"
    hint: ClassVar[str] = "Finish with wl device join --reply, or sync first."

    def __init__(self, device: str) -> None:
        super().__init__("the account does not know this machine's key yet")
        self.device = device


class KeyRightsError(ActionError):
    """The account gave this key no right to say this."""

    code: ClassVar[str] = "key.rights"
    hint: ClassVar[str] = "Do it on a machine whose key may, or ask for the right."

    def __init__(self, device: str, kind: str) -> None:
        super().__init__(f"this machine's key may not sign {kind}")
        self.device = device
        self.kind = kind
