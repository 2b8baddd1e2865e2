"""The stamps that somebody was given, each verified again as it is read, and their means.

It weighs nobody: what a stamp is worth is for whoever reads it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ledger.journal import Journal
from ledger.people import given_stamp
from ledger.story import Given
from stamps.record import Envelope, public_id, verify
from stamps.stamp import Stamp
from town.market.disowned import disowned_by
from town.market.names import name_of
from town.market.words import instant

TALLY_MAX = 100  # subjects read where a glance is enough


@dataclass(frozen=True, slots=True)
class Tally:
    """How many stamps that count somebody was seen to have, and their mean quality.

    `disowned` is how many of its decisions were taken away, which stands against it.
    """

    stamps: int = 0
    quality_x100: int | None = None
    disowned: int = 0


def tally_of(journal: Journal, account: str) -> Tally:
    """A glance at somebody's stamps: nothing is verified anew, and at most a hundred are read."""
    grades = [
        stamp.stamp["dims"]["quality"]
        for subject in islice(journal.index.waiting(f"named:{account}"), TALLY_MAX)
        for stamp, _ in _given(journal, subject)
        if stamp.subject == account and not stamp.void and not stamp.revoked
    ]
    mean = round(100 * sum(grades) / len(grades)) if grades else None
    return Tally(len(grades), mean, len(disowned_by(journal, account)))


def vouched_for(journal: Journal, account: str, *, own: str) -> bool:
    """Whether the account is ours, the registrar's, a maintainer's, or one of these stamped it.

    No further: whoever makes accounts by the dozen has them stamp each other.
    """
    registry = journal.state.registry
    trusted = {own, *registry.maintainers}
    trusted |= {registry.home.account} if registry.home is not None else set()
    if account in trusted:
        return True
    subjects = islice(journal.index.waiting(f"named:{account}"), TALLY_MAX)
    stamps = (stamp for subject in subjects for stamp, _ in _given(journal, subject))
    return any(
        one.subject == account and one.author in trusted and not one.void and not one.revoked
        for one in stamps
    )


def stamps_of(journal: Journal, account: str) -> Iterator[dict[str, Any]]:
    """The stamps given to an account, newest first; each verified as it is shown."""
    given: dict[str, tuple[Given, str]] = {}
    for subject in journal.index.waiting(f"named:{account}"):
        for stamp, item in _given(journal, subject):
            if stamp.subject == account:
                given[stamp.id] = (stamp, item)
    newest = sorted(given.values(), key=lambda pair: (pair[0].at, pair[0].id), reverse=True)
    for stamp, item in newest:
        yield _stamp_facts(journal, stamp, item)


def _given(journal: Journal, subject: str) -> list[tuple[Given, str]]:
    story = journal.story(subject)
    if story is not None:
        return [(given, public_id("w", subject)) for given in story.stamps]
    record = journal.state.record(subject)
    if record is None or record.kind != "stamp.give":
        return []
    given = given_stamp(journal.state, record)
    return [(given, "")] if given is not None else []


def _stamp_facts(journal: Journal, given: Given, item: str) -> dict[str, Any]:
    stamp = Stamp.parse(dict(given.stamp))
    return {
        "id": public_id("s", given.id),
        "author": name_of(journal, given.author),
        "item": item or None,
        "dims": dict(stamp.dims),
        "confidence": stamp.confidence,
        "reach": stamp.severity.word,
        "skills": list(stamp.skills),
        "at": instant(given.at),
        "verified": _holds(journal, given.id),
        "counts": not given.void and not given.revoked,
        "why_not": given.void or ("revoked" if given.revoked else None),
        "untrusted": {"message": stamp.message, "revoked": given.revoked},
    }


def _holds(journal: Journal, record_id: str) -> bool:
    """Whether the record that gave a stamp bears a good signature, looked at again now."""
    entry = journal.held.entry(record_id)
    return entry is not None and verify(Envelope(entry.record, entry.signature)) is not None


def summary_of(stamps: list[dict[str, Any]]) -> dict[str, Any]:
    """Each dimension's mean over the stamps that count, in hundredths, and how many there are."""
    counting = [stamp for stamp in stamps if stamp["counts"] and stamp["verified"]]
    sums: dict[str, list[int]] = {}
    for stamp in counting:
        for name, grade in stamp["dims"].items():
            sums.setdefault(name, []).append(grade)
    means = {name: round(100 * sum(all_) / len(all_)) for name, all_ in sorted(sums.items())}
    return {"count": len(counting), "mean_x100": means}
