"""The parts beside Python that some tests need: where they are, or a skip that names them.

It installs nothing; `tools/ci-packages` and `tools/dolt/build` do.
"""

import os
import shutil
import subprocess
from functools import cache

import pytest

from tests.house.tree import ROOT


@cache
def dolt() -> str:
    """The path of a Dolt 2.2; the test is skipped where none is at hand."""
    named = os.environ.get("WL_DOLT")
    if named and os.access(named, os.X_OK):
        return named
    build = [str(ROOT / "tools" / "dolt" / "build"), "--made"]
    made = subprocess.run(build, capture_output=True, text=True, check=False)
    if made.returncode == 0:
        return made.stdout.strip()
    pytest.skip("no Dolt 2.2; run tools/dolt/build, or set WL_DOLT")


@cache
def chromium() -> str:
    """The path of a Chromium; the test is skipped where none is at hand."""
    named = os.environ.get("WL_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("google-chrome")
    if found:
        return found
    pytest.skip("no Chromium; run tools/ci-packages, or set WL_CHROMIUM")
