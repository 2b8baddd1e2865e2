"""A town's home folder: where its settings, keys, ledgers, run files and logs lie.

It names files and guards their modes; it reads none of them.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from stamps.errors import WastelandError
from town.node.place import socket_path

FOLDER_MODE = 0o700
LEDGER_NAME_HEX = 16


class HomeError(WastelandError):
    """The home folder cannot be used."""

    code: ClassVar[str] = "home.unusable"
    hint: ClassVar[str] = "Choose another folder with --home DIR or WL_HOME."
    exit: ClassVar[int] = 6

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = str(path)


class NoTownError(WastelandError):
    """There is no town in this home yet."""

    code: ClassVar[str] = "town.none"
    hint: ClassVar[str] = "Make one here: wl init --handle NAME"
    exit: ClassVar[int] = 3
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("wl", "init", "--handle", "<name>"),)

    def __init__(self, path: Path) -> None:
        super().__init__(f"no town lives in {path}")
        self.path = str(path)


@dataclass(frozen=True, slots=True)
class Home:
    """The files of one town. `path` is absolute."""

    path: Path

    @property
    def config(self) -> Path:
        """The settings that a person may edit."""
        return self.path / "config.toml"

    @property
    def keys(self) -> Path:
        """The folder of the device key and, until it is put away, of the rotation key."""
        return self.path / "keys"

    @property
    def ledgers(self) -> Path:
        """The folder of the databases."""
        return self.path / "ledgers"

    @property
    def self_ledger(self) -> Path:
        """The database of accounts and identities, and of the node's own notes."""
        return self.ledgers / "self.db"

    def ledger(self, wasteland: str) -> Path:
        """The database of a wasteland (64 hex)."""
        return self.ledgers / f"{wasteland[:LEDGER_NAME_HEX]}.db"

    @property
    def private(self) -> Path:
        """The town's private database, which never leaves it."""
        return self.ledgers / "town.db"

    @property
    def blobs(self) -> Path:
        """The folder of the bytes that records name by their hash."""
        return self.path / "blobs"

    @property
    def run(self) -> Path:
        """What exists only while a process of the town does."""
        return self.path / "run"

    @property
    def facts(self) -> Path:
        """The running node: pid, creation time, address."""
        return self.run / "node.json"

    @property
    def lock(self) -> Path:
        """Held by the one process that writes."""
        return self.run / "node.lock"

    @property
    def holder(self) -> Path:
        """Who holds the lock, for the words of an error."""
        return self.run / "holder.json"

    @property
    def socket(self) -> str:
        """The control socket of the node."""
        return socket_path(str(self.path))

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.path / "logs"

    @property
    def log(self) -> Path:
        """What the node did, a JSON object a line."""
        return self.logs / "node.log"

    @property
    def inhabited(self) -> bool:
        """Whether a town was founded here."""
        return self.keys.is_dir() and any(self.keys.iterdir())

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that must be there."""
        return (self.path, self.keys, self.ledgers, self.run, self.logs)

    def furnish(self) -> None:
        """Every folder exists and is this user's alone. Raises HomeError."""
        try:
            for folder in self.folders:
                folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                if folder.stat().st_uid != os.getuid():
                    raise HomeError(folder, "belongs to another user")
                folder.chmod(FOLDER_MODE)
        except OSError as error:
            raise HomeError(self.path, error.strerror or str(error)) from error


class BeadsFolder(Home):
    """The `.beads` folder of a project that is in no town: a private database and no more."""

    @property
    def private(self) -> Path:
        """The project's beads."""
        return self.path / "beads.db"

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folder, and one for what exists only while a process writes."""
        return (self.path, self.run)
