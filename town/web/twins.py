"""The JSON twin of a page: the envelope that every `--json` prints, with the same keys.

Keys are only ever added; strangers' text stands under `untrusted`.
"""

from collections.abc import Mapping
from typing import Any

from town.market.answer import Answer
from town.market.words import instant


def twin(answer: Answer, *, now: int) -> dict[str, Any]:
    """The answer of a page as programs read it."""
    return {
        "schema": answer.schema,
        "data": answer.data,
        "next": [step.facts() for step in answer.next],
        "error": None,
        "warn": list(answer.warn),
        "stop": [stop.facts() for stop in answer.stop],
        "as_of": {"at": instant(now), "heard_s": answer.heard_s, "unsent": answer.unsent},
    }


def twin_of_error(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope of what did not go well."""
    return {
        "schema": "wl.v1.error",
        "data": None,
        "next": [],
        "error": dict(facts),
        "warn": [],
        "stop": [],
        "as_of": None,
    }
