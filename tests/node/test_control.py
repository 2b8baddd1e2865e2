"""The control socket, with the launcher's own hand at the other end."""

import asyncio
import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from cli.launcher import Hand
from tests.waiting import LONG_S
from town.node import frames
from town.node.control import Control, Request
from town.node.place import socket_path

REQUEST = b'{"argv":["x"],"cwd":"/","env":{"A":"b"},"tty":[false,true,false],"columns":72}'


@pytest.fixture
def serve(tmp_path):
    """Starts a control socket whose commands are given as a function."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    begun = []

    def begin(execute):
        control = Control(socket_path(str(tmp_path)), execute)
        asyncio.run_coroutine_threadsafe(control.start(), loop).result(LONG_S)
        begun.append(control)
        return control

    yield begin
    for control in begun:
        asyncio.run_coroutine_threadsafe(control.stop(grace_s=5), loop).result(LONG_S)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(LONG_S)
    loop.close()


def connect(control):
    line = socket.socket(socket.AF_UNIX)
    line.connect(control.path)
    return line


def printed(work):
    """What the work returned, and the bytes it wrote to standard output meanwhile."""
    (read, write), kept, seen = os.pipe(), os.dup(1), bytearray()

    def drain():
        while piece := os.read(read, 1 << 16):
            seen.extend(piece)

    reader = threading.Thread(target=drain)
    reader.start()
    os.dup2(write, 1)
    try:
        found = work()
    finally:
        os.dup2(kept, 1)
        for descriptor in (kept, write):
            os.close(descriptor)
    reader.join(LONG_S)
    os.close(read)
    return found, bytes(seen)


def test_a_command_gets_its_words_and_its_terminal(serve):
    """argv, folder, environment and terminal arrive as they were sent."""
    got = []
    control = serve(lambda request, _: got.append(request) or 0)
    with connect(control) as line:
        assert Hand(line).run(REQUEST) == 0
    assert got == [
        Request(argv=("x",), cwd="/", env={"A": "b"}, tty=(False, True, False), columns=72)
    ]


def test_output_error_and_exit_code_come_back(serve):
    """Each stream comes out where it belongs, large output whole and in order."""
    whole = os.urandom(3 * frames.FRAME_BYTES_MAX + 7)

    def execute(request, talk):
        talk.write(frames.OUT, whole)
        talk.write(frames.ERR, b"that was it\n")
        return 5

    control = serve(execute)
    with connect(control) as line:
        code, seen = printed(lambda: Hand(line).run(REQUEST))
    assert code == 5
    assert seen == whole


def test_standard_input_is_read_only_when_the_command_asks(serve, monkeypatch, tmp_path):
    """A command that wants no input leaves it to whoever comes next."""
    got = []

    def execute(request, talk):
        got.append(talk.read_line())
        got.append(talk.read_all())
        return 0

    control = serve(execute)
    (tmp_path / "input").write_bytes(b"yes\n" + b"x" * 300_000)
    with (tmp_path / "input").open() as given, connect(control) as line:
        monkeypatch.setattr("sys.stdin", given)
        assert Hand(line).run(REQUEST) == 0
    assert got == [b"yes\n", b"x" * 300_000]


def test_commands_run_side_by_side(serve):
    """One that waits does not hold another up."""
    waiting, release = threading.Event(), threading.Event()

    def execute(request, talk):
        if request.argv == ("slow",):
            waiting.set()
            release.wait(LONG_S)
        return 0

    control = serve(execute)
    with connect(control) as slow, connect(control) as fast:
        thread = threading.Thread(target=lambda: Hand(slow).run(REQUEST.replace(b'"x"', b'"slow"')))
        thread.start()
        waiting.wait(LONG_S)
        assert Hand(fast).run(REQUEST) == 0
        release.set()
        thread.join(LONG_S)


@pytest.mark.parametrize("how", ["hang up", "cancel"])
def test_a_launcher_that_goes_away_cancels_its_command(serve, how):
    """A command that waits for nobody any more learns it."""
    begun, cancelled = threading.Event(), threading.Event()

    def execute(request, talk):
        begun.set()
        if talk.cancelled.wait(60):
            cancelled.set()
        return 130

    control = serve(execute)
    line = connect(control)
    line.sendall(frames.pack(frames.REQUEST, REQUEST))
    begun.wait(LONG_S)
    if how == "cancel":
        line.sendall(frames.pack(frames.CANCEL))
        read = line.makefile("rb").read
        assert frames.read_frame(read) == (frames.BEGUN, b"")
        assert frames.read_frame(read) == (frames.EXIT, b"130")
    line.close()
    assert cancelled.wait(LONG_S)


def test_writing_to_a_launcher_that_is_gone_is_a_broken_pipe(serve):
    """The command learns that its output goes nowhere and can end."""
    begun, told, gone = threading.Event(), threading.Event(), threading.Event()

    def execute(request, talk):
        begun.set()
        gone.wait(LONG_S)
        try:
            while True:
                talk.write(frames.OUT, b"x" * 100_000)
        except BrokenPipeError:
            told.set()
        return 141

    control = serve(execute)
    line = connect(control)
    line.sendall(frames.pack(frames.REQUEST, REQUEST))
    assert begun.wait(LONG_S)
    line.close()
    gone.set()
    assert told.wait(LONG_S)


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", b"R\xff\xff\xff\xff", frames.pack(frames.REQUEST, b"[]")]
)
def test_a_stranger_on_the_socket_is_hung_up_on_and_the_node_stays(serve, noise):
    """Bytes that are no request run nothing, and the next command is served."""
    ran = []
    control = serve(lambda request, _: ran.append(request) or 0)
    with connect(control) as line:
        line.sendall(noise)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(10) == b""
    assert ran == []
    with connect(control) as line:
        assert Hand(line).run(REQUEST) == 0


def test_only_the_owner_can_reach_the_socket(serve, monkeypatch):
    """The socket is 0600 in a folder that is 0700, and no file of another thread is meanwhile."""
    before, asked = os.umask(0), list[int]()
    try:
        with monkeypatch.context() as masked:
            masked.setattr(os, "umask", asked.append)
            control = serve(lambda *_: 0)
    finally:
        os.umask(before)
    assert asked == []
    path = Path(control.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
