"""Signatures looked at in a second process: the same verdicts, whatever becomes of the process."""

import contextlib
import os
import resource
import signal
import subprocess
import sys

import pytest

from stamps.errors import BadRecordError
from stamps.identity import DeviceKey
from stamps.record import parse_line, sign, to_line, verify
from tests.living import alive
from tests.waiting import until
from town.node.checking import AHEAD_MAX, CHUNK, Checking

pytestmark = pytest.mark.slow  # `make check` waits for none of these

KEYS = [DeviceKey.from_seed(bytes([n]) * 32) for n in range(1, 4)]


def lines(count: int) -> list[bytes]:
    """Lines of records, every seventh of them forged or torn."""
    found = []
    for n in range(count):
        entry = sign(
            key=KEYS[n % 3], scope="ab" * 32, author="cd" * 32, seq=0, prev="",
            at=1_700_000_000_000_000 + n, kind="note.add", about="ef" * 32,
            body={"tag": "progress", "text": f"note {n}"},
        )  # fmt: skip
        line = to_line(entry)
        spoilt = (line[:50] + b"A" + line[51:], line.replace(b"note ", b"nota "), b"x\n", b"\n")
        found.append(spoilt[n // 7 % 4] if n % 7 == 3 else line)
    return found


def said(line: bytes) -> bool:
    """What this process says of a line."""
    try:
        return verify(parse_line(line)) is not None
    except BadRecordError:
        return False


@pytest.fixture
def checking():
    """A second process that is gone afterwards."""
    made = Checking()
    yield made
    made.close()


def test_a_second_process_says_what_this_one_would(checking):
    """Several tickets at once, more than the process may have before it, in any order."""
    made = [lines(count) for count in (CHUNK * AHEAD_MAX + 17, 1, CHUNK, 700)]
    tickets = [checking.put(some) for some in made]
    for ticket, some in reversed(list(zip(tickets, made, strict=True))):
        assert ticket.verdicts() == [said(line) for line in some]
    assert checking.pid


def test_a_process_that_dies_loses_no_verdict(checking):
    """What it had before it is looked at here; the next lines get a new one."""
    some = lines(2_000)
    expected = [said(line) for line in some]
    assert checking.put(some).verdicts() == expected
    first = checking.pid
    ticket = checking.put(some)
    os.kill(first, signal.SIGKILL)
    assert ticket.verdicts() == expected
    assert checking.put(some).verdicts() == expected
    assert checking.pid != first


def test_lines_that_nobody_asks_for_any_more_leave_nothing_behind(checking):
    """A peer that breaks off in the middle of its stream, again and again, costs no memory."""
    some = lines(3_000)
    for _ in range(6):
        for ticket in [checking.put(some) for _ in range(5)]:
            ticket.forget()
        assert not checking._waiting
        assert len(checking._given) <= AHEAD_MAX

    def rested() -> bool:
        checking.rest()
        return not checking.pid

    until(rested)
    assert os.fstat(checking._spool.fileno()).st_size == 0
    assert checking.put(some[:10]).verdicts() == [said(line) for line in some[:10]]


def test_no_process_is_left_behind():
    """Closing ends it, at work or not."""
    checking = Checking()
    checking.put(lines(3_000))
    pid = checking.pid
    checking.close()
    assert not alive(pid)


def test_the_second_process_loads_no_ledger():
    """A worker that opened the embedded engine would be a second writer, and heavy."""
    code = (
        "import sys, stamps.checker\n"
        "heavy = {'doltlite', '_sqlite3', 'sqlalchemy', 'aiohttp', 'ledger'}\n"
        "print(sorted(heavy & {*sys.modules}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "[]"


def test_a_disk_too_full_for_lines_loses_no_verdict(checking):
    """The spool takes no more, half a chunk, or nothing: this process looks by itself."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    made = lines(3 * CHUNK)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(b"".join(made[:CHUNK])) * 3 // 2, limit[1]))
        assert checking.put(made).verdicts() == [said(line) for line in made]
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
        assert checking.put(made).verdicts() == [said(line) for line in made]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)


def test_where_no_process_can_be_begun_this_one_looks(checking):
    """No file is left for its pipes: the same verdicts, and a process again later."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    made, taken = lines(2 * CHUNK), []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (checking._spool.fileno() + 1, limit[1]))
        with contextlib.suppress(OSError):  # numbers below that one may be free
            while True:
                taken.append(os.dup(checking._spool.fileno()))
        assert checking.put(made).verdicts() == [said(line) for line in made]
        assert not checking.pid
    finally:
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert checking.put(made).verdicts() == [said(line) for line in made]
    assert checking.pid
