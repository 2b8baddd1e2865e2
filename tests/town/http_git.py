"""Git over HTTP on loopback, behind a name and a password: the real `git http-backend`."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def handler(folder: Path, user: str, password: str) -> type[BaseHTTPRequestHandler]:
    """What answers requests for the repositories of a folder."""
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Backend(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def log_message(self, *_args: object) -> None:
            """Nothing is printed."""

        def do_GET(self) -> None:
            """A read."""
            self.answer()

        def do_POST(self) -> None:
            """A talk."""
            self.answer()

        def answer(self) -> None:
            """What git's own program says to the request, or that a password is wanted."""
            if self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            env = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_USER": user,
                "REMOTE_ADDR": "127.0.0.1",
            }
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            done = subprocess.run(
                ["git", "http-backend"], env=env, input=body, capture_output=True, check=False
            )
            head, _, rest = done.stdout.partition(b"\r\n\r\n")
            lines = [line.partition(b":")[::2] for line in head.split(b"\r\n")]
            status = next((value for name, value in lines if name == b"Status"), b"200")
            self.send_response(int(status.split()[0]))
            for name, value in lines:
                if name != b"Status":
                    self.send_header(name.decode(), value.strip().decode())
            self.end_headers()
            self.wfile.write(rest)

    return Backend


@contextmanager
def git_over_http(folder: Path, *, user: str, password: str) -> Iterator[str]:
    """`host:port` of a server of the repositories in the folder, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(folder, user, password))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
