"""The console scripts `wl`, `gt` and `bd`: hand a command to the running node, else run it here.

Starting Python is most of what a command costs, so this file imports nothing but a few modules
of the standard library; the node has the command tree in memory. It parses nothing
but `--home` and the first word, and never decides what a command means.
"""

import gc
import os
import socket
import sys
from collections.abc import Sequence

from town.node import frames
from town.node.place import current_folder, home_of, socket_is_ours, socket_path

# What starts, ends or describes a node cannot be asked of one.
HERE = {
    "wl": frozenset(("up", "down", "demo", "help", "version", "completion")),
    "gt": frozenset(("install", "up", "down", "start", "shutdown", "demo", "help", "version")),
    "bd": frozenset(("init", "help", "version")),
}
# Done twice these are done once: one over which the node died unheard is done again.
AGAIN = {
    "wl": frozenset(("browse", "show", "status", "me", "profile", "leaderboard", "log", "verify")),
    "gt": frozenset(("prime", "done", "status", "log", "agents")),
    "bd": frozenset(
        ("show", "list", "ready", "blocked", "search", "count", "stats", "graph", "history")
    ),
}
# Programs that the node runs for a caller see the caller's environment and never the node's: git
# asks its agent for keys, its proxy for the way, its folder for settings. No more is handed over.
PASSED_ON = frozenset(
    (
        *("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "HOME", "PATH", "USER", "LOGNAME"),
        *("SHELL", "TZ", "TMPDIR", "TMUX", "EDITOR", "VISUAL", "DISPLAY", "WAYLAND_DISPLAY"),
        *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "SSH_CLIENT"),
        *("GNUPGHOME", "GPG_AGENT_INFO", "GPG_TTY", "KRB5CCNAME", "DBUS_SESSION_BUS_ADDRESS"),
        *("CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "CLAUDE_SESSION_ID"),
    )
)
PROXIES = frozenset(("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy"))
FAMILIES = ("WL_", "GT_", "BD_", "BEADS_", "GIT_", "XDG_", "LC_", "LANG")
# An agent's program that the town starts for the caller needs the caller's account with its model.
KEYS = ("_API_KEY", "_AUTH_TOKEN", "_BASE_URL", "CLAUDE_CONFIG_DIR", "COPILOT_HOME", "CODEX_HOME")
# How a JSON document ends: an envelope with its line, one of `bd`, which has many, with the answer.
DOCUMENT_ENDS = {"wl": b"\n", "gt": b"\n", "bd": b"\0"}
INTERRUPTED = 130
NODE_DOWN = 6
USAGE = 2
OBJECTS_UNSEEN = 100_000  # before a single command looks for circles of objects
READER_GONE = 141  # whoever read our output has gone, as after `| head`
HUNG_UP = "the node hung up during the command"
CONNECT_S = 2.0
CANCEL_S = 3.0


def first_at(argv: Sequence[str]) -> int:
    """Where the command's name stands: the first word that is no option nor `--home`'s value."""
    after_home = False
    for at, word in enumerate(argv):
        if after_home:
            after_home = False
        elif word == "--home":
            after_home = True
        elif not word.startswith("-"):
            return at
    return len(argv)


def first_word(argv: Sequence[str]) -> str:
    """The command's name; empty where there is none."""
    at = first_at(argv)
    return argv[at] if at < len(argv) else ""


MARKET = "wl"  # behind `gt` it stands for that whole program


def within_market(argv: Sequence[str]) -> tuple[str, ...]:
    """The words of `gt wl …` as a line of `wl`: without the first that is `wl`."""
    at = first_at(argv)
    return (*argv[:at], *argv[at + 1 :])


def _meant(argv: Sequence[str], program: str) -> tuple[str, str]:
    """The command that a line comes to, and the program that has it."""
    first = first_word(argv)
    if program == "gt" and first == MARKET:
        return first_word(within_market(argv)), MARKET
    return first, program


def connect(home: str) -> socket.socket | None:
    """A connection to the node of this home, or None when none answers."""
    path = socket_path(home)
    if not socket_is_ours(path):
        return None
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(CONNECT_S)
    try:
        line.connect(path)
    except OSError:
        line.close()
        return None
    line.settimeout(None)
    return line


def request(argv: Sequence[str], program: str = "wl") -> bytes:
    """What the node needs to know of this terminal and this command, as JSON."""
    import json  # noqa: PLC0415  # not needed when no node runs

    env = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON
        or name.lower() in PROXIES
        or name.startswith(FAMILIES)
        or (program == "gt" and name.endswith(KEYS))
    }
    streams = (sys.stdin, sys.stdout, sys.stderr)
    terminal = [stream is not None and stream.isatty() for stream in streams]
    facts: dict[str, object] = {
        "program": program,
        "argv": list(argv),
        "cwd": current_folder(os.environ),
        "env": env,
        "tty": terminal,
    }
    try:
        facts["columns"] = os.get_terminal_size(2).columns
    except OSError:
        facts["columns"] = 0
    return json.dumps(facts).encode("utf-8", "surrogateescape")


