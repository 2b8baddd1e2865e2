"""What is watched while a seed is played: laws that hold at every moment, on every honest town."""

from ledger.story import Decision, Story
from tests.simulation.world import SECOND, SimTown, World


class Watch:
    """The eyes of one run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: dict[tuple[str, str], tuple[str, ...]] = {}
        self.judged: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Every honest town's items keep the laws now."""
        self.world.watching = True
        for town in self.world.honest:
            for story in town.stories():
                self._extends(town, story)
                self._linked(town, story)
                self._leases(town, story)
        self.world.watching = False

    def _liar(self, story: Story) -> bool:
        accounts = {story.post.account, story.home.account}
        return any(
            not town.honest and town.town.account in accounts for town in self.world.towns.values()
        )

    def _extends(self, town: SimTown, story: Story) -> None:
        """records 7.7: what took effect stays; the liar's own items may lose what it said twice."""
        if self._liar(story):
            return
        key = town.name, str(story.post.id)
        now = tuple(decision.id for decision in story.decisions)
        before = self.seen.get(key, ())
        assert now[: len(before)] == before, f"{town.name}: a decision was displaced"
        self.seen[key] = now

    def _linked(self, town: SimTown, story: Story) -> None:
        """records 5.1: each decision names the one before it."""
        pointer = str(story.post.id)
        for decision in story.decisions:
            record = town.journal.state.record(decision.id)
            assert record is not None, "a decision that is not held"
            assert record.body["decides"] == pointer, f"{town.name}: a decision out of its place"
            pointer = decision.id
        grants = [grant for grant in story.grants if grant.open]
        assert len(grants) <= story.rules.most, "more open grants than the rules allow"

    def _leases(self, town: SimTown, story: Story) -> None:
        """records 5.7: nobody's claim is ended over a renewal that the home held."""
        author = town.town.author
        if (author.account, author.device) != story.home:
            return
        for decision in story.decisions:
            key = town.name, decision.id
            if decision.kind != "claim.end" or key in self.judged:
                continue
            self.judged.add(key)
            if decision.body["cause"] == "lapsed":
                self._lapsed(town, story, decision)

    def _lapsed(self, town: SimTown, story: Story, decision: Decision) -> None:
        """Of the renewals that came in before the end was written, none was still good."""
        grant = next(g for g in story.grants if g.id == decision.body["grant"])
        arrived = list(town.disks[self.world.wasteland]._journal)
        before = set(arrived[: arrived.index(decision.id)])
        signs = [
            record.at
            for record in town.journal.state.about(story.post.id)
            if record.kind == "claim.renew"
            and record.body["grant"] == grant.id
            and record.account == grant.holder
            and record.id in before
        ]
        end = max([grant.at, *signs]) + grant.lease_s * SECOND
        assert decision.at >= end, "a claim was ended over a renewal"

    def finish(self) -> None:
        """The same at the end, and grants counted."""
        self.look()
        for one in self.world.honest:
            for known in one.stories():
                assert one.journal.story(known.post.id) == known, "a story went stale unnoticed"
        town = self.world.honest[0]
        for subject in town.journal.store.subjects("item"):
            story = town.journal.story(subject.id)
            if story is not None:
                self.world.totals["items"] += 1
                self.world.totals["grants"] += len(story.grants)
                self.world.totals["stamps"] += len(story.stamps)
                ends = [g.ended for g in story.grants]
                self.world.totals["lapsed"] += ends.count("lapsed")
                self.world.totals["instructed"] += sum(
                    decision.instruction is not None for decision in story.decisions
                )
