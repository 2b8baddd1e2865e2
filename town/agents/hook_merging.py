"""A runtime's hook file with our entries in it, or without them; what a person wrote stays.

Pure: text in, text out. An entry is ours when all that it calls is ours.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from town.agents.hook_scripts import MARK, SCRIPTS
from town.agents.hook_sections import BESIDE, OURS, Section, sections
from town.agents.jsonc import Node, NotJsonError, added, parsed, without
from town.agents.presets import HookFile

HOOKS: Final = "hooks"
CALLS: Final = ("command", "bash")


def merged(hooks: HookFile, role: str, there: str | None) -> str:
    """The file's text with our entries. Raises NotJsonError where it cannot be read."""
    if hooks.form == "script":
        script = SCRIPTS[hooks.provider]
        return script if there is None or MARK in there else there
    text = there if there is not None and there.strip() else "{}\n"
    for key, value in BESIDE.get(hooks.form, {}).items():
        root = _object(parsed(text))
        text = text if root.at(key) is not None else added(text, root, value, key=key)
    wanted = sections(hooks, role)
    text = _tidied(text, {name for name, _ in wanted})
    for section in wanted:
        text = _with(text, section)
    return text


def removed(hooks: HookFile, there: str) -> str | None:
    """The file's text without anything of ours; None where nothing would be left of it."""
    if hooks.form == "script":
        return None if MARK in there else there
    text = _tidied(there, set())
    left = _object(parsed(text)).value
    return None if not left or left == dict(BESIDE.get(hooks.form, {})) else text


def ours(hooks: HookFile, role: str, there: str | None) -> bool:
    """Whether the file calls all that it should. Raises NotJsonError."""
    if there is None:
        return False
    if hooks.form == "script":
        return there == SCRIPTS[hooks.provider]
    return merged(hooks, role, there) == there


def _object(node: Node | None) -> Node:
    if node is None or not isinstance(node.value, dict):
        raise NotJsonError("it is no object")
    return node


def _with(text: str, section: Section) -> str:
    """The text in which the event has our entries, and no older ones of ours."""
    event, entries = section
    text = _pruned(text, event, entries)
    for entry in entries:
        node = parsed(text)
        there = _object(node).at(HOOKS)
        if there is None:
            text = added(text, node, {event: [entry]}, key=HOOKS)
            continue
        listed = _object(there).at(event)
        if listed is None:
            text = added(text, there, [entry], key=event)
        elif not isinstance(listed.value, list):
            raise NotJsonError(f"{HOOKS}.{event} is no list")
        elif not set(_calls(entry)) <= {call for one in listed.value for call in _calls(one)}:
            text = added(text, listed, entry)
    return text


def _pruned(text: str, event: str, wanted: Sequence[Any]) -> str:
    """The text in which an event has none of our entries but the wanted ones."""
    while True:
        hooks = _object(parsed(text)).at(HOOKS)
        listed = hooks.at(event) if hooks is not None and isinstance(hooks.value, dict) else None
        if listed is None or not isinstance(listed.value, list):
            return text
        stale = [
            number for number, one in enumerate(listed.value) if _is_ours(one) and one not in wanted
        ]
        if not stale:
            return text
        text = without(text, listed, stale[0])


def _tidied(text: str, kept: set[str]) -> str:
    """The text without our entries under events that are not to have any, nor empty rests of it."""
    events = _object(parsed(text)).at(HOOKS)
    if events is None or not isinstance(events.value, dict):
        return text
    for event in [name for name in events.value if name not in kept]:
        if not any(_is_ours(one) for one in _listed(events.value[event])):
            continue
        text = _pruned(text, event, ())
        node = _object(_object(parsed(text)).at(HOOKS))
        if node.value.get(event) == []:
            text = without(text, node, [name for name, _ in node.keys].index(event))
    root = _object(parsed(text))
    if root.value.get(HOOKS) == {} and events.value:
        text = without(text, root, [name for name, _ in root.keys].index(HOOKS))
    return text


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _calls(entry: Any) -> Iterator[str]:
    """Every command that an entry calls."""
    if isinstance(entry, dict):
        yield from (str(entry[name]) for name in CALLS if isinstance(entry.get(name), str))
        for value in entry.values():
            yield from _calls(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _calls(value)


def _is_ours(entry: Any) -> bool:
    calls = list(_calls(entry))
    return bool(calls) and all(call in OURS for call in calls)
