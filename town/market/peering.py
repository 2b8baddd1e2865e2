"""Use cases about other nodes: sync, and the list of peers. Each says direction, count and age.

Nothing is called synced by claim: what a report says is what was stored and acknowledged.
"""

from dataclasses import asdict
from typing import Any

from town.market.answer import UNREACHED, Answer, Next, problem
from town.market.items import ItemDesk
from town.market.ports import PeerReport
from town.market.words import span


class PeeringDesk(ItemDesk):
    """Talks about, and to, peers."""

    def sync(self, only: str = "", timeout_s: float = 30.0) -> Answer:
        """Each peer was asked for and told what either side lacks."""
        known = [report for report in self.ports.peers.list() if only in ("", report.name)]
        self.about_to("sync", {"peers": [report_line(report) for report in known]})
        reports = self.ports.peers.sync(None, only=only, timeout_s=timeout_s)
        rows = [report_facts(report) for report in reports]
        words = tuple(report_line(report) for report in reports) or (
            "sync    this town has no peers yet: wl invite, or wl join <token>",
        )
        missed = [report for report in reports if report.error and not report.reached]
        if not missed:
            return self.answer("wl.v1.sync", {"rows": rows}, words)
        names = ", ".join(report.name for report in missed)
        why = f"not reached: {names}; your part is kept and goes out by itself"
        error = problem("peer.down", why, retry_after_s=60)
        again = Next(do="again", cmd=("wl", "sync"), reaches="peers")
        return self.answer(
            "wl.v1.sync", {"rows": rows}, words, next_=(again,), exit_=UNREACHED, error=error
        )

    def peer_add(self, address: str, *, allow_private: bool = False) -> Answer:
        """The node at this address is a peer."""
        self.about_to("peer add", {"address": address})
        report = self.ports.peers.add(address, allow_private=allow_private)
        return self._one(report, f"added   {report.name} at {report.address}")

    def peer_remove(self, name: str) -> Answer:
        """The peer is one no more; what it brought stays."""
        self.about_to("peer remove", {"name": name})
        report = self.ports.peers.remove(name)
        return self._one(report, f"removed {report.name}; what it brought stays")

    def peer_list(self) -> Answer:
        """Every peer: who calls whom, what each side lacks, when it was heard."""
        reports = self.ports.peers.list()
        words = tuple(report_line(report) for report in reports) or (
            "peers   none yet: wl invite, or wl join <token>",
        )
        rows = [report_facts(report) for report in reports]
        return self.answer("wl.v1.peers", {"rows": rows}, words)

    def peer_ping(self, name: str) -> Answer:
        """Whether a peer answers, and how fast."""
        report = self.ports.peers.ping(name)
        if report.reached:
            return self._one(report, f"ping    {report.name} answers in {report.round_trip_ms} ms")
        answer = self._one(report, f"ping    {report.name} does not answer ({report.error})")
        why = f"{report.name} does not answer"
        return self.answer(
            answer.schema,
            answer.data,
            answer.words,
            exit_=UNREACHED,
            error=problem(report.error or "peer.down", why, retry_after_s=60),
        )

    def _one(self, report: PeerReport, line: str) -> Answer:
        return self.answer("wl.v1.peer", report_facts(report), (line,))


def report_facts(report: PeerReport) -> dict[str, Any]:
    """A report as programs read it."""
    return asdict(report)


def _count(lack: int | None) -> str:
    return "unknown" if lack is None else str(lack)


def report_line(report: PeerReport) -> str:
    """Direction, count and age in one line; never a bare tick."""
    parts = [f"they lack {_count(report.they_lack)}, we lack {_count(report.we_lack)}"]
    if report.sent or report.received:
        parts.append(f"sent {report.sent}, received {report.received}")
    if report.we_refuse:
        parts.append(f"{report.we_refuse} over the daily quota here")
    if report.they_refuse:
        parts.append(f"{report.they_refuse} over the daily quota there")
    heard = "not heard yet" if report.heard_s is None else f"heard {span(report.heard_s)} ago"
    parts.append(heard)
    if report.error:
        parts.append(report.error)
    if report.next_try_s is not None and report.address and not report.reached:
        parts.append(f"next try in {span(report.next_try_s)}")
    calls = {"we": "we call", "they": "they call", "both": "both call"}
    parts += [calls.get(report.calls, report.calls)] if report.calls else []
    parts += ["carries for others"] if report.carries else []
    return f"{report.name}  " + " · ".join(parts)
