"""What can be wrong with a draft that is to be handed in."""

from collections.abc import Sequence
from typing import ClassVar

from stamps.errors import WastelandError


class DraftError(WastelandError):
    """A draft could not be handed in; nothing was."""

    code: ClassVar[str] = "draft.refused"
    hint: ClassVar[str] = "`gt drafts` lists what could be handed in."
    exit: ClassVar[int] = 1


class NoDraftError(DraftError):
    """There is no draft for this item, or more than one that it could be."""

    code: ClassVar[str] = "draft.unknown"
    exit: ClassVar[int] = 3

    def __init__(self, said: str, near: Sequence[str] = ()) -> None:
        more = f"; it could be {', '.join(near)}" if near else ""
        super().__init__(f"no draft is for {said!r}{more}")
        self.said = said


class LostDraftError(DraftError):
    """The item is not the town's any more."""

    code: ClassVar[str] = "draft.lost"
    hint: ClassVar[str] = "Hand it in all the same, without a claim: gt wl done ITEM --speculative."
    exit: ClassVar[int] = 5

    def __init__(self, item: str, why: str) -> None:
        super().__init__(f"{item} is not this town's any more: {why or 'it went to somebody else'}")
        self.item = item
