"""The town's key files: the device key stays, the recovery key is meant to leave.

Each file is this user's alone, written whole and durable before anything it vouches for is said.
It never copies a device key anywhere: another machine makes its own.
"""

import os
import threading
from pathlib import Path

from stamps.identity import DeviceKey
from stamps.keystore import KeyRing, from_file, to_file
from town.node.home import Home

KEY_MODE = 0o600


class KeyFiles:
    """The keys of one home, on disk."""

    def __init__(self, home: Home, *, passphrase: str = "") -> None:
        self.home = home
        self.passphrase = passphrase
        # The town's lock keeps other processes away, this one other threads of ours: whoever reads
        # while a key is written must not leave the old one behind.
        self._ring: KeyRing | None = None
        self._turn = threading.Lock()

    @property
    def device_file(self) -> Path:
        """Where the device key lies."""
        return self.home.keys / "device.json"

    @property
    def rotation_file(self) -> Path:
        """Where the recovery keys lie until they were put away."""
        return self.home.keys / "rotation.json"

    def load(self) -> KeyRing:
        """The keys that are here. Raises KeystoreError."""
        ring = self._ring
        if ring is None:
            with self._turn:
                device = self._read(self.device_file).device
                rotation = self._read(self.rotation_file).rotation
                ring = self._ring = KeyRing(device=device, rotation=rotation)
        return ring

    def save_device(self, key: DeviceKey) -> None:
        """The key signs from now on; the one before it is kept aside and signs no more."""
        if self.device_file.exists():
            number = len(list(self.home.keys.glob("device.old-*.json")))
            os.link(self.device_file, self.home.keys / f"device.old-{number}.json")
        self._write(self.device_file, KeyRing(device=key))

    def save_rotation(self, keys: tuple[DeviceKey, ...]) -> None:
        """The recovery keys are on this disk, by priority."""
        self._write(self.rotation_file, KeyRing(rotation=keys))

    def put_away(self) -> None:
        """No recovery key is on this disk."""
        with self._turn:
            self.rotation_file.unlink(missing_ok=True)
            self._ring = None

    def _read(self, path: Path) -> KeyRing:
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return KeyRing()
        return from_file(raw, passphrase=self.passphrase)

    def _write(self, path: Path, ring: KeyRing) -> None:
        fresh = path.with_name(f"{path.name}.new")
        descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, KEY_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(to_file(ring, passphrase=self.passphrase))
            file.flush()
            os.fsync(file.fileno())
        with self._turn:
            os.replace(fresh, path)  # noqa: PTH105
            self._ring = None
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
