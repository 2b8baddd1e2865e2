"""The town's settings: known names with types and defaults, a file, and the environment.

The environment beats the file, the file beats the default, and every value can say which of
them it came from. A name that is not listed here is refused, never stored.
"""

import os
import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from federation.limits import BLOB_BYTES_MAX, HANDED_BYTES_MAX, MESSAGE_BYTES_MAX
from ledger.limits import NEWCOMER_RECORDS_DAY
from stamps.errors import WastelandError

if TYPE_CHECKING:
    import tomlkit  # keeps what a person wrote around a value; only who writes needs it

Value = str | int | bool
Origin = Literal["default", "file", "store", "environment"]

PORT_DEFAULT = 7331
PORT_MAX = 65_535


class SettingError(WastelandError):
    """A setting has no such name or cannot have this value."""

    code: ClassVar[str] = "config.bad"
    hint: ClassVar[str] = "wl config list shows every setting."
    exit: ClassVar[int] = 2
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("wl", "config", "list", "--origin"),)

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: what it is for, its default, and how a text becomes its value."""

    name: str
    about: str
    default: Value
    parse: Callable[[str], Value]

    @property
    def variable(self) -> str:
        """The environment variable that beats the file."""
        return "WL_" + self.name.replace(".", "_").upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A setting's value and where it came from."""

    setting: Setting
    value: Value
    origin: Origin


def _text(said: str) -> str:
    return said.strip()


def _number(said: str) -> int:
    if not said.strip().isdecimal():
        raise ValueError("a whole number is needed")
    return int(said)


def _port(said: str) -> int:
    port = _number(said)
    if not 0 <= port <= PORT_MAX:
        raise ValueError("a port is 0 to 65535; 0 takes any free one")
    return port


def _seconds(said: str) -> int:
    seconds = _number(said)
    if seconds < 1:
        raise ValueError("at least 1 second")
    return seconds


def _count(said: str) -> int:
    count = int(said)
    if count < 1:
        raise ValueError("at least 1")
    return count


def _handed(said: str) -> int:
    size = _number(said)
    if size >= MESSAGE_BYTES_MAX:
        raise ValueError(f"less than {MESSAGE_BYTES_MAX}: it comes in one message")
    return size


def _url(said: str) -> str:
    if said and not said.startswith(("http://", "https://")):
        raise ValueError("an address starts with https:// or http://")
    return said.rstrip("/")


def _switch(said: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    if said.lower() not in words:
        raise ValueError("true or false")
    return words[said.lower()]


def _level(said: str) -> str:
    if said not in ("debug", "info", "warning", "error"):
        raise ValueError("debug, info, warning or error")
    return said


def _setting(name: str, default: Value, parse: Callable[[str], Value], about: str) -> Setting:
    return Setting(name=name, about=about, default=default, parse=parse)


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        _setting("node.listen", "127.0.0.1", _text, "the address the node listens on"),
        _setting("node.port", PORT_DEFAULT, _port, "its port; 0 takes any free one"),
        _setting("node.public_url", "", _url, "how others reach this node, if they can"),
        _setting("node.log_level", "info", _level, "how much logs/node.log says"),
        _setting("sync.pull_s", 30, _seconds, "how often a peer is asked for news, about"),
        _setting("sync.allow_private", False, _switch, "call peers at private addresses"),  # noqa: FBT003
        _setting(
            "sync.newcomer_records",
            NEWCOMER_RECORDS_DAY,
            _count,
            "records a day kept of a town that nobody admitted or stamped",
        ),
        _setting("blobs.bytes_max", BLOB_BYTES_MAX, _count, "how large a blob may be, in bytes"),
        _setting(
            "blobs.handed_bytes", HANDED_BYTES_MAX, _handed, "how large one that a peer hands over"
        ),
        _setting("blobs.room_bytes", 1 << 30, _number, "how much is kept of what peers hand over"),
        _setting("claim.wait_s", 10, _seconds, "how long a claim waits for its answer"),
        _setting(
            "private.url", "", _text, "the Dolt server that keeps the town's private database"
        ),
        _setting("away.home", "", _text, "the always-on node that decides for this town's posts"),
    )
}


