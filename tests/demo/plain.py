"""What a transcript promises, without what differs from run to run: ids, ports, times."""

import re

PATTERNS = (
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "<hash>"),
    (re.compile(r"\b([wsc])-[0-9a-f]{4,40}\b"), r"\1-<id>"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "<short>"),
    (re.compile(r"wl1:\S+?…"), "wl1:…"),
    (re.compile(r" · sent \d+, received \d+"), ""),
    (re.compile(r"(both|we|they) call"), "<who> calls"),
    (re.compile(r"--cursor \S+"), "--cursor <word>"),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d UTC"), "<time>"),
    (re.compile(r"\b\d+ (s|min|h) ago"), "<ago>"),
    (re.compile(r"\d+"), "0"),
    (re.compile(r"[ ]+"), " "),
)
RACE = "# Both want the same item"
AFTER = "# A third town"


def plain(text: str) -> list[str]:
    """The lines that every run has in common."""
    before, race, rest = text.partition(RACE)
    middle, after, end = rest.partition(AFTER)
    middle = re.sub("rust-hollow|ash-flats", "<town>", middle)
    whole = before + race + middle + after + end
    for pattern, word in PATTERNS:
        whole = pattern.sub(word, whole)
    return [line.strip() for line in whole.splitlines() if line.strip()]
