"""Where a rig's repository is: what a person typed, as an address for git, and what is secret.

Pure but for looking whether a path is there. An address that carries a password is taken apart:
the address goes where everybody may read it, the password into a file that is the user's alone.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from town.rigs.errors import BadAddressError, NoRepositoryError

ADDRESS_CHARS_MAX: Final = 4_000
_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*://|[^/\s]+@[^/\s:]+:|[^/\s:]+\.[a-z]+:")
_USER: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<user>[^/@\s]*)@")
_PASSWORD: Final = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^/@:\s]*):[^/@\s]*@")
_SHELLS: Final = ("ssh", "git+ssh", "ssh+git")  # there the user's name is part of the place


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRig:
    """A rig to be added, as a person asked for it."""

    name: str
    url: str
    prefix: str = ""
    branch: str = ""
    push_url: str = ""
    upstream_url: str = ""
    local_repo: str = ""
    filter: str = ""
    sparse: tuple[str, ...] = ()
    submodules: bool = True
    force: bool = False
    secrets: tuple[str, ...] = ()  # lines as `git credential-store` keeps them


@dataclass(frozen=True, slots=True)
class Address:
    """An address without a password, and the line that a file of secrets has for it."""

    url: str
    secret: str = ""


def address_of(said: str, *, cwd: Path, home: str = "") -> str:
    """The address of a repository: one as it was typed, or the absolute path of a folder."""
    if said.startswith("-") or not said.isprintable() or len(said) > ADDRESS_CHARS_MAX:
        raise BadAddressError(shown(said))
    if said.startswith("file://"):
        return said
    if _ADDRESS.match(said):
        return said
    typed = f"{home}{said[1:]}" if home and said.startswith("~/") else said
    path = (cwd / typed).resolve()
    if not path.is_dir():
        raise NoRepositoryError(said)
    return str(path)


def apart(url: str) -> Address:
    """The address, and the password that stood in it. Raises BadAddressError."""
    if not url.startswith(("http://", "https://")):
        return Address(shown(url))
    try:
        facts = urlsplit(url)
        password, _ = facts.password, facts.port
    except ValueError as error:
        raise BadAddressError(shown(url)) from error
    if password is None:
        return Address(url)
    host = facts.netloc.rpartition("@")[2]
    clean = facts._replace(netloc=host).geturl()
    return Address(clean, f"{facts.scheme}://{facts.netloc}")


def shown(text: str) -> str:
    """The text with no address in it that names a user or a password; `git@` of ssh stays."""

    def less(found: "re.Match[str]") -> str:
        whole = found["user"] if found["scheme"] in _SHELLS else ""
        return f"{found['scheme']}://{whole}@" if whole else f"{found['scheme']}://"

    return _USER.sub(less, _PASSWORD.sub(r"\g<before>@", text))


def secretless(rig: NewRig) -> NewRig:
    """The rig with no password in an address; each stands among its secrets."""
    url, push, upstream = (apart(one) for one in (rig.url, rig.push_url, rig.upstream_url))
    secrets = dict.fromkeys(one.secret for one in (url, push, upstream) if one.secret)
    return replace(
        rig,
        url=url.url,
        push_url=push.url,
        upstream_url=upstream.url,
        secrets=tuple(dict.fromkeys((*rig.secrets, *secrets))),
    )
