"""What our own author may not do, in the words of users 7: names for accounts, ids as typed."""

from ledger.actions_errors import (
    ActionError,
    ClaimLostError,
    ItemClosedError,
    NotYoursError,
    SelfStampError,
)
from ledger.journal import Journal
from stamps.kinds import is_id
from stamps.record import public_id
from town.market.names import name_of
from town.market.town import Town
from town.market.words import moment, short_id

VERBS = {
    "wanted.update": "update",
    "wanted.withdraw": "withdraw",
    "claim.grant": "grant",
    "claim.end": "end the claim on",
    "work.accept": "accept",
    "work.reject": "reject",
    "work.close": "close",
    "work.submit": "hand in for others on",
    "rig.admit": "admit people to",
    "wasteland.policy": "set the policy of",
    "stamp.revoke": "take back",
}


def explain(error: ActionError, town: Town, *, now: int) -> None:
    """The error has words, things to try and readable names, as far as they are known here."""
    journal = town.ledgers.get(town.current)
    if journal is None:
        return
    short = short_id(journal, public_id("w", error.item)) if is_id(error.item) else "it"
    if isinstance(error, NotYoursError):
        _not_yours(error, journal, short)
    elif isinstance(error, ClaimLostError):
        _lost(error, journal, short, now)
    elif isinstance(error, ItemClosedError):
        error.words = (f"refused  {short} is {error.status}; nothing more can be done about it.",)
        error.try_ = (("wl", "show", short),)
    elif isinstance(error, SelfStampError):
        close = (("wl", "close", short),) if is_id(error.item) else ()
        way = f": wl close {short}" if close else "."
        error.words = (f"refused  you cannot stamp your own work{way}",)
        error.try_ = close
    elif error.item:
        error.words = (f"refused  {short}: {error}",)
        error.try_ = (("wl", "show", short),)


def _not_yours(error: NotYoursError, journal: Journal, short: str) -> None:
    home = name_of(journal, error.home) if error.home else "its home"
    what = short if is_id(error.item) else "this wasteland"
    error.words = (f"refused  only {home} may {VERBS.get(error.kind, 'decide about')} {what}.",)
    error.home = home
    error.try_ = (("wl", "note", short, "<text>"),) if is_id(error.item) else ()


def _lost(error: ClaimLostError, journal: Journal, short: str, now: int) -> None:
    holder = name_of(journal, error.holder) if is_id(error.holder) else error.holder
    error.holder = holder
    error.words = (
        f"taken   {short} is {holder}'s until {moment(error.until, now)}.",
        f"        Already built it? wl done {short} --speculative",
    )
    error.try_ = (("wl", "browse"),)
