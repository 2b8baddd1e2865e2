"""Git over HTTP on loopback, behind a name and a password: the real `git http-backend`."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Repositories(ThreadingHTTPServer):
    """The repositories of a folder, for whoever says the password."""

    def __init__(self, folder: Path, user: str, password: str) -> None:
        super().__init__(("127.0.0.1", 0), Backend)
        self.folder = folder
        self.user = user
        self.wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Backend(BaseHTTPRequestHandler):
    """One request, answered by git's own program."""

    protocol_version = "HTTP/1.0"
    server: Repositories

    def log_message(self, *_args: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        """A read."""
        self.answer()

    def do_POST(self) -> None:
        """A talk."""
        self.answer()

    def answer(self) -> None:
        """What git says to the request, or that a password is wanted."""
        if self.headers.get("Authorization") != self.server.wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = subprocess.run(
            ["git", "http-backend"], env=self.environment(), input=body, capture_output=True,
            check=False,
        )  # fmt: skip
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        lines = [line.partition(b":")[::2] for line in head.split(b"\r\n")]
        status = next((value for name, value in lines if name == b"Status"), b"200")
        self.send_response(int(status.split()[0]))
        for name, value in lines:
            if name != b"Status":
                self.send_header(name.decode(), value.strip().decode())
        self.end_headers()
        self.wfile.write(rest)

    def environment(self) -> dict[str, str]:
        """The request as git's program reads it."""
        path, _, query = self.path.partition("?")
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": self.server.user,
            "REMOTE_ADDR": "127.0.0.1",
        }


@contextmanager
def git_over_http(folder: Path, *, user: str, password: str) -> Iterator[str]:
    """`host:port` of a server of the repositories in the folder, until the block ends."""
    server = Repositories(folder, user, password)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
