"""Where a person opens a pull request for a branch, and in which words they are asked to.

Pure. It knows the pages of two hosts; of any other it says what is to be merged into what.
"""

import re
import string
from collections.abc import Mapping
from typing import Final

GITHUB: Final = "github"
BITBUCKET: Final = "bitbucket"
PAGES: Final[Mapping[str, str]] = {
    GITHUB: "https://{host}/{path}/compare/{target}...{branch}?expand=1",
    BITBUCKET: "https://{host}/{path}/pull-requests/new?source={branch}&dest={target}",
}
KNOWN_HOSTS: Final[Mapping[str, str]] = {"github.com": GITHUB, "bitbucket.org": BITBUCKET}
_ADDRESS: Final = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^@/\s]*@)?(?P<host>[\w.-]+)(?::\d+)?/"
    r"|(?:[\w.-]+@)(?P<there>[\w.-]+):)(?P<path>[\w.~-]+(?:/[\w.~-]+)+)"
)


_PLAIN: Final = frozenset(string.ascii_letters + string.digits + "-._~")


def _quoted(text: str) -> str:
    """The text as one part of an address has it."""
    return "".join(
        one if one in _PLAIN else "".join(f"%{byte:02X}" for byte in one.encode("utf-8"))
        for one in text
    )


def page_of(address: str, *, branch: str, target: str, provider: str = "") -> str:
    """The page on which the pull request is opened; empty where no host is known there."""
    found = _ADDRESS.fullmatch(address.rstrip("/").removesuffix(".git"))
    if found is None:
        return ""
    host = found["host"] or found["there"]
    page = PAGES.get(provider or KNOWN_HOSTS.get(host.lower(), ""), "")
    named = {"branch": _quoted(branch), "target": _quoted(target)}
    return page.format(host=host, path=found["path"], **named)


def asked_of_a_person(*, branch: str, target: str, page: str) -> str:
    """What is to be done, in a line."""
    at = f": {page}" if page else ""
    return f"open a pull request of {branch} into {target}, and merge it{at}"
