"""Keys on disk and on paper come back, or say why not."""

import base64
import json

import pytest
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

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
    names,
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


def test_a_file_names_its_keys_in_the_clear():
    """A doctor may look without the passphrase."""
    raw = to_file(RING, passphrase="right", cost=Cost.LEAST)
    assert names(raw) == (KEY.device, (RING.rotation[0].device,))
    assert names(to_file(KeyRing())) == (None, ())
    assert from_file(to_file(KeyRing())) == KeyRing()


def changed(raw: bytes, **parts) -> bytes:
    """A key file with some parts replaced; a dotted name reaches inside."""
    file = json.loads(raw)
    for name, value in parts.items():
        outer, _, inner = name.partition("__")
        if inner:
            file[outer][inner] = value
        else:
            file[outer] = value
    return json.dumps(file).encode()


@pytest.mark.parametrize(
    "parts",
    [
        {"v": 2},
        {"seeds": None},
        {"seeds__device": "zz"},
        {"seeds__device": "00"},
        {"seeds__device": "00" * 32},
        {"keys__rotation": [KEY.device] * 17},
        {"more": 1},
    ],
)
def test_a_changed_file_gives_no_key(parts):
    """Neither half a key nor one that the file does not name."""
    with pytest.raises(KeystoreError):
        from_file(changed(to_file(RING), **parts))


@pytest.mark.parametrize(
    "parts",
    [
        {"lock__salt": "zz"},
        {"lock__salt": "00"},
        {"lock__box": "!"},
        {"lock__box": ""},
        {"lock__ops": 10**9},
        {"lock__memory_bytes": 2**60},
        {"lock__memory_bytes": 1},
    ],
)
def test_a_damaged_lock_is_told_from_a_wrong_passphrase(parts):
    """And a file cannot ask for a machine's whole memory."""
    raw = to_file(RING, passphrase="right", cost=Cost.LEAST)
    with pytest.raises(KeystoreError) as refused:
        from_file(changed(raw, **parts), passphrase="right")
    assert refused.value.code == "key.file"


def test_a_lock_that_holds_something_else_gives_no_key():
    """The passphrase is right, what it opens is not a list of keys."""
    locked = json.loads(to_file(RING, passphrase="right", cost=Cost.LEAST))
    lock = locked["lock"]
    secret = argon2id.kdf(
        SecretBox.KEY_SIZE,
        b"right",
        bytes.fromhex(lock["salt"]),
        opslimit=lock["ops"],
        memlimit=lock["memory_bytes"],
    )
    lock["box"] = base64.b64encode(SecretBox(secret).encrypt(b"[]" * 20)).decode()
    with pytest.raises(KeystoreError, match="damaged"):
        from_file(json.dumps(locked).encode(), passphrase="right")


def test_a_backup_of_another_version_or_with_spare_bits_is_none():
    """Sixty letters carry 300 bits, of which the last four are zero."""
    text = to_backup(KEY)
    for spare in "123456789ABCDEFGHJKMNPQRSTVWXYZ":
        if text[-1] != spare:
            with pytest.raises(BackupTextError):
                from_backup(text[:-1] + spare)
