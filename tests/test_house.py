"""The rules of the house that no ready tool counts: sizes, docstrings, the pure core, the words."""

import ast
import re
import tomllib

from tests.house import tree

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 40

# Tables that a tool wrote: nobody reads them line by line.
GENERATED = ("stamps/unicode14_ranges.py",)

# Modules of the lower packages that act: they touch a clock, a disk, a socket or a database.
# Everything else in `stamps`, `ledger` and `federation` belongs to the pure core.
EDGES = (
    "stamps.checker",
    "stamps.keystore",
    "ledger.dolt",
    "federation.driver",
    "federation.transport",
)

# What a file of the project may not name. Written in pieces, so that this file passes too.
FOLDERS_OUTSIDE = "|".join(f"/{name}/" for name in ("root", "home", "work", "Users", "opt", "srv"))
REGISTRIES = "|".join(
    re.escape(".".join(parts))
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("crates", "io"),
    )
)
ORGANISATION = "|".join(
    (
        "the " + "desk",
        r"\bshared" + "/",
        r"\bDESIGN(\.md)?" + " §",
        r"\bSTYLE" + r"\.md",
        r"\bissue " + r"#?\d",
        # A page of `docs` may be called so; readers have that one.
        r"(?<!docs/)\b(experience|users|storage|federation|feasibility|town|baseline)\.md\b",
    )
)
OUTSIDE_PATH = re.compile(rf"(?<![\w.~$}}%-])(?:{FOLDERS_OUTSIDE})")
FORBIDDEN_WORDS = re.compile(rf"{REGISTRIES}|{ORGANISATION}")

# Text that others wrote, kept byte for byte.
QUOTED = ("tests/data/", "tests/oracle/")


def pyproject() -> dict:
    return tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_file_is_longer_than_four_hundred_lines():
    """A file is one idea; a longer one has two, and is split by its nouns."""
    long = [
        f"{tree.name_of(path)}: {count} lines"
        for path in tree.python_files()
        if tree.name_of(path) not in GENERATED
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    ]
    assert not long


def test_no_function_is_longer_than_forty_lines():
    """A function fits on a screen, its docstring included."""
    long = [
        f"{tree.name_of(path)}:{node.lineno} {node.name}: {count} lines"
        for path in tree.python_files()
        for node in tree.functions(path)
        if (count := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long


def test_every_module_of_a_package_says_what_it_is():
    """A reader opens no module without a sentence that tells what it is for."""
    silent = [
        tree.name_of(path)
        for path in tree.package_files()
        if not ast.get_docstring(tree.parsed(path))
    ]
    assert not silent


def test_every_test_promises_something():
    """A test's docstring is the promise that it keeps, so each has one."""
    silent = [
        f"{tree.name_of(path)}:{node.lineno} {node.name}"
        for path in tree.python_files()
        if path.name.startswith("test_")
        for node in tree.functions(path)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not silent


def test_no_test_asserts_how_soon_something_was():
    """A crowded machine would break it; `bench/` measures, beside what else the machine does."""
    soon = [
        f"{tree.name_of(path)}:{node.lineno}"
        for path in tree.python_files()
        if path.name.startswith("test_")
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.Compare)
        and isinstance(node.ops[0], ast.Lt | ast.LtE)
        and isinstance(node.left, ast.BinOp)
        and ast.unparse(node.left.left) in ("time.monotonic()", "time.perf_counter()")
    ]
    assert not soon


def test_a_process_is_asked_for_in_one_way():
    """A number is kept by who is dead and not buried: only `tests.living` knows the difference."""
    asked = [
        f"{tree.name_of(path)}:{node.lineno}"
        for path in tree.python_files()
        if path.parts[-2:] != ("tests", "living.py") and "tests" in path.parts
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.Call)
        and (
            ast.unparse(node.func) == "psutil.pid_exists"
            or (ast.unparse(node.func) == "os.kill" and ast.unparse(node.args[1]) == "0")
        )
    ]
    assert not asked


def test_every_folder_of_a_package_is_a_package():
    """A folder without `__init__.py` would be left out of some wheels without a word."""
    missing = {
        tree.name_of(path.parent)
        for path in tree.package_files()
        if not (path.parent / "__init__.py").exists()
    }
    assert not missing


def test_every_pure_module_is_held_to_it():
    """The contract in pyproject.toml lists each module of the lower packages but the edges."""
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    listed = next(c["source_modules"] for c in contracts if c["name"] == "The core does no I/O")
    names = [tree.module_name(path) for path in tree.package_files() if path.name != "__init__.py"]
    unlisted = [
        name
        for name in names
        if name.split(".")[0] in ("stamps", "ledger", "federation")
        and not within(name, EDGES)
        and not within(name, listed)
    ]
    assert not unlisted, "list it under `The core does no I/O`, or name it an edge"
    assert not [name for name in listed if within(name, EDGES)]


def within(name: str, places) -> bool:
    """Whether a dotted name is one of these modules or lies in one."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


def test_no_file_names_a_place_outside_the_tree():
    """A clone works on any machine: no file holds a path of the machine it was written on."""
    assert not lines_with(OUTSIDE_PATH)


def test_no_file_names_a_registry_or_how_the_work_was_organised():
    """Packages come from wherever the reader's tools are set to; and the text is for readers."""
    assert not lines_with(FORBIDDEN_WORDS)


def texts_of_ours():
    """Each text that was written here, with its file."""
    for path, text in tree.text_files():
        if tree.name_of(path).startswith(QUOTED) or path.name == "go.sum":
            continue
        yield path, text


def lines_with(pattern: re.Pattern[str]):
    """Each line of ours in which the pattern is found; most files are passed over whole."""
    return [
        f"{tree.name_of(path)}:{number}: {line.strip()[:120]}"
        for path, text in texts_of_ours()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_the_python_of_the_tools_is_the_python_of_the_project():
    """Formatter, type checker and wheel agree on the oldest Python."""
    project = pyproject()
    floor = project["project"]["requires-python"].removeprefix(">=")
    assert project["tool"]["mypy"]["python_version"] == floor
    assert project["tool"]["ruff"]["target-version"] == "py" + floor.replace(".", "")
