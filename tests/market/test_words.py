"""Every state of a claim in the exact words of the users' page, each reached by a real history."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cli.output import next_words
from ledger import actions
from ledger.actions_errors import ActionError
from ledger.store import Observed
from ledger.tables import Row
from tests.market.boards import TITLE, Board
from tests.market.towns import HOUR, LocalTown
from town.market.answer import Answer
from town.market.claims import handed_in_line
from town.market.errors import MarketError
from town.market.ports import Reach

STAMP = {"dims": {"quality": 5, "reliability": 4}}
DAY = 24 * HOUR
MINUTE = HOUR // 60


def yours(b: Board) -> Answer:
    return b.ash.market.claim(b.post())


def already(b: Board) -> Answer:
    return b.ash.market.claim(b.held())


def asked(b: Board) -> Answer:
    _ = b.bolt, b.kit
    item = b.post()
    b.carried()
    b.kit.market.claim(item)
    b.ash.market.claim(item)
    b.ash.market.sync()
    b.world.pass_time(2 * DAY - HOUR)
    return b.ash.market.wait(item, timeout_s=0)


def asked_alone(b: Board) -> Answer:
    item = b.post()
    b.away()
    b.world.pass_time(4 * MINUTE)
    return b.ash.market.claim(item)


def chosen_by_hand(b: Board) -> Answer:
    _ = b.bolt, b.kit
    item = b.post(assign="choose")
    for town in (b.bolt, b.kit):
        town.market.claim(item)
    b.ash.market.sync()
    return b.ash.market.claim(item)


def race(b: Board) -> Answer:
    _ = b.bolt, b.kit
    item = b.post(assign="race", max=3)
    for town in (b.bolt, b.kit):
        town.market.claim(item)
    b.ash.market.sync()
    return b.ash.market.claim(item)


def taken(b: Board) -> Answer:
    _ = b.bolt, b.kit
    item = b.post()
    b.ash.as_agent("ash").claim(item)
    b.bolt.market.sync()
    return b.bolt.market.claim(item)


def taken_by_own_town(b: Board) -> Answer:
    item = b.post()
    b.ash.as_agent("toast").claim(item)
    return b.ash.as_agent("jam").claim(item)


def asked_by_own_town(b: Board) -> Answer:
    item = b.post(assign="choose")
    b.ash.as_agent("toast").claim(item)
    return b.ash.as_agent("jam").claim(item)


def lapsed(b: Board) -> Answer:
    item = b.post()
    b.away()
    b.ash.market.claim(item)
    b.world.pass_time(49 * HOUR)
    return b.ash.market.wait(item, timeout_s=0)


def stale(b: Board) -> Answer:
    item = b.post(assign="choose")
    b.ash.market.claim(item)
    b.rust.market.update(item, {"check": "make all"})
    b.ash.market.sync()
    return b.ash.market.wait(item, timeout_s=0)


def displaced(b: Board) -> Answer:
    """rust's machine is found to have spoken before it said yes: the yes does not count."""
    item = b.post()
    b.away(b.ash)
    key = b.rust.keys.ring.device
    assert key is not None
    device = str(key.device)
    before = dict(b.rust.market._heads(b.rust.town.author, device))
    b.world.cut.clear()
    assert b.ash.market.claim(item).exit == 0
    revoke_at(b.rust, device, before)
    b.heard()
    return b.ash.market.wait(item, timeout_s=0)


def revoke_at(town: LocalTown, device: str, heads: dict) -> None:
    """The town's recovery key ends a device at these heads."""
    market = town.market
    entry = actions.device_revoke(
        town.town.self_ledger,
        market.recovery("a revoke"),
        device=device,
        heads=heads,
        now=market.now(),
    )
    market.say_everywhere(entry)


def taken_back(b: Board) -> Answer:
    item = b.held()
    b.world.pass_time(9 * HOUR)
    b.rust.market.takeback(item, reason="no progress for 9 h")
    b.ash.market.sync()
    return b.ash.market.wait(item, timeout_s=0)


def withdrawn_while_held(b: Board) -> Answer:
    item = b.held()
    b.rust.market.withdraw(item, reason="no progress for 9 h")
    b.ash.market.sync()
    return b.ash.market.claim(item)


def overdue(b: Board) -> Answer:
    item = b.held()
    b.away()
    b.world.pass_time(27 * HOUR)
    return b.ash.market.wait(item, timeout_s=0)


def ended(b: Board) -> Answer:
    item = b.held()
    b.world.pass_time(25 * HOUR)
    b.heard()
    b.world.pass_time(HOUR)
    b.heard()
    return b.ash.market.wait(item, timeout_s=0)


