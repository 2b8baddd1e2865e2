"""A terminal that knows whether an answer stands on its standard output already.

A program that asked for `--json` reads one document. A fault that comes after it was printed, as
when a full disk stops the ledger from being closed, is told on standard error and by the exit code.
"""

from cli.context import Call, Terminal


class Answering:
    """The terminal of a call, which notes on the call that it was answered."""

    def __init__(self, call: Call, terminal: Terminal) -> None:
        self.call = call
        self.flush = terminal.flush
        self.err = terminal.err
        self.read_all = terminal.read_all
        self.read_soon = terminal.read_soon
        self.read_line = terminal.read_line
        self.terminal = terminal

    def out(self, text: str) -> None:
        """The text is on standard output."""
        self.call.answered = True
        self.terminal.out(text)

    def out_bytes(self, payload: bytes) -> None:
        """The bytes are on standard output, as they are."""
        self.call.answered = True
        self.terminal.out_bytes(payload)
