"""What a use case refuses, each with a stable code, an exit code and what to try.

Facts stand in attributes. It refuses nothing itself; rights of records are `ledger.actions`'.
"""

from collections.abc import Mapping
from typing import ClassVar

from stamps.errors import WastelandError

Argv = tuple[str, ...]


class MarketError(WastelandError):
    """A use case cannot do what it was asked."""

    exit: ClassVar[int] = 1

    def __init__(self, why: str, *, tries: tuple[Argv, ...] = ()) -> None:
        super().__init__(why)
        self.try_ = tries
        self.words: tuple[str, ...] = ()


class NoTownHereError(MarketError):
    """There is no account in this home yet."""

    code: ClassVar[str] = "town.none"
    hint: ClassVar[str] = "Make one here: wl init --handle NAME"
    exit: ClassVar[int] = 3

    def __init__(self) -> None:
        super().__init__(
            "this home has no account yet", tries=(("wl", "init", "--handle", "<name>"),)
        )


class TownThereError(MarketError):
    """The home has an account already."""

    code: ClassVar[str] = "town.exists"
    hint: ClassVar[str] = "Another town needs a home of its own: --home DIR"
    exit: ClassVar[int] = 4

    def __init__(self, handle: str) -> None:
        super().__init__(f"this home is {handle}'s already", tries=(("wl", "account"),))
        self.handle = handle


class HandleError(MarketError):
    """A name cannot be a handle."""

    code: ClassVar[str] = "handle.bad"
    hint: ClassVar[str] = "Small letters, digits, - and _, at most 64, not at the ends."
    exit: ClassVar[int] = 2

    def __init__(self, handle: str) -> None:
        super().__init__(f"{handle!r} cannot be a name on a board")
        self.handle = handle


class WastelandUnknownError(MarketError):
    """No wasteland, or more than one, is called so here."""

    code: ClassVar[str] = "id.wasteland"
    hint: ClassVar[str] = "wl list shows the wastelands of this town."
    exit: ClassVar[int] = 3

    def __init__(self, name: str, candidates: tuple[str, ...] = ()) -> None:
        why = f"no wasteland is called {name!r} here" if name else "this town is in no wasteland"
        tries = (("wl", "list"),) if name else (("wl", "join", "<token>"),)
        super().__init__(why, tries=tries)
        self.name = name
        self.candidates = list(candidates)


# Where the things of a kind are listed, if it is no item.
LISTED: Mapping[str, Argv] = {
    "peer": ("wl", "peer", "list"),
    "device": ("wl", "device", "list"),
    "blob": ("wl", "blob", "list"),
    "town": ("wl", "leaderboard"),
    "stamp of yours": ("wl", "stamp", "list", "<handle>"),
}


class NotFoundError(MarketError):
    """Nothing has an id or a name that starts so."""

    code: ClassVar[str] = "id.unknown"
    hint: ClassVar[str] = "wl browse lists items; wl sync fetches what is new."
    exit: ClassVar[int] = 3

    def __init__(self, what: str, said: str) -> None:
        tries = (LISTED[what],) if what in LISTED else (("wl", "browse"), ("wl", "sync"))
        super().__init__(f"no {what} here is {said!r}", tries=tries)
        self.said = said


class AmbiguousError(MarketError):
    """More than one thing has an id that starts so."""

    code: ClassVar[str] = "id.ambiguous"
    hint: ClassVar[str] = "Type more of the id."
    exit: ClassVar[int] = 3

    def __init__(self, what: str, said: str, candidates: tuple[str, ...]) -> None:
        super().__init__(f"{said!r} could be {len(candidates)} {what}s: {', '.join(candidates)}")
        self.said = said
        self.candidates = list(candidates)


class UnsignedItemError(MarketError):
    """The item is a row that somebody wrote without signing it: nobody here decides about it."""

    code: ClassVar[str] = "item.unsigned"
    hint: ClassVar[str] = "It can be read here; its own commons decides about it."
    exit: ClassVar[int] = 4

    def __init__(self, item: str, source: str) -> None:
        super().__init__(f"{item} was not signed by anybody; it was seen in {source}")
        self.item = item
        self.source = source