def handed_in(b: Board) -> Answer:
    item = b.held()
    b.away()
    b.world.pass_time(2 * DAY + HOUR)
    return b.ash.market.done(item, ["https://example.org/pull/7"])


def sent_back(b: Board) -> Answer:
    item = b.handed_in()
    b.rust.market.reject(item, "race test still fails on 3.12")
    b.ash.market.sync()
    return b.ash.market.wait(item, until="decided", timeout_s=0)


def accepted(b: Board) -> Answer:
    item = b.handed_in()
    b.rust.market.accept(item, STAMP)
    b.ash.market.sync()
    return b.ash.market.wait(item, until="decided", timeout_s=0)


def closed(b: Board) -> Answer:
    item = b.handed_in()
    b.rust.market.close(item, reason="duplicate")
    b.ash.market.sync()
    return b.ash.market.wait(item, until="decided", timeout_s=0)


def not_yours(b: Board) -> Answer:
    _ = b.bolt, b.kit
    b.handed_in()
    b.bolt.market.sync()
    return b.bolt.market.accept(b.item, STAMP)


def own_stamp(b: Board) -> Answer:
    item = b.post()
    b.rust.market.claim(item)
    b.rust.market.done(item, ["https://example.org/pull/7"])
    return b.rust.market.accept(item, STAMP)