class Config:
    """The settings of one town as file and environment have them now."""

    origin: Origin = "file"

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self.path = path
        self.env = env

    def _said(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingError(str(self.path), f"cannot be read: {error}") from error

    def _document(self) -> "tomlkit.TOMLDocument":
        import tomlkit  # noqa: PLC0415

        self._said()  # refuses what is no TOML
        try:
            return tomlkit.parse(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return tomlkit.document()

    def choose(self, name: str) -> Chosen:
        """The setting's value and origin. Raises SettingError."""
        return self._chosen(known(name), self._said())

    def _chosen(self, setting: Setting, said: Mapping[str, Any]) -> Chosen:
        if setting.variable in self.env:
            value = parsed(setting, self.env[setting.variable], where=setting.variable)
            return Chosen(setting=setting, value=value, origin="environment")
        table, _, key = setting.name.partition(".")
        group = said.get(table, {})
        if isinstance(group, Mapping) and key in group:
            where = f"{self.path.name} {setting.name}"
            value = parsed(setting, str(group[key]), where=where)
            return Chosen(setting=setting, value=value, origin=self.origin)
        return Chosen(setting=setting, value=setting.default, origin="default")

    def text(self, name: str) -> str:
        """The value as text. Raises SettingError."""
        return str(self.choose(name).value)

    def number(self, name: str) -> int:
        """The value of a setting that is a number. Raises SettingError."""
        return int(self.choose(name).value)

    def switch(self, name: str) -> bool:
        """The value of a setting that is on or off. Raises SettingError."""
        return bool(self.choose(name).value)

    def everything(self) -> list[Chosen]:
        """Every setting, in the order of the list above."""
        said = self._said()
        return [self._chosen(setting, said) for setting in SETTINGS.values()]

    def put(self, name: str, said: str) -> Chosen:
        """The file has the value; comments and order in it stay. Raises SettingError."""
        import tomlkit  # noqa: PLC0415

        setting = known(name)
        value = parsed(setting, said, where=name)
        document = self._document()
        table, _, key = name.partition(".")
        if table not in document:
            document[table] = tomlkit.table()
        group = document[table]
        if not isinstance(group, MutableMapping):
            raise SettingError(name, f"{table} is no table in {self.path}")
        group[key] = value
        self._write(document)
        return self.choose(name)

    def unset(self, name: str) -> Chosen:
        """The file has no value for it any more. Raises SettingError."""
        known(name)
        document = self._document()
        table, _, key = name.partition(".")
        group = document.get(table)
        if isinstance(group, dict) and key in group:
            del group[key]
            self._write(document)
        return self.choose(name)

    def _write(self, document: "tomlkit.TOMLDocument") -> None:
        import tomlkit  # noqa: PLC0415

        fresh = self.path.with_suffix(".toml.new")
        try:
            fresh.write_text(tomlkit.dumps(document), encoding="utf-8")
            fresh.chmod(0o600)
            os.replace(fresh, self.path)  # noqa: PTH105  # atomic, and says so
        except OSError as error:
            raise SettingError(str(self.path), f"cannot be written: {error}") from error


def known(name: str) -> Setting:
    """The setting of this name. Raises SettingError with the nearest names."""
    if name not in SETTINGS:
        near = get_close_matches(name, SETTINGS, n=2)
        raise SettingError(name, "no such setting" + (f"; {' or '.join(near)}?" if near else ""))
    return SETTINGS[name]


def parsed(setting: Setting, said: str, *, where: str) -> Value:
    """The value that a text stands for. Raises SettingError."""
    try:
        return setting.parse(said)
    except ValueError as error:
        raise SettingError(where, f"cannot be {said!r}: {error}") from error
