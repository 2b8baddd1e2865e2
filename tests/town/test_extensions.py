"""Points of extension: each promise on the town's own adapter and on the one in memory."""

import json
import sys

import pytest

from ledger.beads.errors import BeadError
from ledger.beads.rows import Bead
from stamps.errors import WastelandError
from tests.cli.boards import Board
from tests.town.packages import installed as in_site
from tests.town.towns import git, town_in
from town.agents.address import Address
from town.extensions import points
from town.extensions.finding import POINTS, ExtensionError, adapter, installed
from town.extensions.memory import (
    MemoryBranches,
    MemoryCommons,
    MemoryConfig,
    MemoryIssues,
    MemorySessions,
)
from town.extensions.of_market import MarketStore
from town.extensions.of_town import RigBranches
from town.node.extended import FileConfigStore
from town.sessions.starting import SessionRequest
from town.workspace.files import write_json

URL = "https://example.org/pull/9"
KINDS = pytest.mark.parametrize("kind", ["town", "memory"])


@pytest.fixture
def town(tmp_path):
    """A town with a project."""
    with town_in(tmp_path) as found:
        yield found


@KINDS
def test_a_lister_names_what_runs_and_nothing_else(town, kind):
    """A session that was begun is named; once it is over it is not."""
    fake = {"command": "sleep", "args": ["60"], "prompt_mode": "none"}
    settings = {"default_agent": "fake", "agents": {"fake": fake}}
    write_json(town.workspace.settings, {**settings, "session": {"provider": "process"}})
    who = Address(text="mayor", role="mayor")
    desk = town.works().agents
    desk.begin(SessionRequest(who=who))
    lister = (
        town.works().extension("session_lister") if kind == "town" else MemorySessions("hq-mayor")
    )
    assert isinstance(lister, points.SessionLister)
    assert list(lister.list_sessions()) == ["hq-mayor"]
    desk.stop(who, grace_s=1)
    assert list(town.works().extension("session_lister").list_sessions()) == []


@KINDS
@pytest.mark.parametrize("point", ["issue_reader", "issue_shower"])
def test_an_issue_is_read_as_it_is_or_there_is_none(town, kind, point):
    """Its whole row; for an id that nothing has, an error of beads."""
    identifier = town.bead("Mend it", description="soon")
    bead = town.private.store.get(Bead, identifier)
    reader = town.works().extension(point) if kind == "town" else MemoryIssues(bead)
    assert isinstance(reader, POINTS[point])
    assert reader.show(identifier) == bead
    with pytest.raises(BeadError):
        reader.show("ap-zzzzz")


@KINDS
def test_branches_here_and_there_are_told_apart(town, kind):
    """A branch that was made here is not at the remote, and one of no name is nowhere."""
    repository = town.workspace.rig("api").repository
    git(repository, "branch", "mine", "origin/main")
    works = town.works()
    checker = (
        RigBranches(works.git, repository)
        if kind == "town"
        else MemoryBranches("mine", remote=("main",))
    )
    assert isinstance(checker, points.BranchChecker)
    assert checker.branch_exists("mine")
    assert not checker.branch_exists("other")
    assert checker.remote_branch_exists("main")
    assert not checker.remote_branch_exists("mine")


@KINDS
def test_settings_are_kept_and_a_wrong_one_changes_nothing(town, kind):
    """What is saved is loaded; what is not named stays; one unknown name and none is saved."""
    root = town.workspace.root
    real = FileConfigStore({})
    store = real if kind == "town" else MemoryConfig(real.load(root))
    assert isinstance(store, points.ConfigStore)
    before = store.load(root)
    store.save(root, {"node.port": 7999})
    assert store.load(root) == {**before, "node.port": 7999}
    with pytest.raises(WastelandError):
        store.save(root, {"node.port": 8000, "no.such": "x"})
    assert store.load(root) == {**before, "node.port": 7999}
    assert isinstance(town.works().extension("config_store"), points.ConfigStore)


@pytest.fixture
def commons(kind, tmp_path):
    """A board of `rust`, on which `ash` is known."""
    if kind == "memory":
        yield MemoryCommons("rust")
        return
    board = Board(tmp_path)
    yield MarketStore(board.rust.town.market)
    board.close()


@KINDS
def test_work_on_a_board_goes_its_way(commons, kind):
    """Posted, claimed, handed in, each seen in its row; nobody claims for somebody else."""
    assert isinstance(commons, points.WLCommonsStore)
    commons.ensure_db()
    assert commons.database_exists()
    item = commons.insert_wanted({"title": "Mend the gate", "type": "bug"})
    assert commons.query_wanted(item) == {
        "id": item, "title": "Mend the gate", "status": "open", "claimed_by": None,
    }  # fmt: skip
    assert commons.query_wanted("w-none") is None
    with pytest.raises(WastelandError):
        commons.claim_wanted(item, "ash")
    with pytest.raises(WastelandError):
        commons.claim_wanted("w-none", "rust")
    commons.claim_wanted(item, "rust")
    assert dict(commons.query_wanted(item) or {})["claimed_by"] == "rust"
    assert commons.submit_completion("c-1", item, "rust", URL)
    assert dict(commons.query_wanted_full(item) or {})["status"] == "in_review"


