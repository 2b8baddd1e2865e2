"""Questions about beads in one line: the beads that they mean."""

from ledger.beads.choosing import Filter, page
from ledger.beads.query import read_query
from ledger.beads.rows import STATUSES, TYPES
from town.beads.looking import Listed, Looking, order_of


class Asking(Looking):
    """Answers questions for one caller."""

    def asked(
        self,
        text: str,
        *,
        order: str = "priority",
        backwards: bool = False,
        everything: bool = False,
        at_most: int = 0,
    ) -> Listed:
        """The beads that the question means; closed ones where it names a status, or all."""

        def work() -> Listed:
            near = self.near()
            known = {
                "status": (*STATUSES, *self.statuses()), "type": (*TYPES, *self.own_types())
            }  # fmt: skip
            query = read_query(text, now=self.ports.now(), parent=near.parent, known=known)
            wanted = Filter(
                ephemeral="ephemeral" in query.names, templates="template" in query.names,
                bookkeeping="type" in query.names,
            )  # fmt: skip
            every = everything or "status" in query.names or "closed" in query.names
            beads = filter(wanted.test(), self._all(wanted, every))
            found = [bead for bead in beads if query.test(bead)]
            if backwards:
                found = sorted(found, key=order_of(order), reverse=True)
                return self._lined(page(found, lambda _: 0, at_most=at_most))
            return self._lined(page(found, order_of(order), at_most=at_most))

        return self.look(work)
