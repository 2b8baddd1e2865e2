"""What people and agents are told about items: one letter each, in the change that it tells of."""

from ledger.beads.rows import Bead
from ledger.private.store import Change
from ledger.workspace.addresses import OVERSEER
from ledger.workspace.letters import HIGH, NORMAL, URGENT_TTL_US, Letter
from ledger.workspace.link import Claim, CompletionDraft, ItemLink, quoted, typed_line
from ledger.workspace.talk import Nudge
from ledger.workspace.work import Assignment
from town.mail.posting import Posting

TYPE = "notification"
QUEUE = "queue"
SHORT_CHARS = 10  # of an item's id, for a line that a person reads; commands take the whole


def short(item: str) -> str:
    """The beginning of an item's id."""
    return item[:SHORT_CHARS]


class Letters(Posting):
    """Writes them, within a turn."""

    def _letter(self, to: tuple[str, ...], subject: str, *lines: str, priority: int) -> Change:
        letter = Letter(to=to, subject=subject, body="\n".join(lines), priority=priority, type=TYPE)
        return self.told(letter, sender=self.ports.caller.actor)

    def drafted(self, draft: CompletionDraft) -> Change:
        """Somebody may hand the merge in."""
        return self._letter(
            (OVERSEER,),
            f"Merged, to be handed in when you have looked: {short(draft.item)} ({draft.bead})",
            draft.summary,
            "Nothing was handed in. To do it:",
            "",
            f"gt drafts submit {draft.item}",
            "",
            "or, which is the same:",
            "",
            typed_line(draft),
            priority=NORMAL,
        )

    def shut(self, claim: Claim, link: ItemLink, bead: Bead | None) -> Change:
        """The bead is closed without a merge, and the item still held."""
        why = bead.close_reason if bead is not None else "it was deleted"
        return self._letter(
            (OVERSEER,),
            f"{link.bead} is closed, and {short(claim.item)} is still claimed",
            f"{link.bead} was closed without a merge: {why}",
            "Its item is still this town's. Give it back, or hand in what there is:",
            "",
            f"gt wl unclaim {claim.item}",
            f"gt wl done {claim.item} --evidence <url>",
            priority=NORMAL,
        )

    def sent_back(self, claim: Claim, link: ItemLink, reason: str) -> Change:
        """What was handed in was not taken."""
        return self._letter(
            (OVERSEER,),
            f"{short(claim.item)} was sent back ({link.bead})",
            "What was handed in was sent back. In the words of who decides, a stranger:",
            *quoted(reason),
            "",
            f"It is yours again. To have it worked on: bd reopen {link.bead}",
            priority=HIGH,
        )

    def lost(
        self, claim: Claim, link: ItemLink, workers: tuple[Assignment, ...], *, merged: str
    ) -> Change:
        """The item is the town's no more; whoever works on it stops."""
        kept = [f"The branch {one.branch} keeps what was done." for one in workers if one.branch]
        kept += [f"It was merged here as {merged}."] if merged else []
        said = ["In the words of who decides, a stranger:", *quoted(claim.reason)]
        change = self._letter(
            (*dict.fromkeys(one.agent for one in workers), OVERSEER),
            f"{link.bead} is withdrawn: {short(claim.item)} is not ours any more",
            f"{claim.why}",
            *(said if claim.reason.strip() else ()),
            "Stop working on it: it is off your hook.",
            *kept,
            priority=HIGH,
        )
        for one in workers:
            change += self._nudged(one.agent, f"Stop: {link.bead} is withdrawn. {claim.why}")
        return change

    def _nudged(self, agent: str, text: str) -> Change:
        """A word that its session is told at its turn's end."""
        now, me = self.ports.now(), self.ports.caller.actor
        row = Nudge(
            id=self.free(Nudge, "nudge"), recipient=agent, sender=me, text=text, mode=QUEUE,
            urgent=True, forced=True, sent_at=now, expires_at=now + URGENT_TTL_US,
        )  # fmt: skip
        told = self.event("nudge.queued", agent, nudge=row.id, sender=me, mode=QUEUE)
        return Change(puts=(row,), events=(told,), seen=(self.missing(Nudge, row.id),))
