"""The turns of a thread that rests until it is woken."""

import threading
from collections.abc import Iterator


def turns(ended: threading.Event, woken: threading.Event) -> Iterator[None]:
    """A turn each time its thread has rested on `woken`, until it is ended.

    Whoever ends it sets `ended` and then `woken`: so the end is looked for after the clearing, lest
    the thread rests for a word that it has just cleared.
    """
    while True:
        woken.clear()
        if ended.is_set():
            return
        yield
