"""What `bd edit` becomes: the editor over a file, then the line that takes the file back.

A text that could not be taken back stays in its file, and the person is told where.
"""

import contextlib
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def edit(file: Path, mark: str, line: Sequence[str], editor: Sequence[str]) -> int:
    """The exit code; the file is gone where its text is kept, or is as it was."""
    before = file.read_bytes()
    why = _opened(editor, file)
    if why:
        return _left(file, why)
    if file.read_bytes() == before:
        file.unlink()
        sys.stderr.write("note    nothing was changed\n")
        return 0
    from cli.launcher import run  # noqa: PLC0415  # nothing of it while somebody thinks

    code = run([*line, "--from", str(file), "--mark", mark], "bd")
    if code:
        return _left(file, "", code=code)
    with contextlib.suppress(OSError):
        file.unlink()
    return 0


def _opened(editor: Sequence[str], file: Path) -> str:
    """What went wrong with the editor; empty where it ended well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a key of the editor's
    try:
        done = subprocess.run([*editor, str(file)], check=False)  # noqa: S603  # argv only
    except OSError as error:
        return f"{editor[0]} could not be started: {error}"
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if done.returncode:
        return f"{editor[0]} ended with {done.returncode}; nothing was changed"
    return "" if file.is_file() else f"{editor[0]} left no file; nothing was changed"


def _left(file: Path, why: str, *, code: int = 1) -> int:
    """The person knows why, and where their words are."""
    if why:
        sys.stderr.write(f"error   bead.edit\nwhy     {why}\n")
    if file.exists():
        sys.stderr.write(f"note    your text is in {file}\n")
    return code


def main() -> None:
    """Ends the process with the exit code."""
    file, mark, line, *editor = sys.argv[1:]
    sys.exit(edit(Path(file), mark, shlex.split(line), editor))


if __name__ == "__main__":
    main()
