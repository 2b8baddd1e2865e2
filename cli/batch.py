"""Posts from a file: TOML with `[[post]]` tables or JSON with a list, keys named as the options."""

import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from cli.answers import bytes_of, many_of, seconds_of
from cli.context import Call, UsageError, whole_number

RACE_MAX = 3
LISTS = ("done_when", "needs")
POLICY = ("assign", "lease")


def policy_of(*, assign: str, lease: str) -> dict[str, Any]:
    """The rules of one post from `first`, `choose` or `race:3`, and `24h`."""
    policy: dict[str, Any] = {}
    if assign:
        word, colon, said = assign.partition(":")
        count = whole_number(said)
        if colon and (word != "race" or not count):
            raise UsageError(f"{assign!r} is no way of giving; first, choose and race:3 are")
        policy["assign"] = word
        if word == "race":
            policy["max"] = count or RACE_MAX
    if lease:
        policy["lease_s"] = seconds_of(lease)
    return policy


def posts_in(call: Call, name: str) -> list[dict[str, Any]]:
    """The fields of each post of the file, or of standard input for `-`.

    Raises FileProblemError, and UsageError for what is no list of posts.
    """
    where = "standard input" if name == "-" else name
    try:
        value = _read(bytes_of(call, name).decode("utf-8"))
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error
    if isinstance(value, Mapping):
        value = value.get("post", [value])
    if not isinstance(value, list) or not all(isinstance(post, Mapping) for post in value):
        raise UsageError(f"{where}: a list of posts is needed, in TOML as [[post]]")
    if not value:
        raise UsageError(f"{where}: no post in it")
    return [_fields(post) for post in value]


def _read(text: str) -> Any:
    """TOML where it is TOML, else JSON: `[[post]]` begins like a list and is none."""
    readers: tuple[Callable[[str], Any], ...] = (tomllib.loads, json.loads)
    first, second = readers if text.lstrip()[:1] != "{" else tuple(reversed(readers))
    try:
        return first(text)
    except ValueError as error:
        try:
            return second(text)
        except ValueError:
            raise error from None


def _fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as the market takes them; a single text stands for a list of one."""
    plain = {str(name).replace("-", "_"): value for name, value in said.items()}
    policy = policy_of(**{name: str(plain.pop(name, "")) for name in POLICY})
    fields: dict[str, Any] = {**plain, **({"policy": policy} if policy else {})}
    if "decides" in fields:
        fields["home"] = fields.pop("decides")
    if "tags" in fields or "tag" in fields:
        tags = fields.pop("tags", None) or fields.pop("tag", ())
        fields["tags"] = many_of([tags] if isinstance(tags, str) else list(tags))
    for name in LISTS:
        if isinstance(fields.get(name), str):
            fields[name] = [fields[name]]
    if "due" in fields and not isinstance(fields["due"], int):
        fields["due"] = str(fields["due"])  # TOML has dates of its own
    return fields
