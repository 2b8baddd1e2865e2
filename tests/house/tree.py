"""The files of the project, as the tests of its house rules read them.

It lists what is tracked or about to be; it judges nothing.
"""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("cli", "town", "federation", "ledger", "stamps")
SKIPPED_FOLDERS = {".git", ".venv", "dist", "build"}


@cache
def files() -> tuple[Path, ...]:
    """Every file that belongs to the project; without git, all that lies here."""
    asked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    if asked.returncode == 0:
        found = (ROOT / name for name in asked.stdout.split("\0") if name)
    else:
        found = (path for path in ROOT.rglob("*") if not inside_skipped(path))
    return tuple(sorted(path for path in found if path.is_file()))


def inside_skipped(path: Path) -> bool:
    """Whether this lies in a folder that tools make."""
    parts = path.relative_to(ROOT).parts
    return any(part in SKIPPED_FOLDERS or part.endswith("_cache") for part in parts)


def name_of(path: Path) -> str:
    """The path inside the project, for messages."""
    return path.relative_to(ROOT).as_posix()


@cache
def python_files() -> tuple[Path, ...]:
    """Every Python file that is ours: not data, not the oracle, which stays as it was written."""
    theirs = ("tests/data/", "tests/oracle/")
    return tuple(
        path for path in files() if path.suffix == ".py" and not name_of(path).startswith(theirs)
    )


def package_files() -> tuple[Path, ...]:
    """Every Python file of the five packages."""
    return tuple(path for path in python_files() if name_of(path).split("/")[0] in PACKAGES)


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def functions(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    """Each function and method of a file."""
    return tuple(
        node
        for node in statements(parsed(path).body)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Each statement of a body, and those within; no expression, for none holds a function."""
    for node in body:
        yield node
        for inner in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from statements(getattr(node, inner, []))


def module_name(path: Path) -> str:
    """The dotted name under which a file of a package is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def text_files() -> Iterator[tuple[Path, str]]:
    """Each file that is text, with its text; what somebody took away meanwhile is none any more."""
    for path in files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
