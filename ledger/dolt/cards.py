"""A subject's body as text: its card, what it waits for and pins, and the keys of its rows.

Half of a body is its own id, and words that every item's says alike. They are written as one
control character each, which the text itself cannot hold. It knows no card's meaning.
"""

import re
from typing import Any, Final

import msgspec

from stamps.limits import ID_HEX_CHARS, PUBLIC_ID_HEX_CHARS

Body = tuple[dict[str, Any], list[str], list[str], list[tuple[str, str]]]

_ITSELF: Final = "\x01"
_ITS_NAME: Final = "\x02"
_POSTER: Final = "\x03"
_SAYS_POSTER: Final = '"poster":"'
_OPEN_BEFORE: Final = (
    '"],"stop":"","assign":"first","asks":[],"held":[],"handed_in":[],"sent_back":false,'
    '"check":false,"notes":0,"questions":[],"instructions":0,"given":[]},[],[],'
    '[["wanted","w-\x02"]]]'
)
_REST: Final = (
    '"held":[],"handed_in":[],"sent_back":false,"answered":[],"check":false,"notes":0,'
    '"questions":[],"instructions":0,"given":[]},[],[],[["wanted","w-\x02"]]]'
)
# A mark keeps its words for ever: a file has what was written with them before.
_WORDS: Final = (
    ("\x15", f'"],"stop":"","assign":"first","asks":[],{_REST}'),
    ("\x16", f"],{_REST}"),
    ("\x0e", _OPEN_BEFORE),
    ("\x0f", '[{"item":"\x01","short":"w-\x02","poster":"'),
    ("\x10", '","home":["\x03","did:key:z6Mk'),
    ("\x11", '"],"stop":"","assign":"first","asks":['),
    ("\x12", ',"sent_back":false,"check":false,"notes":0,"questions":[],"instructions":0,"given"'),
    ("\x13", '],[],[["wanted","w-\x02"'),
    ("\x14", ',"did:key:z6Mk'),
    ("\x17", '"handed_in":[],"sent_back":false,"answered":['),
    ("\x18", '"check":false,"notes":0,"questions":[],"instructions":0,"given":['),
    ("\x19", '],["completions","c-'),
    ("\x1a", '],["wl_attempts","c-'),
    ("\x1b", '],["stamps","s-'),
)  # fmt: skip


_DECODER: Final = msgspec.json.Decoder(Body)
_BY_MARK: Final = dict(_WORDS)
_MARKS: Final = re.compile(f"[{''.join(_BY_MARK)}]")


def _spelled_out(found: re.Match[str]) -> str:
    return _BY_MARK[found[0]]


def spell(subject_id: str, body: Body) -> str:
    """The text of a body."""
    text = msgspec.json.encode(body).decode()
    if len(subject_id) == ID_HEX_CHARS:
        text = text.replace(subject_id, _ITSELF)
        text = text.replace(subject_id[:PUBLIC_ID_HEX_CHARS], _ITS_NAME)
    head, says, rest = text.partition(_SAYS_POSTER)
    if says:
        poster, rest = rest[:ID_HEX_CHARS], rest[ID_HEX_CHARS:]
        if '"' not in poster and _ITSELF not in poster and _ITS_NAME not in poster:
            rest = rest.replace(poster, _POSTER)
        text = head + says + poster + rest
    for mark, words in _WORDS:
        text = text.replace(words, mark)
    return text


def read(subject_id: str, text: str) -> Body:
    """The body of a text that `spell` made."""
    text = _MARKS.sub(_spelled_out, text)
    head, says, rest = text.partition(_SAYS_POSTER)
    if says:
        poster = rest[:ID_HEX_CHARS]
        text = head + says + poster + rest[ID_HEX_CHARS:].replace(_POSTER, poster)
    text = text.replace(_ITS_NAME, subject_id[:PUBLIC_ID_HEX_CHARS]).replace(_ITSELF, subject_id)
    body: Body = _DECODER.decode(text)
    return body
