"""The key files of a home, as several threads of one node use them."""

import os

from stamps.identity import DeviceKey
from town.node.home import Home
from town.node.keys import KeyFiles


def signer(keys: KeyFiles) -> str:
    """The device that signs."""
    device = keys.load().device
    assert device is not None
    return device.device


def test_who_reads_while_a_key_is_written_leaves_no_old_one_behind(tmp_path, monkeypatch):
    """The node answers peers meanwhile, and signs with the new key from then on."""
    home = Home(tmp_path)
    home.furnish()
    keys = KeyFiles(home)
    old, new = (DeviceKey.from_seed(bytes([number]) * 32) for number in (1, 2))
    keys.save_device(old)
    seen = [signer(keys)]
    synced = os.fsync

    def while_it_is_written(descriptor: int) -> None:
        seen.append(signer(keys))
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", while_it_is_written)
    keys.save_device(new)

    # Before, while the file is written, while its folder is, and after.
    assert [*seen, signer(keys)] == [old.device, old.device, new.device, new.device]
