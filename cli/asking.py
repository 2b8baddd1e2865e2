"""A question that one command asks the running node, and does not print."""

import json
from collections.abc import Sequence
from typing import Any

from cli.launcher import connect, request
from town.node import frames

ANSWER_S = 60.0  # to a node that has just begun, on a machine that does much else


def asked(home: str, argv: Sequence[str]) -> dict[str, Any]:
    """The envelope of the node's answer; empty where it gave none in time."""
    line = connect(home)
    if line is None:
        return {}
    held = bytearray()
    with line:
        line.settimeout(ANSWER_S)
        try:
            line.sendall(frames.pack(frames.REQUEST, request([*argv, "--json", "--home", home])))
            read = line.makefile("rb").read
            while True:
                kind, payload = frames.read_frame(read)
                if kind == frames.EXIT:
                    break
                held += payload if kind == frames.OUT else b""
            found = json.loads(held)
        except (OSError, ValueError):
            return {}
    return found if isinstance(found, dict) else {}
