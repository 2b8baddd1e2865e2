"""Lets no test be left out in silence: each reason is printed, and can be made a failure.

With WL_REQUIRE_ALL=1 a skip whose reason `not-here.toml` does not list fails. It decides nothing
about which tests run.
"""

import os
import tomllib
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

LISTED_FILE = Path(__file__).with_name("not-here.toml")
LISTED = tuple(entry["text"] for entry in tomllib.loads(LISTED_FILE.read_text())["reason"])
REQUIRE_ALL = os.environ.get("WL_REQUIRE_ALL") == "1"
REASONS: Counter[str] = Counter()
MODULES: Counter[str] = Counter()  # the reasons of whole modules, which each worker meets
SENT = "reasons of modules left out"

Report = pytest.TestReport | pytest.CollectReport


def skip_reason(report: Report) -> str | None:
    """Why this report says skipped; None when it says anything else."""
    if report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return None
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)


def judged(report: Report) -> None:
    """Where all are required, a skip whose reason is not listed has failed."""
    reason = skip_reason(report)
    if reason is not None and REQUIRE_ALL and not reason.startswith(LISTED):
        report.outcome = "failed"
        report.longrepr = f"left out, and tests/not-here.toml does not list why: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge the report of a test."""
    report = yield
    judged(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge the report of a module, which may skip as a whole."""
    report = yield
    judged(report)
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the reason, also of a test that another process ran."""
    counted(report, REASONS)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Count the reason of a module that skipped itself."""
    counted(report, MODULES)


def counted(report: Report, reasons: Counter[str]) -> None:
    """A reason to leave something out is remembered for the end of the run."""
    reason = skip_reason(report)
    if reason is not None:
        reasons[reason] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker, which prints nothing, hands over why modules skipped themselves."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[SENT] = dict(MODULES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Workers read the same modules, so what several of them say is counted once."""
    for reason, count in getattr(node, "workeroutput", {}).get(SENT, {}).items():
        MODULES[reason] = max(MODULES[reason], count)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each reason once, with how many it left out."""
    for reason, count in sorted((REASONS + MODULES).items()):
        terminalreporter.write_line(f"not here ({count}): {reason}")
