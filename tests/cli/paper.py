"""A terminal made of paper: what a command printed can be read afterwards."""


class Paper:
    """Keeps both streams; standard input is given."""

    def __init__(self, stdin: bytes = b"") -> None:
        self.written = bytearray()
        self.talked = bytearray()
        self.stdin = stdin
        self.code = -1  # the exit code, once the line has run
        self.then: tuple[str, ...] = ()  # the program that would have the terminal next

    @property
    def text(self) -> str:
        return self.written.decode()

    @property
    def talk(self) -> str:
        return self.talked.decode()

    def out(self, text: str) -> None:
        self.written += text.encode("utf-8", "backslashreplace")

    def out_bytes(self, payload: bytes) -> None:
        self.written += payload

    def err(self, text: str) -> None:
        self.talked += text.encode("utf-8", "backslashreplace")

    def flush(self) -> None:
        pass

    def read_all(self) -> bytes:
        found, self.stdin = self.stdin, b""
        return found

    def read_soon(self) -> bytes:
        return self.read_all()

    def read_line(self) -> str:
        line, _, self.stdin = self.stdin.partition(b"\n")
        return line.decode()
