"""How the pages write times, ids and commands. Pure, in UTC; a page says when it was made."""

import re
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from nh3 import clean

from stamps.clock import SECOND_US
from town.market.view import PILLS
from town.market.words import ago, span

TAGS_SHOWN: Final = {
    "p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "br", "hr",
    "h3", "h4", "h5", "h6",
}  # fmt: skip
MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "linkify": False})
KEY_HEAD: Final = 12
KEY_TAIL: Final = 4
LEAD_CHARS_MAX: Final = 10
# Controls, and marks that turn text around or hide it. Joiners stay: letters and emoji need them.
TURNING: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
WEB: Final = re.compile(r"https?://[a-zA-Z0-9][^\s\\<>\"'@]*")
HEADINGS: Final = ("h1", "h2", "h3", "h4")


def at(said: object) -> datetime | None:
    """The moment of a text, as rows and answers write them; None for no moment."""
    try:
        when = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def since(said: object, now: int) -> str:
    """How long ago a moment was: `3 h ago`."""
    when = at(said)
    return "" if when is None else ago(int(when.timestamp()) * SECOND_US, now)


def iso(said: object) -> str:
    """The moment as machines read it, empty for none."""
    when = at(said)
    return "" if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def full(said: object) -> str:
    """The moment as people read it, with its date."""
    when = at(said)
    return "" if when is None else when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def clock(seconds: int) -> str:
    """A moment of today: `10:02:11 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S UTC")


def seen(said: object) -> Markup:
    """A stranger's text, harmless: what would hide or turn the text around is spelled out."""
    marked = TURNING.sub(
        lambda found: f'<span class="esc">{_spelled(found)}</span>', str(escape(str(said)))
    )
    return Markup(marked)  # noqa: S704  # escaped above


def _spelled(found: re.Match[str]) -> str:
    return f"\\u{{{ord(found[0]):04x}}}"


def linked(said: str) -> Markup:
    """An address of the web as a link that says where it leads; anything else as text."""
    shown = seen(said)
    if not WEB.fullmatch(said) or TURNING.search(said):
        return Markup("<code><bdi>{}</bdi></code>").format(shown)
    link = Markup('<a href="{}" rel="noreferrer noopener nofollow"><bdi>{}</bdi></a>')
    return link.format(said, shown)


def command(argv: Iterable[str]) -> str:
    """The words as a person would type them; what is to be filled in stays between brackets."""
    return " ".join(word if word.startswith("<") else shlex.quote(word) for word in argv)


def shortened(key: str) -> str:
    """A key as people tell two of them apart."""
    head = KEY_HEAD + (len("did:key:") if key.startswith("did:key:") else 0)
    return key if len(key) <= head + KEY_TAIL + 1 else f"{key[:head]}…{key[-KEY_TAIL:]}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 stamp`, `2 stamps`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def lead(line: str) -> tuple[str, str]:
    """The word of a state line, and what follows it (`handed in  w-3fa9 …`)."""
    first, space, rest = line.partition("  ")
    if not space or len(first) > LEAD_CHARS_MAX:
        first, _, rest = line.partition(" ")
    return first.strip(), rest.strip()


def reason(code: str) -> str:
    """Why something does not count, in words; a code nobody has words for by its name."""
    return REASONS.get(code, code.replace("_", " "))


def state_class(state: str) -> str:
    """The style of a pill's word; none for a word that a stranger's row made up."""
    word = "asked" if state.startswith("asked ") else state
    return word.replace(" ", "-") if word in PILLS_SHOWN else ""


def rendered(text: str) -> Markup:
    """A stranger's Markdown as harmless HTML: no link, no picture, no script, nothing unknown."""
    html = MARKDOWN.render(TURNING.sub(_spelled, text))
    for level in HEADINGS[:2]:  # the page's own headings come above a stranger's
        html = html.replace(f"<{level}>", "<h3>").replace(f"</{level}>", "</h3>")
    return Markup(clean(html, tags=TAGS_SHOWN, attributes={}, link_rel=None))  # noqa: S704  # cleaned


PILLS_SHOWN: Final = frozenset({*PILLS.values(), "asked", "sent back"})
# Why a record or a stamp changes nothing (records 5.5, 6).
REASONS: Final = {
    "stale": "something was decided before it that it did not know",
    "retired": "its device had been retired",
    "disowned": "its device's key was revoked, or spoke twice",
    "not_home": "its author does not decide about this",
    "not_allowed": "its author may not say this",
    "not_the_holder": "its author does not hold this",
    "held": "somebody else held it already",
    "bid_used": "the request was answered already",
    "bid_over": "the request had run out",
    "terms_changed": "the terms had changed since the request",
    "too_early": "the time was not over yet",
    "no_such_grant": "nobody held it under that term",
    "item_closed": "it was over already",
    "rejected_before": "that hand-in was sent back before",
    "yearbook": "nobody's stamp on their own work has weight",
    "revoked": "taken back by who gave it",
}
FILTERS: Final = {
    "since": since,
    "iso": iso,
    "full": full,
    "clock": clock,
    "seen": seen,
    "linked": linked,
    "command": command,
    "shortened": shortened,
    "counted": counted,
    "lead": lead,
    "reason": reason,
    "state_class": state_class,
    "span": span,
    "rendered": rendered,
}
