"""Commands of gates as processes: a shell each, in a session of its own, with nothing to read.

Whatever a command leaves running is ended with it. What it prints goes to a file without a name.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from typing import BinaryIO, Final

from town.node.births import created_at
from town.node.families import end_family, environment_of
from town.node.git import CALM, PLACES
from town.refinery.ports import Command, Ended

LOOK_S: Final = 0.02
LOOK_MAX_S: Final = 0.25
TAIL_BYTES: Final = 16_000
PRINTED_BYTES_MAX: Final = 256 << 20
NOT_BEGUN: Final = 127
SECRETS: Final = ("WL_PASSPHRASE",)
TOO_MUCH: Final = "\n[it printed more than is kept, and was ended]\n"
GRACE_S: Final = 2.0
GONE_S: Final = 30.0  # who was killed is gone as soon as it has its turn


def gate_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What a gate sees of its caller's environment: nothing that says where git is to work.

    And not what opens the town's keys: a gate runs what workers wrote.
    """
    told = {name: value for name, value in env.items() if name not in (*PLACES, *SECRETS)}
    return {"PATH": os.defpath, **told, **CALM}


class ShellCommands:
    """Runs commands with the machine's `/bin/sh`."""

    def run(self, command: Command, stop: threading.Event) -> Ended:
        """The command has ended, by itself, by its time, or because `stop` was set."""
        begun = time.monotonic()
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(  # noqa: S603  # a command of the rig's settings
                    ["/bin/sh", "-c", command.cmd],
                    cwd=command.cwd,
                    env=dict(command.env),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                return Ended(code=NOT_BEGUN, tail=str(error))
            try:
                why = _until_over(process, command.timeout_s, output, stop)
            finally:
                _end_group(process)
            return Ended(
                code=process.returncode,
                timed_out=why == "time",
                too_much=why == "much",
                tail=_tail(output) + (TOO_MUCH if why == "much" else ""),
                took_ms=int((time.monotonic() - begun) * 1_000),
            )

    def end_left(self, name: str, value: str) -> int:
        """How many processes that bear this variable were still there; none is any more."""
        import psutil  # noqa: PLC0415

        ended = 0
        for process in psutil.process_iter():
            if process.pid == os.getpid():
                continue
            with contextlib.suppress(psutil.Error, OSError):
                if environment_of(process).get(name) == value:
                    ended += end_family(process.pid, created_at(process.pid), grace_s=0)
        return ended


def _until_over(
    process: "subprocess.Popen[bytes]", limit_s: float, output: BinaryIO, stop: threading.Event
) -> str:
    """Why there is nothing to wait for any more: `end`, `time`, `much` or `stop`."""
    end, look_s = time.monotonic() + limit_s, LOOK_S
    while True:
        left = end - time.monotonic()
        try:
            process.wait(max(0.0, min(look_s, left)))
        except subprocess.TimeoutExpired:
            look_s = min(look_s * 1.5, LOOK_MAX_S)
        else:
            return "end"
        if left <= 0:
            return "time"
        if stop.is_set():
            return "stop"
        if os.fstat(output.fileno()).st_size > PRINTED_BYTES_MAX:
            return "much"


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Nothing of the command's group runs any more."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
    left = _signal(process, signal.SIGKILL)
    process.wait()
    end = time.monotonic() + GONE_S
    while left and _runs(process.pid) and time.monotonic() < end:
        time.sleep(LOOK_S)


def _signal(process: "subprocess.Popen[bytes]", number: int) -> bool:
    """Whether there was anybody in the command's group to signal."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _runs(group: int) -> bool:
    """Whether anybody of a group runs; who is dead and not yet waited for does not."""
    import psutil  # noqa: PLC0415

    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(one.pid) == group and one.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


def _tail(output: BinaryIO) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - TAIL_BYTES))
    return output.read(TAIL_BYTES).decode("utf-8", "replace")
