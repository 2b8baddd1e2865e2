"""Use cases of handing in: one's own work, work nobody asked one for, a neighbour's for it.

A neighbour signs nothing, so whoever decides about the item hands in for it, and says so
(records 5.2). What its row says is taken as it stands there, with where it was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from federation.blobs import evidence_of
from ledger import actions_items as say
from ledger.actions_errors import NotYoursError
from ledger.story import Attempt, Story
from stamps.errors import BadRecordError
from stamps.record import Entry
from town.market.answer import Answer, Next
from town.market.blobs import BlobDesk, Source
from town.market.claims import handed_in_line, step
from town.market.deciders import row_hand_in
from town.market.errors import FieldError, NotGivenError, OwnTownError
from town.market.find import Found
from town.market.limits import limit_words
from town.market.names import AGENT_NAME, name_of
from town.market.words import normal_text

EVIDENCE_KINDS = ("url", "commit", "patch", "text", "gate")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """What is handed in, and for whom: `neighbour` is empty for one's own work."""

    evidence: Sequence[str] = ()
    summary: str = ""
    blobs: Sequence[Source] = ()
    speculative: bool = False
    neighbour: str = ""


class HandingDesk(BlobDesk):
    """Hands work in."""

    def _not_anothers(self, found: Found) -> None:
        """Nothing happens, except that an agent never acts on another agent's item.

        The operator may: it is the operator's town. Raises OwnTownError.
        """
        agent = self.ports.agent
        check_agent(agent)
        holder = self.holding_agent(found.signed)
        if agent and holder is not None and holder != agent:
            raise OwnTownError(self.short(found), holder)

    def done(
        self,
        item: str,
        evidence: Sequence[str] = (),
        summary: str = "",
        *,
        blobs: Sequence[Source] = (),
        speculative: bool = False,
        neighbour: str = "",
    ) -> Answer:
        """The work is handed in. The same evidence again changes nothing and says so.

        `neighbour` names who did it where that is somebody without a key. Without evidence then
        what the neighbour's own row names is taken.
        """
        work = HandIn(
            evidence=evidence,
            summary=summary,
            blobs=blobs,
            speculative=speculative,
            neighbour=normal_text(neighbour).strip(),
        )
        return self._hand_in(item, work)

    def _hand_in(self, item: str, work: HandIn) -> Answer:
        found = self.run(lambda: self.found(item))
        neighbour = work.neighbour
        if neighbour:
            self.run(lambda: self._may_speak_for(found, work))
        proof = [evidence_piece(said) for said in work.evidence]
        kept = self.keep_blobs(work.blobs)
        proof += [evidence_of(blob) for blob in kept]
        text = normal_text(work.summary)
        if neighbour and not proof and not text:
            proof = self.run(lambda: self._row_evidence(found, neighbour))

        def hand_in() -> bool:
            again = self.again(found)
            before = self._handed_in(again.signed, text, proof, neighbour)
            if before is not None:  # cut short before its files were noted, or they were dropped
                self.link_blobs(again, before.id, kept)
                return False
            if not work.speculative and not neighbour:
                self._not_anothers(again)
            entry = self._submission(again, text, proof, work)
            self.say(again.journal, entry)
            self.link_blobs(again, str(entry.record.id), kept)
            return True

        fresh = self.run(hand_in)
        self.deliver(found.journal)
        return self._handed_in_answer(found, neighbour, fresh=fresh)

    def _may_speak_for(self, found: Found, work: HandIn) -> None:
        """Nothing happens where this town decides about the item, and gave it to the neighbour.

        Raises NotYoursError, NotGivenError.
        """
        check_agent(self.ports.agent)
        story = found.signed
        if self.author.account != story.home.account:
            raise NotYoursError("work.submit", item=story.post.id, home=story.home.account)
        given = any(grant.neighbour == work.neighbour for grant in story.grants)
        if not given and not work.speculative:
            raise NotGivenError(self.short(found), work.neighbour)

    def _row_evidence(self, found: Found, neighbour: str) -> list[dict[str, Any]]:
        """What the neighbour's own row names as evidence, and where that row was seen."""
        row = row_hand_in(found.journal, found.signed)
        if row is None or row.name != neighbour:
            why = f"no row of {neighbour}'s says what was done: --evidence URL, --summary TEXT"
            raise FieldError("evidence", "missing", None, why)
        return [evidence_piece(row.evidence), {"kind": "text", "value": row.provenance}]

    def _submission(
        self, found: Found, summary: str, proof: list[dict[str, Any]], work: HandIn
    ) -> Entry:
        try:
            return say.submit(
                found.journal,
                self.author,
                found.signed,
                summary=summary,
                evidence=proof,
                now=self.now(),
                speculative=work.speculative,
                on_behalf=work.neighbour,
            )
        except BadRecordError as error:
            said = {"summary": summary, "on_behalf": work.neighbour}
            raise limit_words(error, said) from error

    def _handed_in(
        self, story: Story, summary: str, proof: list[dict[str, Any]], neighbour: str
    ) -> Attempt | None:
        """The same proof, handed in before, if it waits for a decision; a new summary is new."""
        same = (
            a
            for a in self._theirs(story, neighbour)
            if not a.decision
            and summary in ("", a.summary)
            and [dict(piece) for piece in a.evidence] == proof
        )
        return next(same, None)

    def _theirs(self, story: Story, neighbour: str) -> list[Attempt]:
        """What was handed in from here: the town's own, or for this neighbour."""
        own, behalf = self.town.account, neighbour or None
        return [a for a in story.attempts if a.worker == own and a.on_behalf == behalf]

    def _handed_in_answer(self, found: Found, neighbour: str, *, fresh: bool) -> Answer:
        again = self.run(lambda: self.again(found))
        story = again.signed
        short = self.run(lambda: self.short(found))
        theirs = self._theirs(story, neighbour)
        number = theirs[-1].n if theirs else 0
        extra = f" for {neighbour}" if neighbour else ""
        extra += "" if fresh else " (already handed in; nothing changed)"
        reach = self.run(lambda: self.reach(again))
        viewer = self.run(self.viewer)
        if (viewer.account, viewer.device) == story.home:
            line = f"handed in  {short}, attempt {number}{extra}. You review it yourself."
        else:
            home = name_of(found.journal, story.home.account)
            line = handed_in_line(short, number, home, reach, extra)
        return self.item_answer(found, (line,), next_=_after(short, neighbour, number))


