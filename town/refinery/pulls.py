"""Where a person opens a pull request for a branch, and in which words they are asked to.

Pure. It knows the pages of two hosts; of any other it says what is to be merged into what.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

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


def page_of(address: str, *, branch: str, target: str, provider: str = "") -> str:
    """The page on which the pull request is opened; empty where no host is known there."""
    found = _ADDRESS.fullmatch(address.rstrip("/").removesuffix(".git"))
    if found is None:
        return ""
    host = found["host"] or found["there"]
    page = PAGES.get(provider or KNOWN_HOSTS.get(host.lower(), ""), "")
    named = {"branch": quote(branch, safe=""), "target": quote(target, safe="")}
    return page.format(host=host, path=found["path"], **named)


def asked_of_a_person(*, branch: str, target: str, page: str) -> str:
    """What is to be done, in a line."""
    at = f": {page}" if page else ""
    return f"open a pull request of {branch} into {target}, and merge it{at}"