class OwnTownError(MarketError):
    """Another agent of this town has the item."""

    code: ClassVar[str] = "claim.own_town"
    hint: ClassVar[str] = "Take another item: wl browse"
    exit: ClassVar[int] = 5

    def __init__(self, short: str, agent: str) -> None:
        who = f"{agent}, an agent of your own town" if agent else "the operator of your own town"
        super().__init__(f"{short} is held by {who}.", tries=(("wl", "browse"),))
        self.words = (f"taken   {self}",)
        self.holder = agent or "the operator"


class NotGivenError(MarketError):
    """Somebody without a key hands in, by us, what was never given to him."""

    code: ClassVar[str] = "claim.not_given"
    hint: ClassVar[str] = "Give it first: wl grant ITEM --to NAME; or hand in with --speculative."
    exit: ClassVar[int] = 3

    def __init__(self, short: str, neighbour: str) -> None:
        why = f"{short} was not given to anybody called {neighbour!r} who signs nothing"
        super().__init__(why, tries=(("wl", "show", short),))
        self.neighbour = neighbour


class FieldError(MarketError):
    """A field breaks a limit or a form of the contract. `limit` is the most it may have."""

    code: ClassVar[str] = "record.bad"
    hint: ClassVar[str] = "Say it otherwise; --help names what each option takes."
    exit: ClassVar[int] = 2

    def __init__(
        self,
        field: str,
        rule: str,
        limit: int | None,
        why: str,
        *,
        tries: tuple[Argv, ...] = (),
    ) -> None:
        super().__init__(why, tries=tries)
        if limit is not None:
            self.why = "Say it within the limit; larger things belong behind a link."
        self.field = field
        self.rule = rule
        self.limit = limit


class FileProblemError(MarketError):
    """A file cannot be read or written."""

    code: ClassVar[str] = "file.bad"
    hint: ClassVar[str] = "Look at its path and rights."
    exit: ClassVar[int] = 2

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.file = name


class NotKeptError(MarketError):
    """Our own record was not taken by our own ledger."""

    code: ClassVar[str] = "integrity.own_record"
    hint: ClassVar[str] = "Stop, keep the file and report it: wl verify says what differs."
    exit: ClassVar[int] = 8

    def __init__(self, kind: str, outcome: str) -> None:
        super().__init__(f"our own {kind} was answered {outcome}")
        self.kind = kind
        self.outcome = outcome


class KeyNotHereError(MarketError):
    """The key that must sign this is not on this machine."""

    code: ClassVar[str] = "key.not_here"
    hint: ClassVar[str] = "Bring the recovery key back first: wl key restore FILE"
    exit: ClassVar[int] = 4

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} needs the recovery key, and it is not on this disk",
            tries=(("wl", "key", "restore", "<file>"),),
        )


class ClockOffError(MarketError):
    """Our clock is too far from what the peers' say: nothing is signed by it (records 2.6)."""

    hint: ClassVar[str] = "Set this machine's clock right; then repeat the command."
    exit: ClassVar[int] = 4

    def __init__(self, by_s: int) -> None:
        way = "ahead of" if by_s > 0 else "behind"
        super().__init__(f"this machine's clock is {abs(by_s)} s {way} its peers'")
        self.by_s = by_s


class ClockAheadHereError(ClockOffError):
    """Peers would set aside whatever is signed now."""

    code: ClassVar[str] = "clock.ahead"


class ClockBehindHereError(ClockOffError):
    """What is signed now would claim to be older than it is."""

    code: ClassVar[str] = "clock.behind"


class LiveKeyError(MarketError):
    """A key that signs on a machine was to be copied to this one: two voices with one key."""

    code: ClassVar[str] = "key.live"
    hint: ClassVar[str] = "A second machine gets a key of its own."
    exit: ClassVar[int] = 4

    def __init__(self, device: str) -> None:
        why = (
            "this key signs on a machine. A second one gets its own: on it run wl device join, on"
            " this account's machine wl device add"
        )
        super().__init__(why, tries=(("wl", "device", "join"),))
        self.device = device
