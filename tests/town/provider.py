"""A provider of sessions as a person would write one: `provider.py FOLDER OPERATION SESSION …`.

It runs them as plain processes; the tests of the port go through it as through any script.
"""

import json
import sys
from pathlib import Path

from town.node.session_processes import ProcessSessions
from town.sessions.port import SessionError, SessionPlan


def _start(sessions: ProcessSessions, name: str) -> None:
    told = json.load(sys.stdin)
    kept = Path(told["transcript"]) if told["transcript"] else None
    plan = SessionPlan(
        name=name,
        argv=tuple(told["argv"]),
        cwd=Path(told["cwd"]),
        env=told["env"],
        transcript=kept,
        transcript_bytes_max=told["transcript_bytes_max"],
    )
    sessions.start(plan)


def main(folder: str, operation: str, name: str, *more: str) -> int:
    """The exit code of one operation."""
    sessions = ProcessSessions(Path(folder))
    known = {
        "start": lambda: _start(sessions, name),
        "list": lambda: [
            print(one.name, one.pid, one.active_at // 1_000_000) for one in sessions.running()
        ],
        "stop": lambda: sessions.stop(name, grace_s=float(more[0])),
        "interrupt": lambda: sessions.interrupt(name),
        "send": lambda: sessions.send(name, sys.stdin.read()),
        "peek": lambda: print(sessions.peek(name, lines=int(more[0]))),
        "exit-code": lambda: print(sessions.exit_code(name)),
    }
    if operation not in known:
        return 2
    known[operation]()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except SessionError as error:
        sys.exit(str(error))