@KINDS
def test_stamps_are_found_by_whom_they_were_given_to(commons, kind):
    """The newest first; whoever has none has none."""
    before = len(commons.query_stamps_for_subject("ash"))
    for quality in (3, 5):
        given = commons.insert_stamp(
            {"subject": "ash", "valence": {"quality": quality}, "context_type": "endorsement"}
        )
    found = commons.query_stamps_for_subject("ash")
    assert len(found) == before + 2
    assert given in [one["id"] for one in found]
    assert commons.query_last_stamp_for_subject("ash") == found[0]
    assert commons.query_last_stamp_for_subject("nobody") is None
    assert list(commons.query_all_subjects()) == [found[0]["subject"]]
    assert list(commons.query_badges("ash")) == []
    row = commons.upsert_leaderboard({"handle": "ash"})
    assert (row["handle"], row["stamps"]) == ("ash", before + 2)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that offers adapters, installed as far as Python looks."""
    folder = tmp_path / "site"
    info = folder / "listers-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: listers\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[wasteland.session_lister]\nfar = gt_listers:Far\nwrong = gt_listers:Wrong\n"
        "gone = gt_listers:Gone\n"
    )
    (folder / "gt_listers.py").write_text(
        "class Far:\n"
        "    def __init__(self, works):\n        self.root = works.workspace.root\n"
        "    def list_sessions(self):\n        return [f'far-{self.root.name}']\n\n"
        "class Wrong:\n    def __init__(self, works):\n        pass\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("gt_listers", None)


def test_an_adapter_of_another_package_is_found_by_its_entry_point(town, package):
    """The town's setting names it; then it stands where ours stood."""
    assert set(installed("session_lister")) >= {"far", "wrong", "gone"}
    write_json(town.workspace.settings, {"extensions": {"session_lister": "far"}})
    assert list(town.works().extension("session_lister").list_sessions()) == ["far-gt"]


@pytest.mark.parametrize(
    ("name", "why"), [("wrong", "is no SessionLister"), ("gone", "Gone"), ("x", "not installed")]
)
def test_an_adapter_that_is_none_is_refused_with_the_reason(town, package, name, why):
    """It lacks a method, cannot be loaded, or is not there."""
    write_json(town.workspace.settings, {"extensions": {"session_lister": name}})
    with pytest.raises(ExtensionError, match=why):
        town.works().extension("session_lister")


def test_every_point_has_ours_where_nobody_names_another():
    """Also without any package."""
    for point in POINTS:
        assert adapter(point, "", ours=lambda around: around, around=point) == point


STORE = """
import json

class Store:
    def __init__(self, place):
        self.file = place.workspace.root / "kept-elsewhere.json"
        assert place.env is not None

    def load(self, town):
        said = json.loads(self.file.read_text()) if self.file.exists() else {}
        return {"node.port": 0, **said}

    def save(self, town, values):
        said = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.file.write_text(json.dumps({**said, **values}))
"""


@pytest.fixture
def elsewhere(prompt):
    """A town on the market whose settings say that another package keeps those of the market."""
    assert prompt.gt("install", str(prompt.at / "gt")).code == 0
    prompt.at = prompt.at / "gt"
    assert prompt.gt("wl", "init", "--handle", "rust").code == 0
    assert prompt.gt("config", "set", "extensions", '{"config_store": "far"}').code == 0
    return prompt


@pytest.mark.slow
def test_the_markets_settings_are_kept_where_the_town_says(elsewhere, tmp_path):
    """`wl config` reads and writes another package's store, and the node that comes up heeds it.

    A wrong value is refused as ever and never reaches it; the environment beats it as ever; without
    the package nothing begins, and the reason is said.
    """
    config = ("gt", "wl", "config")
    assert elsewhere.json(*config, "list")["error"]["code"] == "extension.bad"
    kept = elsewhere.at / "kept-elsewhere.json"
    with in_site(tmp_path, {"config_store": "Store"}, STORE) as site:
        assert elsewhere.json(*config, "get", "node.port")["data"][0]["value"] == 0
        assert elsewhere.gt("wl", "config", "set", "claim.wait_s", "3").code == 0
        (said,) = elsewhere.json(*config, "get", "claim.wait_s", "--origin")["data"]
        assert (said["value"], said["origin"]) == (3, "store")
        over = elsewhere.json(*config, "get", "claim.wait_s", env={"WL_CLAIM_WAIT_S": "4"})
        assert over["data"][0]["origin"] == "env WL_CLAIM_WAIT_S"
        assert elsewhere.gt("wl", "config", "set", "node.port", "70000").code == 2
        assert json.loads(kept.read_text("utf-8")) == {"claim.wait_s": 3}
        assert elsewhere.gt("wl", "config", "unset", "claim.wait_s").code == 0
        assert json.loads(kept.read_text("utf-8")) == {"claim.wait_s": 10}
        elsewhere.env["PYTHONPATH"] = str(site)
        up = elsewhere.line("gt", "up")
        assert elsewhere.line("gt", "down")["exit"] == 0
        assert not up["data"]["node"]["url"].endswith(":7331")
