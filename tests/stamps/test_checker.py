"""What a second process says of signatures, turn by turn (records 1.2, 2.1)."""

import io
import os
import runpy
import sys

import pytest

from stamps.checker import checked, holds
from stamps.errors import BadRecordError
from stamps.identity import DeviceKey
from stamps.record import parse_line, reread, sign, to_line

KEY = DeviceKey.from_seed(b"checker".ljust(32, b"."))


def line(text: str) -> bytes:
    """A good line."""
    entry = sign(
        key=KEY, scope="ab" * 32, author="cd" * 32, seq=0, prev="", at=1_700_000_000_000_000,
        kind="note.add", about="ef" * 32, body={"tag": "note", "text": text},
    )  # fmt: skip
    return to_line(entry)


GOOD = line("well")
BAD = {
    "another text": GOOD.replace(b"well", b"bell"),
    "another signature": b"A" * 86 + GOOD[86:],
    "a short signature": b"AAAA" + GOOD[86:],
    "no base64": b"!" * 86 + GOOD[86:],
    "no JSON": GOOD[:87] + b"{",
    "no device": GOOD[:87] + b"{}",
    "nothing": b"",
    "another key's name": GOOD.replace(b"did:key:z6Mk", b"did:key:z6Mj"),
}


@pytest.mark.parametrize("why", BAD)
def test_a_line_that_is_not_signed_by_its_device_does_not_hold(why):
    """Whatever is wrong with it: one digit, and no error."""
    assert holds(GOOD.removesuffix(b"\n"))
    assert not holds(BAD[why].removesuffix(b"\n"))


def test_a_turn_is_answered_digit_by_digit():
    """In the order of the lines."""
    assert checked(GOOD + BAD["another text"] + GOOD) == b"101"
    assert checked(b"") == b""


def test_the_process_reads_its_spool_and_ends_with_its_input(tmp_path, monkeypatch):
    """Two turns from one file, each by offset and length."""
    spool = tmp_path / "spool"
    lines = GOOD + BAD["another text"]
    spool.write_bytes(lines)
    handle = os.open(spool, os.O_RDONLY)
    turns = b"0 %d\n%d %d\n" % (len(GOOD), len(GOOD), len(lines) - len(GOOD))
    said = io.BytesIO()
    monkeypatch.setattr(sys, "argv", ["stamps.checker", str(handle)])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(turns)))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(said, write_through=True))
    monkeypatch.delitem(sys.modules, "stamps.checker")
    runpy.run_module("stamps.checker", run_name="__main__")
    os.close(handle)
    assert said.getvalue() == b"1\n0\n"


def test_a_line_that_was_found_good_reads_the_same_without_a_second_look():
    """The same record and signature as by every check."""
    assert reread(GOOD) == parse_line(GOOD)
    assert reread(GOOD.removesuffix(b"\n")) == parse_line(GOOD)


@pytest.mark.parametrize("why", ["no JSON", "no device", "nothing"])
def test_a_line_that_cannot_have_been_found_good_is_refused(why):
    """A verdict about other bytes does no harm."""
    with pytest.raises(BadRecordError):
        reread(BAD[why])
