"""Keys on disk and on paper come back, or say why not."""

import pytest

from stamps.identity import DeviceKey
from stamps.keystore import (
    BackupTextError,
    Cost,
    KeyRing,
    KeystoreError,
    PassphraseNeededError,
    PassphraseWrongError,
    from_backup,
    from_file,
    is_locked,
    to_backup,
    to_file,
)

KEY = DeviceKey.from_seed(bytes(range(32)))
RING = KeyRing(device=KEY, rotation=(DeviceKey.from_seed(bytes(32)),))


@pytest.mark.parametrize("passphrase", ["", "korrekt häst"])
def test_a_key_file_reads_back(passphrase):
    """The same keys, with a passphrase or without."""
    raw = to_file(RING, passphrase=passphrase, cost=Cost.LEAST)
    read = from_file(raw, passphrase=passphrase)
    assert is_locked(raw) is bool(passphrase)
    assert read.device is not None
    assert read.device.seed == KEY.seed
    assert [key.seed for key in read.rotation] == [bytes(32)]


def test_a_locked_file_needs_its_passphrase():
    """No passphrase and a wrong one are told apart; no secret lies in the file."""
    raw = to_file(RING, passphrase="right", cost=Cost.LEAST)
    with pytest.raises(PassphraseNeededError):
        from_file(raw)
    with pytest.raises(PassphraseWrongError):
        from_file(raw, passphrase="wrong")
    assert KEY.seed.hex().encode() not in raw


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b"\xff", b"x" * 70_000])
def test_what_is_no_key_file_gives_no_key(raw):
    """A damaged file is a typed error."""
    with pytest.raises(KeystoreError):
        from_file(raw)


def test_a_backup_text_reads_back_as_people_type_it():
    """Case, spaces, dashes and look-alike letters do not matter."""
    text = to_backup(KEY)
    assert from_backup(text).seed == KEY.seed
    assert from_backup(text.lower().replace(" ", "-").replace("0", "o")).seed == KEY.seed


def test_a_mistyped_backup_is_noticed():
    """One wrong letter anywhere gives no key."""
    text = to_backup(KEY)
    for place, letter in enumerate(text):
        if letter.isspace():
            continue
        wrong = text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :]
        with pytest.raises(BackupTextError):
            from_backup(wrong)
    for broken in ("", text[:-1], text.replace(text[0], "U", 1)):
        with pytest.raises(BackupTextError):
            from_backup(broken)