class Hand:
    """One command in the hands of the node, until its exit code is here."""

    def __init__(self, line: socket.socket, *, whole: bytes = b"") -> None:
        self.line = line
        self.whole = whole  # the byte that ends what may be printed; empty where all may
        self.held: list[bytes] = []  # the beginning of what is not whole yet
        self.reader = line.makefile("rb")
        self.begun = False  # the node said that it began; before that it did nothing
        self.answered = False  # something stands on standard output
        self.untouched = True  # nothing was printed or read here
        self.then = b""  # the program that is to have the terminal afterwards

    def run(self, payload: bytes) -> int:
        """The command's exit code; what it printed was printed here."""
        self.line.sendall(frames.pack(frames.REQUEST, payload))
        try:
            return self._until_exit()
        except KeyboardInterrupt:
            return self._cancel()

    def _until_exit(self) -> int:
        while True:
            kind, payload = frames.read_frame(self.reader.read)
            self.begun = True
            if kind == frames.EXIT:
                self._print()
                return int(payload)
            self.untouched &= kind == frames.BEGUN or payload == frames.SOON
            if kind == frames.OUT:
                self._out(payload)
            elif kind == frames.ERR:
                _write(2, payload)
            elif kind == frames.ASK:
                self._feed(payload)
            elif kind == frames.THEN:
                self.then = payload

    def _out(self, payload: bytes) -> None:
        """A program never reads half a document: that of a node which died over it is no answer."""
        end = payload.rfind(self.whole) + 1 if self.whole else len(payload)
        self.held.append(payload[:end])
        if end:
            self._print()
        self.held.append(payload[end:])

    def _print(self) -> None:
        ready, self.held = b"".join(self.held), []
        self.answered |= bool(ready)
        _write(1, ready)

    def _feed(self, what: bytes) -> None:
        source = sys.stdin.buffer if sys.stdin is not None else None
        if source is not None and what == b"line":
            self._send(source.readline())
        elif source is not None and what == frames.SOON:
            from cli.soon import read_soon  # noqa: PLC0415  # few commands ask so

            self._send(read_soon(source.fileno(), frames.INPUT_BYTES_MAX))
        elif source is not None:
            left = frames.INPUT_BYTES_MAX
            while left > 0 and (piece := source.read(min(left, 1 << 16))):
                left -= len(piece)
                self._send(piece)
        self.line.sendall(frames.pack(frames.INPUT_END))

    def _send(self, piece: bytes) -> None:
        for frame in frames.pieces(frames.INPUT, piece):
            self.line.sendall(frame)

    def _cancel(self) -> int:
        self.line.sendall(frames.pack(frames.CANCEL))
        self.line.settimeout(CANCEL_S)
        try:
            self._until_exit()
        except (KeyboardInterrupt, OSError):
            return INTERRUPTED  # it ends by itself; nothing acknowledged is lost
        return INTERRUPTED


def _write(descriptor: int, payload: bytes) -> None:
    try:
        while payload:
            payload = payload[os.write(descriptor, payload) :]
    except BrokenPipeError:
        raise SystemExit(READER_GONE) from None


def run(argv: Sequence[str], program: str = "wl") -> int:
    """The exit code of the command, run by the node of its home or, without one, here."""
    first, whose = _meant(argv, program)
    if first not in HERE[whose] and os.environ.get("WL_NO_NODE", "") != "1":
        here = current_folder(os.environ)
        home = home_of(program, argv, cwd=here, env=os.environ)
        code = hand_over(home, argv, program)
        if code is not None:
            return code
    gc.set_threshold(OBJECTS_UNSEEN)  # a fifth of what loading the tree costs
    from cli.app import run_here  # noqa: PLC0415  # typer and the rest only when needed

    return run_here(argv, program)


def hand_over(home: str, argv: Sequence[str], program: str) -> int | None:
    """The exit code that the home's node said; None where the command is still to do."""
    line = connect(home) if home else None
    if line is None:
        return None
    with line:
        code, then = _through_node(line, argv, program)
    if code == 0 and then:
        import json  # noqa: PLC0415

        from cli.becoming import become  # noqa: PLC0415  # few commands hand the terminal on

        become(json.loads(then))
    return code


def _through_node(
    line: socket.socket, argv: Sequence[str], program: str
) -> tuple[int | None, bytes]:
    """The exit code, and what is to have the terminal then.

    The code is None when the node died before it began, and the command is still to do; or is one
    that may be done again.
    """
    hand = Hand(line, whole=DOCUMENT_ENDS[program] if "--json" in argv else b"")
    try:
        return hand.run(request(argv, program)), hand.then
    except OSError as error:
        first, whose = _meant(argv, program)
        again = hand.untouched and first in AGAIN[whose]
        if not hand.begun or again:
            return None, b""
        if "--json" not in argv:
            text = (
                f"error   node.down\nwhy     {HUNG_UP} ({error}); what it\n"
                "        had said was kept is kept\ntry     wl up   ·   then repeat the command\n"
            )
            _write(2, text.encode())
        elif not hand.answered:
            _write(1, _hung_up(error).encode())
        return NODE_DOWN, b""


def _hung_up(error: OSError) -> str:
    """The envelope of that error; a program reads one answer, whatever happens to the node."""
    from cli.output import SCHEMA_ERROR, envelope  # noqa: PLC0415  # rare, and no matter then

    facts = {
        "code": "node.down",
        "message": f"{HUNG_UP} ({error})",
        "why": "What it had said was kept is kept; whether this command was done is not known.",
        "try": [["wl", "up"]],
        "retryable": True,
        "retry_after_s": None,
    }
    return envelope(SCHEMA_ERROR, error=facts)


def main(program: str = "wl") -> None:
    """Ends the process with the command's exit code."""
    argv: Sequence[str] | None = sys.argv[1:]
    if program == "bd" and argv and argv[0].startswith("-"):
        from cli.bd.before import placed  # noqa: PLC0415  # few lines begin so

        argv = placed(argv)
    try:
        code = USAGE if argv is None else run(argv, program)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        code = READER_GONE
    sys.exit(code)


def gt() -> None:
    """The console script `gt`: the town's work."""
    main("gt")


def bd() -> None:
    """The console script `bd`: beads."""
    main("bd")


if __name__ == "__main__":
    main()
