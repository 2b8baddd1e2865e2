"""How a town stands: node, identity, board, peers, what is only on this machine.

It reads; every figure has a direction or an age, and what is not known says so.
"""

from typing import Any

from ledger.journal import Journal
from town.market.answer import Answer, Next
from town.market.market import Market
from town.market.peering import report_facts
from town.market.town import wasteland_name
from town.market.words import instant, span
from town.node.lifecycle import NodeFacts

CARRIERS_SHOWN = 3
NOT_SAVED = "NOT SAVED. If this disk dies, this name and its stamps are gone: wl key backup FILE"


def status_of(market: Market, facts: NodeFacts | None, *, home: str, version: str) -> Answer:
    """The answer of `wl status`."""
    data = {
        "version": version,
        "home": home,
        "node": _node(facts),
        "town": _town(market),
        "wastelands": market.run(lambda: _boards(market)),
        "peers": [report_facts(report) for report in market.ports.peers.list()],
    }
    up = Next(do="up", cmd=("wl", "up"))
    join = Next(do="join", cmd=("wl", "join", "<token>"), needs=("token",), reaches="peers")
    init = Next(do="init", cmd=("wl", "init", "--handle", "<name>"), needs=("name",))
    if data["town"] is None:
        next_: tuple[Next, ...] = (init,)
    else:
        next_ = (*(() if facts else (up,)), *(() if data["wastelands"] else (join,)))
    return market.answer("wl.v1.status", data, _words(market, data), next_=next_)


def _node(facts: NodeFacts | None) -> dict[str, Any] | None:
    if facts is None:
        return None
    return {
        "pid": facts.pid,
        "url": facts.url,
        "public_url": facts.public_url or None,
        "started_at": instant(facts.started_at),
    }


def _town(market: Market) -> dict[str, Any] | None:
    town = market.town
    if not town.account:
        return None
    device = town.device
    return {
        "handle": town.handle,
        "account": town.account,
        "device": str(device.device) if device is not None else None,
        "recovery_saved": not town.keys.load().rotation,
        "sealed": town.sealed or None,
    }


def _boards(market: Market) -> list[dict[str, Any]]:
    town = market.town
    return [_board(market, town.ledgers[one]) for one in town.members()]


def _board(market: Market, journal: Journal) -> dict[str, Any]:
    standing = market.ports.peers.standing(journal.wasteland)
    return {
        "name": wasteland_name(journal),
        "id": journal.wasteland,
        "current": journal.wasteland == market.town.current,
        "items": dict(journal.store.counts()),
        "records": journal.store.count(),
        "peers": standing.peers,
        "heard": standing.heard,
        "heard_s": standing.heard_s,
        "unsent": standing.unsent,
    }


def _words(market: Market, data: dict[str, Any]) -> tuple[str, ...]:
    town, node = data["town"], data["node"]
    if town is None:
        return ("Town      none here yet", f"Node      {node['url'] if node else 'not running'}")
    lines = [f"Town      {town['handle']}  {town['account'][:16]}"]
    if town["sealed"]:
        lines.append(f"Key       signs no more here: {town['sealed']}")
    if not town["recovery_saved"]:
        lines.append(f"Recovery  {NOT_SAVED}")
    if node is None:
        lines.append("Node      not running; commands open the ledger themselves")
    else:
        lines.append(f"Node      {node['url']}  pid {node['pid']}  (stop: wl down)")
    lines += [_board_line(board) for board in data["wastelands"]]
    lines += [_reach(data)] if node is not None else []
    del market
    return tuple(lines)


def _board_line(board: dict[str, Any]) -> str:
    items = board["items"]
    heard = "nobody heard yet" if board["heard_s"] is None else f"{span(board['heard_s'])} ago"
    peers = (
        "no peers yet"
        if not board["peers"]
        else f"heard {board['heard']} of {board['peers']} peers, {heard}"
    )
    unsent = f" · {board['unsent']} only on this machine" if board["unsent"] else ""
    live = f"{items.get('open', 0)} open, {items.get('claimed', 0)} claimed"
    return f"Board     {board['name']} · {live} · {peers}{unsent}"


def _reach(data: dict[str, Any]) -> str:
    names = [peer["name"] for peer in data["peers"] if peer["carries"]]
    carried = (
        f" {_listed(names)} {'carries' if len(names) == 1 else 'carry'} for you." if names else ""
    )
    if data["node"]["public_url"]:
        return f"Reach     others call {data['node']['public_url']}{'.' + carried if names else ''}"
    return f"Reach     nobody outside can call this machine (normal at home).{carried}"


def _listed(names: list[str]) -> str:
    shown = names if len(names) <= CARRIERS_SHOWN else names[:CARRIERS_SHOWN]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
