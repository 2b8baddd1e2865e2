"""States of a bead that labels say (`patrol:muted`), each change told; and wisps that stay."""

from typing import ClassVar

from msgspec.structs import replace

from ledger.beads import ids, rules
from ledger.beads.errors import BadFieldError, BeadError
from ledger.beads.rows import CLOSED, Bead, Comment
from ledger.private.store import Change
from town.beads.changing import Changing
from town.beads.making import Draft

EVENT = "event"
LOWEST = 4


class NotWispError(BeadError):
    """The bead is to be kept already."""

    code: ClassVar[str] = "bead.not_wisp"
    hint: ClassVar[str] = "`bd list --include-ephemeral` lists wisps."

    def __init__(self, bead: str) -> None:
        super().__init__(f"{bead} is not a wisp")
        self.bead = bead


def states_of(bead: Bead) -> dict[str, str]:
    """Its states: for each dimension the value."""
    pairs = (label.partition(":") for label in bead.labels)
    return {name: value for name, colon, value in pairs if colon and name and value}


class Stating(Changing):
    """Sets states and keeps wisps, for one caller."""

    def states(self, said: str) -> tuple[Bead, dict[str, str]]:
        """The bead, and its states."""
        (bead,) = self.look(lambda: [self.resolve(said)])
        return bead, states_of(bead)

    def set_state(
        self, said: str, name: str, value: str, *, reason: str = ""
    ) -> tuple[str, str, str]:
        """The bead has this state; its id, what it was, and the bead that tells of the change.

        Both are empty where there was none, or where it is so already.
        """
        if not name.strip() or not value.strip() or ":" in name:
            raise BadFieldError("state", f"{name}={value} is none; dimension=value is")

        def work() -> tuple[tuple[str, str, str], Change]:
            old = self.resolve(said)
            before = states_of(old).get(name, "")
            if before == value:
                return (old.id, before, ""), Change()
            gone = [label for label in old.labels if label.startswith(f"{name}:")]
            new = self.checked(rules.labelled(old, add=(f"{name}:{value}",), remove=gone), old)
            new = replace(new, updated_at=self.ports.now())
            told, step = self._telling(
                old, f"{name} → {value}", _words(name, before, value, reason)
            )
            return (old.id, before, told), self.changed(old, new, "bead.updated") + step

        return self.act("bd set-state", work)

    def _telling(self, about: Bead, title: str, words: str) -> tuple[str, Change]:
        """A closed bead below that one, which says what happened."""
        now = self.ports.now()
        fields = {"issue_type": EVENT, "priority": LOWEST, "status": CLOSED, "description": words}
        fields |= {"closed_at": now, "close_reason": rules.CLOSE_REASON}
        draft = Draft(
            title=f"State change: {title}"[: rules.TITLE_CHARS_MAX], fields=fields, parent=about.id,
            inherit=False,
        )  # fmt: skip
        bead = self._bead(draft, {})
        return bead.id, self._made({bead.id: bead}, self._links(draft, bead.id))

    def promote(self, said: str, *, reason: str = "") -> Bead:
        """The wisp, to be kept, with a comment that says so. Raises NotWispError."""

        def work() -> tuple[Bead, Change]:
            old, now = self.resolve(said), self.ports.now()
            if not old.ephemeral:
                raise NotWispError(old.id)
            new = replace(old, ephemeral=False, wisp_type="", updated_at=now)
            comment = Comment(
                issue_id=old.id,
                id=ids.comment_id(now, self.ports.new_secret()),
                author=self.ports.caller.actor,
                text=f"Promoted from a wisp{f': {reason}' if reason else ''}",
                created_at=now,
            )
            step = Change(puts=(comment,), seen=(self.missing(Comment, *comment.key),))
            return new, self.changed(old, new, "bead.updated") + step

        return self.act("bd promote", work)


def _words(name: str, before: str, value: str, reason: str) -> str:
    said = f"Changed {name} from {before} to {value}" if before else f"Set {name} to {value}"
    return f"{said}\n\nReason: {reason}" if reason else said
