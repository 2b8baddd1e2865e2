"""What the commands refuse, as typed: the exit code, the stable code, the words, and no trace.

One board for all lines; a line that is refused leaves records, notes and keys as they were.
"""

import pytest

from tests.cli.boards import Board

LONG = "x" * 70_000
MARK = "left\u202eright"
# Who types what, the exit code, the error's code, and what the words say.
REFUSED = [
    ("rust", "accept {posted} --quality 5", 4, "state.wrong", "nothing waits for a decision"),
    ("rust", "accept {handed_in} --quality 5 --attempt 7", 3, "id.unknown", "'7'"),
    ("rust", "accept {handed_in} --quality 5 --dim tests=good", 2, "usage", "1 to 5"),
    ("rust", "accept {handed_in} --quality 5 --dim tests=6", 2, "record.bad", "from 1 to 5"),
    ("rust", "accept {handed_in} --quality 5 --dim tests=0", 2, "record.bad", "from 1 to 5"),
    ("rust", "accept {handed_in} --quality 5 --reach huge", 2, "record.bad", "small, wide, core"),
    ("rust", "accept {handed_in} --quality 5 -m {long}", 2, "record.bad", "16384 bytes"),
    ("ash", "accept {handed_in} --quality 5", 4, "not.yours", "only its home may say"),
    ("rust", "reject {posted} --reason no", 4, "state.wrong", "nothing waits"),
    ("rust", "reject {handed_in} --reason {blank}", 2, "record.bad", "needs a reason"),
    ("rust", "reject {handed_in} --reason {long}", 2, "record.bad", "16384 bytes"),
    ("rust", "reject {handed_in} --reason {mark}", 2, "record.bad", "no record may carry"),
    ("rust", "takeback {held} --reason {blank}", 2, "record.bad", "needs a reason"),
    ("rust", "takeback {held} --reason x --from nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "takeback {held} --reason {long}", 2, "record.bad", "16384 bytes"),
    ("ash", "takeback {held} --reason x", 4, "not.yours", "only its home may say"),
    ("rust", "grant {asked} --to nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "grant {posted}", 3, "id.unknown", "no request"),
    ("ash", "grant {asked} --to ash", 4, "not.yours", "only its home may say"),
    ("rust", "update {held} --check x", 4, "state.wrong", "somebody works on it"),
    ("rust", "update {posted} --priority 9", 2, "record.bad", "from 0 (now) to 4"),
    ("rust", "update {posted} --effort vast", 2, "record.bad", "trivial, small, medium"),
    ("rust", "update {posted}", 2, "usage", "nothing to change"),
    ("ash", "update {posted} --title x", 4, "not.yours", "only its home may say"),
    ("rust", "withdraw {posted} --reason {long}", 2, "record.bad", "16384 bytes"),
    ("ash", "withdraw {posted}", 4, "not.yours", "only its home may say"),
    ("rust", "close {posted} --reason {long}", 2, "record.bad", "16384 bytes"),
    ("ash", "close {posted}", 4, "not.yours", "only its home may say"),
    ("new", "claim {posted}", 3, "id.wasteland", "in no wasteland"),
    ("ash", "claim {posted} --wait soon", 2, "usage", "no length of time"),
    ("rust", "note {posted} {blank}", 2, "usage", "needs a text"),
    ("rust", "note {posted} x --re zz", 2, "record.bad", "no one note"),
    ("rust", "note {posted} x --tag no", 2, "record.bad", "note, question, answer"),
    ("rust", "note {posted} {mark}", 2, "record.bad", "no record may carry"),
    ("ash", "done {posted} --evidence x", 4, "state.wrong", "not yours"),
    ("ash", "done {held}", 2, "usage", "what was done?"),
    ("ash", "done {held} --evidence {blank}", 2, "record.bad", "evidence is empty"),
    ("ash", "done {held} --evidence blob:x", 2, "record.bad", "--blob FILE"),
    ("ash", "done {held} --evidence x --summary {long}", 2, "record.bad", "16384 bytes"),
    ("ash", "renew {posted}", 4, "state.wrong", "not yours"),
    ("rust", "stamp give nobody --quality 3", 3, "id.unknown", "'nobody'"),
    ("rust", "stamp give rust --quality 3", 4, "self.stamp", "your own work"),
    ("rust", "stamp give ash --quality 3 --type odd", 2, "record.bad", "endorsement, mentoring"),
    ("rust", "stamp give ash --quality 3 --dim tests=7", 2, "record.bad", "from 1 to 5"),
    ("rust", "stamp revoke s-00000000 --reason x", 3, "id.unknown", "no stamp of yours"),
    ("rust", "stamp revoke {stamp} --reason {blank}", 2, "record.bad", "needs a reason"),
    ("ash", "stamp revoke {stamp} --reason x", 3, "id.unknown", "no stamp of yours"),
    ("ash", "admit rust", 4, "not.yours", "only its home may say"),
    ("rust", "admit nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "admit ash --handle Ash!", 2, "handle.bad", "cannot be a name"),
    ("rust", "admit ash --handle rust", 4, "not.free_name", "taken"),
    ("ash", "policy lease_s=7200", 4, "not.yours", "only its home may say"),
    ("rust", "policy lease_s=1", 2, "record.bad", "5 minutes"),
    ("rust", "policy lease_s=soon", 2, "record.bad", "number of seconds"),
    ("rust", "policy assign=fair", 2, "record.bad", "first, choose, race"),
    ("rust", "policy join=invite", 2, "record.bad", "rule of the genesis"),
    ("rust", "policy fair=yes", 2, "record.bad", "no rule is called fair"),
    ("rust", "policy maintainers=nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "create {name}", 2, "record.bad", "at most 255 characters"),
    ("rust", "create rust/x --join maybe", 2, "usage", "open or invite"),
    ("rust", "invite --expires soon", 2, "usage", "no length of time"),
    ("rust", "invite --count 1001", 2, "record.bad", "for 1 to 1,000 towns"),
    ("rust", "invite --count 0", 2, "record.bad", "for 1 to 1,000 towns"),
    ("rust", "invite --expires 91d", 2, "record.bad", "up to 90 days"),
    ("rust", "invite --expires 0", 2, "record.bad", "up to 90 days"),
    ("rust", "invite --via nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "join - --yes", 2, "usage", "an invite is needed"),
    ("rust", "join wl1:abc", 2, "usage.needs_yes", "become visible"),
    ("rust", "leave nowhere --yes", 3, "id.wasteland", "'nowhere'"),
    ("rust", "list --use nowhere", 3, "id.wasteland", "'nowhere'"),
    ("rust", "peer remove nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "peer ping nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "sync nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "profile nobody", 3, "id.unknown", "'nobody'"),
    ("rust", "init --handle ash", 4, "town.exists", "rust's already"),
    ("new", "init", 2, "record.bad", "needs a name"),
    ("new", "init --handle Ash!", 2, "handle.bad", "cannot be a name"),
    ("new", "init --handle ash --type robot", 2, "record.bad", "town, human, agent, org"),
    ("new", "post x", 3, "town.none", "no account"),
    ("new", "account", 3, "town.none", "no account"),
    ("new", "key rotate --yes", 3, "town.none", "no account"),
    ("new", "key backup -", 3, "town.none", "no account"),
    ("rust", "device revoke zz --yes", 3, "id.unknown", "no device"),
    ("rust", "device join", 4, "town.exists", "rust's already"),
    ("rust", "post x --home nobody", 2, "record.bad", "no node here"),
    ("rust", "post x --due soon", 2, "record.bad", "no date"),
    ("rust", "post x --lease 1s", 2, "record.bad", "5 minutes"),
    ("rust", "post x --supersedes w-00000000", 3, "id.unknown", "'w-00000000'"),
    ("rust", "post {long}", 2, "record.bad", "16384 bytes"),
    ("rust", "browse --sort zz", 2, "record.bad", "sort by priority"),
    ("rust", "browse --status zz", 2, "record.bad", "no status"),
    ("rust", "browse --cursor zz", 2, "record.bad", "no cursor"),
    ("rust", "wait {posted} --until never", 2, "usage", "cannot be waited for"),
    ("rust", "show w-1", 3, "id.unknown", "'w-1'"),
    ("rust", "show w-", 3, "id.unknown", "'w-'"),
    ("rust", "export /nonexistent/x", 2, "file.bad", "No such file"),
    ("rust", "export x --item w-00000000", 3, "id.unknown", "'w-00000000'"),
    ("rust", "export -", 2, "usage", "name a file"),
    ("rust", "import /nonexistent/x", 2, "file.bad", "No such file"),
    ("rust", "import", 2, "usage", "either FILE or --rows"),
    ("rust", "config get no.such", 2, "config.bad", "no such setting"),
    ("rust", "config set node.port x", 2, "config.bad", "whole number"),
    ("rust", "config set node.log_level loud", 2, "config.bad", "info, warning"),
    ("rust", "help nothing", 2, "usage", "topics: exits, output"),
    ("rust", "completion tcsh", 2, "usage", "bash, zsh, fish"),
    ("rust", "frobnicate", 2, "usage", "no command is called"),
    ("rust", "up --recover /nonexistent/x", 2, "file.bad", "No such file"),
]


def words_of(board: Board, line: str) -> tuple[str, ...]:
    """The line as its words, the names of items and texts put in."""
    texts = {"name": "n" * 256, "long": LONG, "blank": " ", "mark": MARK, "stamp": board.stamp}
    items = {"posted": board.posted, "asked": board.asked, "handed_in": board.handed_in}
    return tuple(word.format(**texts, **items, held=board.held_by_ash) for word in line.split())


@pytest.mark.parametrize("case", REFUSED, ids=[f"{who} {line}" for who, line, *_ in REFUSED])
def test_what_is_refused_is_said_and_leaves_no_trace(board, case):
    """Both forms say the same; a program has the code, a person the words, on standard error."""
    who, line, code, error, why = case
    town, words = getattr(board, who), words_of(board, line)
    before = town.traces()
    said = town.json(*words)
    assert (said["exit"], said["error"]["code"]) == (code, error)
    assert why in said["error"]["message"]
    if error == "not.yours":
        assert said["error"]["home"] == "rust"
        why = "only rust may "  # a person has the name in the sentence
    if line != "export -":  # without --json it is the bundle itself
        told = town.type(*words)
        assert (told.code, told.text) == (code, "")
        assert why in " ".join(told.talk.split())
        assert f"error   {error}\n" in told.talk
    assert town.traces() == before
