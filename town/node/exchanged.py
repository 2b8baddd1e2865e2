"""Two exchanges with a peer in a row, told as one. It talks to nobody."""

from federation.session import Report


def both(one: Report, other: Report) -> Report:
    """Two exchanges in a row, told as one."""
    return Report(
        equal=other.equal,
        root=other.root,
        sent=one.sent + other.sent,
        received=one.received + other.received,
        refused={**one.refused, **other.refused},
        they_refused={**one.they_refused, **other.they_refused},
        they_lack=other.they_lack,
        we_lack=other.we_lack,
        asks=one.asks + other.asks,
        layer2=one.layer2 or other.layer2,
    )
