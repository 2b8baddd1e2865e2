"""How letters are shown: a line each, a whole one, and as facts for programs."""

from typing import Any

from cli.escape import one_line
from town.mail.desk import Boxed
from town.market.words import ago, instant

MARKS = {0: "!! ", 1: "!  "}


def boxed_facts(found: Boxed, *, whole: bool = False) -> dict[str, Any]:
    """The letter as programs read it; what its sender wrote stands under `untrusted`.

    The subject also where scripts of the predecessor look for it.
    """
    message, box = found.message, found.box
    written: dict[str, Any] = {"subject": message.subject}
    return {
        "id": message.id,
        "from": message.sender,
        "subject": message.subject,
        "to": list(message.to),
        "cc": list(message.cc),
        "recipients": list(message.recipients),
        "priority": message.priority,
        "type": message.type,
        "thread_id": message.thread,
        "reply_to": message.reply_to,
        "sent_at": instant(message.sent_at),
        "state": box.state if box is not None else None,
        "unread": found.unread,
        "pinned": message.pinned,
        "untrusted": {**written, "body": message.body} if whole else written,
    }


def boxed_line(found: Boxed, *, now: int) -> str:
    """The letter in one line."""
    message = found.message
    mark = "●" if found.unread else "○"
    urgent = MARKS.get(message.priority, "")
    when = ago(message.sent_at, now)
    return f"{mark} {urgent}{message.id}  {message.sender}: {one_line(message.subject)}  ({when})"


def whole_letter(found: Boxed, *, now: int) -> list[str]:
    """The letter as a person reads it."""
    message = found.message
    lines = [
        f"from    {message.sender}",
        f"to      {', '.join(message.recipients)}",
        f"about   {one_line(message.subject)}",
        f"sent    {ago(message.sent_at, now)}, {message.id} in thread {message.thread}",
    ]
    return [*lines, "", *message.body.split("\n")]
