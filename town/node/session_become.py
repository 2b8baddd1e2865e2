"""Becomes the program of a session: `python -S -E session_become.py FILE`.

The file says argv, folder and environment, and is gone before the program begins. Standard library
only; nothing of the environment that this process was given reaches the program.
"""

import json
import os
import sys
from pathlib import Path

NOT_RUN = 127


def main(path: str) -> None:
    """The process is the program, or has said why not and ended with 127."""
    told = json.loads(Path(path).read_text("utf-8"))
    Path(path).unlink()
    try:
        os.chdir(told["cwd"])
        os.execvpe(told["argv"][0], told["argv"], told["env"])  # noqa: S606
    except OSError as error:
        sys.stderr.write(f"{told['argv'][0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(NOT_RUN)


if __name__ == "__main__":
    main(sys.argv[1])