def _after(short: str, neighbour: str, number: int) -> tuple[Next, ...]:
    """What may be typed after a hand-in; a neighbour's is judged by whoever handed it in."""
    if not neighbour:
        return (step("wait", "wait", short, "--until", "decided"),)
    which = ("--attempt", str(number))
    return (
        step("accept", "accept", short, *which, "--quality", "<1-5>", needs=("quality",)),
        step("send back", "reject", short, *which, "--reason", "<text>", needs=("reason",)),
    )


def check_agent(agent: str) -> None:
    """Nothing happens for a name that an agent may have (records 1.4). Raises FieldError."""
    if agent and not AGENT_NAME.fullmatch(agent):
        why = "WL_AGENT is a name: small letters, digits, - and _, at most 64"
        raise FieldError("agent", "form", None, why)


def evidence_piece(said: str) -> dict[str, Any]:
    """One piece of evidence as typed: a link, or KIND:VALUE. Raises FieldError."""
    text = normal_text(said)
    kind, colon, value = text.partition(":")
    if text.startswith(("http://", "https://")):
        return {"kind": "url", "value": text}
    if colon and kind == "blob":
        raise FieldError("evidence", "blob", None, "a blob is a file: --blob FILE")
    if colon and kind in EVIDENCE_KINDS and value:
        return {"kind": kind, "value": value.lstrip() if kind != "patch" else value}
    if not text.strip():
        raise FieldError("evidence", "empty", None, "evidence is empty")
    return {"kind": "text", "value": text}