def asks_seen_by_the_poster(b: Board) -> Answer:
    _ = b.bolt, b.kit
    done = b.handed_in()
    b.rust.market.accept(done, STAMP)
    item = b.post(assign="choose")
    b.ash.market.claim(item)
    b.world.pass_time(9 * MINUTE // 60)
    b.bolt.market.claim(item)
    b.rust.market.sync()
    return b.rust.market.bids(item)


def unsigned_ask_seen_by_the_poster(b: Board) -> Answer:
    item = b.post()
    journal = b.rust.town.ledgers[b.rust.town.current]
    values = {"id": item, "title": TITLE, "status": "claimed", "claimed_by": "bob"}
    row = Row(table="wanted", key=item, values=values)
    journal.store.observe([Observed(row=row, source="DoltHub", commit="c" * 32, seen_at=1)])
    return b.rust.market.bids(item)


def hand_in_seen_by_the_poster(b: Board) -> Answer:
    b.handed_in()
    b.world.pass_time(2 * HOUR)
    return b.rust.market.me()


def seen_by_anybody(b: Board) -> Answer:
    _ = b.bolt, b.kit
    item = b.post()
    b.carried()
    b.ash.market.claim(item)
    b.kit.market.claim(item)
    b.ash.market.sync()
    b.world.pass_time(47 * HOUR)
    return b.bolt.market.show(item)


@dataclass(frozen=True)
class Row7:
    """A row of the page: how it comes about, its exit code, its lines, its error code."""

    history: Callable[[Board], Answer]
    exit: int
    lines: tuple[str, ...]
    code: str = ""


ROWS = (
    Row7(yours, 0, (
        f'yours   W "{TITLE}" until T (24 h)',
        "        rust-hollow said yes in 0.0 s. It stays yours while you show work.",
        "next    wl done W --evidence <url>   ·   give it back: wl unclaim W")),
    Row7(already, 0, ("yours   W since T, until T (nothing changed)",)),
    Row7(asked, 9, (
        "asked   W. Not yours yet: do not start.",
        ("        rust-hollow decides; last heard 47 h ago. Your request waits for it at kit and"
        " bolt. 1 other asked too."),
        "next    wl wait W   ·   take it back: wl unclaim W   ·   other work: wl browse"),
        "claim.waiting"),
    Row7(asked_alone, 9, (
        ("asked   W, only on this machine: no peer reached for 4 min. It leaves by itself when one"
        " answers."),), "claim.waiting"),
    Row7(chosen_by_hand, 9, (
        "asked   W. rust-hollow picks by hand among 3 requests.",), "claim.waiting"),
    Row7(race, 0, (
        ("yours   W, together with 2 others. The first accepted hand-in wins; yours may end"
        " unused."),)),
    Row7(taken, 5, (
        "taken   W is ash/ash's until T. rust-hollow heard ash first.",
        "        Nothing of yours changed. Already built it? wl done W --speculative",
        "next    wl browse"), "claim.lost"),
    Row7(taken_by_own_town, 5, (
        "taken   W is held by toast, an agent of your own town.",), "claim.own_town"),
    Row7(asked_by_own_town, 5, (
        "taken   W was asked for by toast, an agent of your own town.",), "claim.own_town"),
    Row7(lapsed, 5, (
        "lapsed  your request for W got no answer in 48 h. Ask again: wl claim W",),
        "claim.lapsed"),
    Row7(stale, 5, (
        "lapsed  W has new terms since you asked. Ask again: wl claim W",), "claim.lapsed"),
    Row7(displaced, 5, (
        ("stop    W is no longer yours: rust-hollow's key was revoked or spoke twice, and that yes"
        " no longer counts."),
        "        Your branch is untouched. Hand in what you have: wl done W --speculative"),
        "claim.displaced"),
    Row7(taken_back, 5, (
        ('stop    rust-hollow took W back: "no progress for 9 h". Your branch is untouched.'
        ' Reply: wl note W "…"'),), "claim.taken_back"),
    Row7(withdrawn_while_held, 5, (
        ('stop    rust-hollow took W back: "no progress for 9 h". Your branch is untouched.'
        ' Reply: wl note W "…"'),), "claim.taken_back"),
    Row7(overdue, 0, (
        "overdue W by 3 h. Still yours until rust-hollow ends it. Keep it: wl renew W",)),
    Row7(ended, 5, (
        "ended   W went back on the board (no sign of work since T). Ask again: wl claim W",),
        "claim.ended"),
    Row7(handed_in, 0, (
        ("handed in  W, attempt 1. rust-hollow reviews; last heard 2 days ago. Your time stands"
        " still meanwhile."),)),
    Row7(sent_back, 0, (
        'sent back  W: "race test still fails on 3.12". Yours again until T.',
        "next    wl done W --evidence <url>   ·   give it back: wl unclaim W")),
    Row7(accepted, 0, (
        "accepted  W by rust-hollow: quality 5, reliability 4. Stamp S, verified.",)),
    Row7(closed, 0, ('closed  W by rust-hollow without a stamp: "duplicate".',)),
    Row7(not_yours, 4, ("refused  only rust-hollow may accept W.",), "not.yours"),
    Row7(own_stamp, 4, ("refused  you cannot stamp your own work: wl close W",), "self.stamp"),
    Row7(asks_seen_by_the_poster, 0, (
        ("W  ash asked 22 s ago (1 stamp, quality 5.0), bolt 7 s ago (new)."
        "  yes: wl grant W --to ash"),)),
    Row7(unsigned_ask_seen_by_the_poster, 0, (
        "W  bob asked on DoltHub without a signature. yes: wl grant W --to bob",)),
    Row7(hand_in_seen_by_the_poster, 0, (
        ("W  ash handed in 2 h ago: https://example.org/pull/7.  wl show W · wl accept W"
        ' --quality 1-5 · wl reject W --reason "…"'),)),
    Row7(seen_by_anybody, 0, (
        "open    W · 2 asked, rust-hollow has not answered for 47 h",)),
)  # fmt: skip


def said(answer: Answer | ActionError | MarketError, item: str) -> list[str]:
    """The lines a person sees, with ids and hours left out."""
    lines = list(answer.words)
    if isinstance(answer, Answer) and answer.next:
        lines.append("next    " + "   ·   ".join(next_words(one) for one in answer.next))
    plain = []
    for line in lines:
        text = re.sub(rf"w-{item[2:6]}[0-9a-f]*", "W", line)
        text = re.sub(r"s-[0-9a-f]{6}", "S", text)
        plain.append(re.sub(r"\w{3} \d\d:\d\d UTC", "T", text))
    return plain


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.history.__name__)
def test_each_state_has_its_words_its_exit_code_and_its_error(row):
    """users 7: the first word is the state, then who must act, then what to type."""
    board = Board()
    try:
        found: Answer | ActionError | MarketError = row.history(board)
    except (ActionError, MarketError) as refused:
        found = refused
    shown = [line.strip() for line in said(found, board.item)]
    for line in row.lines:
        assert line.strip() in shown, shown
    assert found.exit == row.exit
    code = found.error["code"] if isinstance(found, Answer) and found.error else None
    code = found.code if not isinstance(found, Answer) else code
    assert (code or "") == row.code


@pytest.mark.parametrize(
    ("heard_s", "words"),
    [(None, ""), (1, ""), (29, ""), (30, "; last heard 30 s ago"), (90, "; last heard 1 min ago")],
)
def test_when_somebody_was_last_heard_is_said_of_who_is_not_here_now(heard_s, words):
    """A line reads the same on a slow machine as on a fast one."""
    line = handed_in_line("W", 1, "rust-hollow", Reach(live=True, last_heard_s=heard_s))
    assert f"rust-hollow reviews{words}. Your time" in line
