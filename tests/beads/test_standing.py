"""Laws of what is ready and what is blocked, on worlds that nobody would make by hand."""

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.branches import branches
from ledger.beads.choosing import Filter
from ledger.beads.rows import BLOCKING, CONDITIONAL, LIVE, TERMINAL, Link
from ledger.beads.standing import blocked, groups, is_blocked, is_ready, ready, summary
from ledger.beads.waiting import Graph, cycles, woven
from tests.beads.desks import NOW
from tests.beads.worlds import LINKS, NAMES, WORLDS

ALL = Filter(bookkeeping=True, ephemeral=True, templates=True)


def graph_of(world, links):
    """The graph of a world."""
    return Graph.of(links, world.get)


@given(world=WORLDS, links=LINKS)
def test_every_bead_is_ready_or_blocked_or_rests_and_never_two_of_them(world, links):
    """What is ready is open and blocked by nothing; what is blocked is not closed."""
    graph = graph_of(world, links)
    begun = {bead.id for bead in ready(world.values(), graph, ALL, now=NOW)}
    held = {bead.id for bead in blocked(world.values(), graph, ALL)}
    assert not begun & held
    for bead in world.values():
        assert (bead.id in begun) == is_ready(bead, graph, now=NOW)
        assert (bead.id in held) == is_blocked(bead, graph)
        if bead.id in begun:
            assert bead.status == "open"
            assert not bead.pinned
            assert not bead.defer_until > NOW
        if bead.id in held:
            assert bead.status in LIVE


@given(world=WORLDS, links=LINKS)
def test_links_that_only_say_something_hold_nothing_up(world, links):
    """Without blocking links nothing is blocked."""
    saying = [link for link in links if link.type not in BLOCKING]
    assert not blocked(world.values(), graph_of(world, saying), ALL)


@given(world=WORLDS, links=LINKS, name=st.sampled_from(NAMES))
def test_closing_a_blocker_makes_nothing_else_less_ready(world, links, name):
    """Unless somebody waits for it to fail, or a child is a child of what was closed."""
    links = [link for link in links if link.type in ("blocks", "parent-child", "related")]
    assume(name in world)
    before = {b.id for b in ready(world.values(), graph_of(world, links), ALL, now=NOW)}
    held = {b.id for b in blocked(world.values(), graph_of(world, links), ALL)}
    done = rules.closed(world[name], now=NOW, force=True)
    after_world = {**world, name: done}
    graph = graph_of(after_world, links)
    after = {b.id for b in ready(after_world.values(), graph, ALL, now=NOW)}
    assert before - {name} <= after
    assert {b.id for b in blocked(after_world.values(), graph, ALL)} <= held


@given(world=WORLDS, links=LINKS)
def test_lazily_looked_up_links_say_what_all_links_say(world, links):
    """A graph that knows which beads live by a shorter way comes to the same."""
    live = {name: bead for name, bead in world.items() if bead.status not in TERMINAL}
    short = Graph.between(woven(links), world.get, live.get)
    plain = graph_of(world, links)
    for name in NAMES:
        assert short.blockers(name) == plain.blockers(name)
        assert short.deferred_above(name, now=NOW) == plain.deferred_above(name, now=NOW)


@given(links=LINKS)
def test_a_circle_is_found_exactly_where_there_is_one(links):
    """What `cycle` says of a new link is what all links together say afterwards."""
    kept: list[Link] = []
    for link in links:
        if link.type not in BLOCKING:
            continue
        way = Graph.of(kept, lambda _: None).cycle(link.issue_id, link.depends_on_id)
        assert bool(way) == bool(cycles([*kept, link]))
        if way:
            assert way[0] == way[-1] == link.issue_id
            assert way[1] == link.depends_on_id
            joined = {(one.issue_id, one.depends_on_id) for one in (*kept, link)}
            assert all(step in joined for step in pairwise(way))
        else:
            kept.append(link)


@given(world=WORLDS, links=LINKS, name=st.sampled_from(NAMES), deepest=st.integers(0, 4))
def test_a_tree_has_each_bead_once_and_ends(world, links, name, deepest):
    """Also where links go round in circles."""
    assume(name in world)
    for direction in ("down", "up"):
        found = branches(graph_of(world, links), world[name], direction=direction, deepest=deepest)
        assert found[0].bead.id == name
        assert len({node.bead.id for node in found}) == len(found)
        assert all(node.depth <= deepest for node in found)


@given(world=WORLDS, links=LINKS)
def test_numbers_are_what_counting_gives(world, links):
    """The parts of a summary are no more than the whole, and groups lose nobody."""
    told = summary(world.values(), graph_of(world, links), now=NOW)
    work = [bead for bead in world.values() if Filter().takes(bead)]
    assert told["total_issues"] == len(work)
    assert told["ready_issues"] + told["blocked_issues"] <= len(work)
    assert sum(groups(work, lambda bead: (bead.status,)).values()) == len(work)


@given(world=WORLDS, reason=st.sampled_from(["done", "it failed"]))
def test_what_waits_for_a_failure_begins_only_when_there_is_one(world, reason):
    """A bead that another one's success makes needless waits for good."""
    assume(NAMES[0] in world)
    bead = replace(world[NAMES[0]], status="closed", close_reason=reason)
    other = replace(bead, id=NAMES[1], status="open", pinned=False, defer_until=0)
    link = Link(issue_id=other.id, depends_on_id=bead.id, type=CONDITIONAL)
    graph = graph_of({bead.id: bead, other.id: other}, [link])
    assert bool(graph.blockers(other.id)) == (reason == "done")
