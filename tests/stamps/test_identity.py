"""Keys and their names: did:key, Ed25519 by one library, and the keys that are refused."""

import json
from pathlib import Path

import base58
import pytest

from stamps.errors import KeyRefusedError
from stamps.identity import DeviceKey, check_key, did_of, public_key_of, verify

DATA = Path(__file__).parent.parent / "data"
FLAT = json.loads((DATA / "did-key" / "ed25519_flat.json").read_text())
REJECTS = json.loads((DATA / "did-key" / "ed25519_rejects.json").read_text())
SPECCHECK = json.loads((DATA / "ed25519" / "speccheck.json").read_text())["cases"]
SMALL = [case for case in SPECCHECK if case["A_order"] == "small"]
RFC8032 = json.loads((DATA / "ed25519" / "rfc8032.json").read_text())
WYCHEPROOF = json.loads((DATA / "ed25519" / "wycheproof_ed25519_test.json").read_text())


@pytest.mark.parametrize("case", FLAT, ids=lambda case: case["did"][-8:])
def test_names_and_keys_turn_into_each_other(case):
    """The published names spell the published keys, both ways."""
    key = bytes.fromhex(case["public_key"])
    assert did_of(key) == case["did"]
    assert public_key_of(case["did"]) == key
    if case["seed_gives_public_key"]:
        assert DeviceKey.from_seed(bytes.fromhex(case["seed"])).device == case["did"]


@pytest.mark.parametrize("case", REJECTS, ids=lambda case: case["did"])
def test_other_spellings_are_refused(case):
    """A name that does not re-encode to itself is nobody's."""
    with pytest.raises(KeyRefusedError):
        public_key_of(case["did"])
    assert not verify(device=case["did"], message=b"", signature=bytes(64))


@pytest.mark.parametrize("case", SPECCHECK, ids=lambda case: str(case["number"]))
def test_doubtful_signatures_get_libsodiums_answer(case):
    """One verifier decides, and it is PyNaCl (the twelve cases of eprint 2020/1244)."""
    accepted = verify(
        device=did_of(bytes.fromhex(case["pub_key"])),
        message=bytes.fromhex(case["message"]),
        signature=bytes.fromhex(case["signature"]),
    )
    assert accepted == (case["measured"]["PyNaCl"] == "accept")


@pytest.mark.parametrize("case", SMALL, ids=lambda case: str(case["number"]))
def test_h13_keys_of_small_order_are_refused_when_added(case):
    """A key that would sign everything never becomes a device."""
    with pytest.raises(KeyRefusedError):
        check_key(did_of(bytes.fromhex(case["pub_key"])))


@pytest.mark.parametrize("case", RFC8032, ids=lambda case: case["name"])
def test_the_standards_vectors_hold(case):
    """RFC 8032: key from seed, signature, verification; the prehashed one does not verify."""
    key = DeviceKey.from_seed(bytes.fromhex(case["secret"]))
    message, signature = bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])
    plain = case["algorithm"] == "Ed25519"
    assert (key.sign(message) == signature) is plain
    assert verify(device=key.device, message=message, signature=signature) is plain


@pytest.mark.parametrize("number", range(len(WYCHEPROOF["testGroups"])))
def test_h12_wycheproof_verdicts_hold(number):
    """S >= L, truncated and altered signatures are not signatures."""
    group = WYCHEPROOF["testGroups"][number]
    device = did_of(bytes.fromhex(group["publicKey"]["pk"]))
    for case in group["tests"]:
        accepted = verify(
            device=device,
            message=bytes.fromhex(case["msg"]),
            signature=bytes.fromhex(case["sig"]),
        )
        assert accepted == (case["result"] == "valid"), case["tcId"]


def test_a_key_shows_itself_without_its_secret():
    """What a log could print of a key is its name."""
    key = DeviceKey.generate()
    assert key.seed.hex() not in repr(key)
    check_key(key.device)


def test_what_has_not_the_length_of_a_key_is_none():
    """32 bytes, public or secret; 64 of a signature."""
    with pytest.raises(KeyRefusedError):
        did_of(bytes(31))
    with pytest.raises(KeyRefusedError):
        DeviceKey.from_seed(bytes(33))
    key = DeviceKey.generate()
    assert not verify(device=key.device, message=b"", signature=bytes(63))
    assert not verify(device="did:key:me", message=b"", signature=bytes(64))


def test_a_did_of_another_sort_of_key_is_refused_though_it_is_as_long():
    """Multicodec 0xec01 is X25519, and 56 characters as well."""
    other = "did:key:z" + base58.b58encode(b"\xec\x01" + bytes(range(32))).decode()
    assert len(other) == len(DeviceKey.generate().device)
    with pytest.raises(KeyRefusedError):
        public_key_of(other)
