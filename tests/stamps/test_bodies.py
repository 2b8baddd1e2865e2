"""Bodies: one good example of each kind, and each member wrong in turn (records 1.4, 3-6)."""

import pytest

from stamps.bodies import BODIES, read
from stamps.errors import BadRecordError, KeyRefusedError
from stamps.identity import DeviceKey, did_of
from stamps.kinds import (
    ABOUT,
    DECISION_KINDS,
    IDENTITY_KINDS,
    INSTRUCTION_KINDS,
    LOG_KINDS,
    check_about,
    check_place,
    is_scope,
)
from stamps.limits import ABOUT_CHARS_MAX, LOG_SEQ_MAX

ID = "ab" * 32
AT = 1_700_000_000_000_000
DID = DeviceKey.from_seed(bytes(32)).device
DIDS = [DeviceKey.from_seed(bytes([n]) * 32).device for n in range(6)]
SMALL_ORDER = did_of(b"\1" + bytes(31))  # the neutral point
STAMP = {"dims": {"quality": 3}}

GOOD: dict[str, dict] = {
    "rig.register": {"handle": "anna", "type": "human", "rotation": [DID], "device": DID},
    "device.add": {"device": DID, "may": ["claim.bid", "*"]},
    "device.revoke": {"device": DID, "heads": {ID: [0, ID]}},
    "device.retire": {},
    "key.rotate": {"rotation": DIDS[:5]},
    "rig.update": {},
    "rig.link": {"other": ID, "relation": "member"},
    "rig.bind": {"service": "github", "name": "anna", "proof": "https://example.org/proof"},
    "wasteland.create": {
        "name": "hop/commons",
        "title": "Commons",
        "maintainers": [],
        "policy": {},
        "schema": "1.2",
    },
    "rig.join": {"handle": "anna"},
    "rig.admit": {"account": ID, "handle": "anna", "decides": ID},
    "wasteland.policy": {"set": {}, "decides": ID},
    "home.move": {"to": {"account": ID, "device": DID}, "decides": ID},
    "wanted.post": {
        "title": "Fix it",
        "description": "",
        "project": "",
        "type": "",
        "priority": 0,
        "effort": "epic",
        "tags": [],
        "under": "",
        "policy": {},
    },
    "wanted.update": {"set": {}, "decides": ID},
    "wanted.withdraw": {"decides": ID},
    "claim.bid": {"seen": ID},
    "claim.grant": {"bid": ID, "term": 1, "lease_s": 300, "decides": ID},
    "claim.renew": {"grant": ID},
    "claim.release": {"grant": ID},
    "claim.end": {"grant": ID, "cause": "lapsed", "decides": ID},
    "work.submit": {"summary": "", "evidence": []},
    "work.accept": {"submission": ID, "stamp": STAMP, "decides": ID},
    "work.reject": {"submission": ID, "reason": "", "decides": ID},
    "work.close": {"decides": ID},
    "note.add": {"tag": "note", "text": ""},
    "decision.confirm": {"of": ID, "decides": ID},
    "stamp.give": {"subject": ID, "context": {"type": "review"}, "stamp": STAMP},
    "stamp.revoke": {"reason": ""},
    "label.set": {"label": "spam", "reason": ""},
}


def reason_of(kind: str, body: dict) -> str:
    """Why a body is refused."""
    with pytest.raises(BadRecordError) as refused:
        read(kind, body)
    return refused.value.reason


def evidence(**members) -> dict:
    """A submission with one entry."""
    return {"evidence": [{"kind": "text", "value": ""} | members]}


def test_each_kind_has_an_example_here():
    """A kind that is added without a test of its limits fails."""
    assert GOOD.keys() == BODIES.keys() == ABOUT.keys()


@pytest.mark.parametrize("kind", GOOD)
def test_unknown_members_are_welcome_and_known_ones_needed(kind):
    """A newer version may say more; nobody may say less (records 8)."""
    read(kind, GOOD[kind] | {"of_a_newer_version": {"a": 1}})
    for name in GOOD[kind]:
        without = {member: GOOD[kind][member] for member in GOOD[kind] if member != name}
        reason = reason_of(kind, without)
        alternative = (kind, name) in {("claim.grant", "bid"), ("claim.release", "grant")}
        assert reason == (f"body.{name}" if alternative else f"missing.{name}")


@pytest.mark.parametrize("kind", GOOD)
def test_no_member_may_be_null(kind):
    """Absent is the one way to say nothing."""
    for name in GOOD[kind]:
        assert reason_of(kind, GOOD[kind] | {name: None}) == f"body.{name}"


def test_bodies_of_kinds_nobody_knows_may_say_anything():
    """Private extensions and newer kinds are kept and passed on (records 8)."""
    read("x.weather", {"title": 1})
    read("later.kind", {})


# kind, what is changed at the limit, what is changed beyond it, the reason
LIMITS = [
    ("rig.register", {"handle": "a" * 64}, {"handle": "a" * 65}, "limit.handle"),
    ("rig.register", {"rotation": DIDS[:5]}, {"rotation": DIDS}, "limit.rotation"),
    ("rig.register", {"parent": ID}, {"parent": ID[:-1]}, "limit.parent"),
    ("key.rotate", {"rotation": DIDS[:1]}, {"rotation": []}, "limit.rotation"),
    ("device.add", {"may": ["a" * 32]}, {"may": ["a" * 33]}, "limit.may"),
    ("device.add", {"may": []}, {"may": ["A"]}, "limit.may"),
    ("device.revoke", {"heads": {}}, {"heads": {"cafe": [0, ID]}}, "limit.heads"),
    ("device.revoke", {"heads": {ID: [5, ID]}}, {"heads": {ID: [-1, ID]}}, "body.heads"),
    ("device.revoke", {"heads": {ID: [5, ID]}}, {"heads": {ID: [5]}}, "body.heads"),
    ("rig.update", {"name": "x" * 255}, {"name": "x" * 256}, "limit.name"),
    ("rig.update", {"skills": ["x" * 64]}, {"skills": ["x" * 65]}, "limit.skills"),
    ("rig.bind", {"name": "x" * 255}, {"name": "x" * 256}, "limit.name"),
    ("rig.bind", {"service": "web"}, {"service": "gopher"}, "body.service"),
    ("wasteland.create", {"name": "x" * 255}, {"name": ""}, "limit.name"),
    ("wasteland.create", {"title": "x" * 200}, {"title": "x" * 201}, "limit.title"),
    ("wasteland.create", {"schema": "1.2"}, {"schema": "1.3"}, "body.schema"),
    ("wasteland.create", {"maintainers": [ID]}, {"maintainers": ["me"]}, "limit.maintainers"),
    ("wasteland.policy", {"set": {"lease_s": 300}}, {"set": {"lease_s": 299}}, "limit.lease_s"),
    ("wasteland.policy", {"set": {"title": "x"}}, {"set": {"title": ""}}, "limit.title"),
    ("rig.admit", {"suspend": True}, {"suspend": 1}, "body.suspend"),
    ("wanted.post", {"project": "é" * 64}, {"project": "é" * 65}, "limit.project"),
    ("wanted.post", {"type": "a_-9" * 8}, {"type": "A"}, "limit.type"),
    ("wanted.post", {"priority": 4}, {"priority": 5}, "limit.priority"),
    ("wanted.post", {"priority": 0}, {"priority": False}, "body.priority"),
    ("wanted.post", {"effort": "trivial"}, {"effort": "huge"}, "body.effort"),
    ("wanted.post", {"tags": ["x"] * 32}, {"tags": ["x"] * 33}, "limit.tags"),
    ("wanted.post", {"tags": ["x" * 64]}, {"tags": ["x" * 65]}, "limit.tags"),
    ("wanted.post", {"tags": []}, {"tags": "x"}, "body.tags"),
    ("wanted.post", {"under": ID}, {"under": ID.upper()}, "limit.under"),
    (
        "wanted.post",
        {"policy": {"lease_s": 7_776_000}},
        {"policy": {"lease_s": 7_776_001}},
        "limit.lease_s",
    ),
    ("wanted.post", {"policy": {"max": 1}}, {"policy": {"max": 0}}, "limit.max"),
    ("wanted.post", {"policy": {"unsigned": "ask"}}, {"policy": {"unsigned": ""}}, "body.unsigned"),
    ("wanted.post", {"due": AT}, {"due": "tomorrow"}, "body.due"),
    ("wanted.post", {"needs": ["x"]}, {"needs": [1]}, "body.needs"),
    ("wanted.post", {"description": "é" * 6144}, {"description": "é" * 6145}, "limit.description"),
    (
        "wanted.update",
        {"set": {"description": "x" * 12_288}},
        {"set": {"description": "x" * 12_289}},
        "limit.description",
    ),
    ("wanted.withdraw", {"reason": "x" * 500}, {"reason": "x" * 501}, "limit.reason"),
    ("claim.bid", {"by": "x" * 255}, {"by": "x" * 256}, "limit.by"),
    ("claim.bid", {"until": AT}, {"until": 0}, "limit.until"),
    ("claim.grant", {"term": 1}, {"term": 0}, "limit.term"),
    ("claim.grant", {"lease_s": 7_776_000}, {"lease_s": 299}, "limit.lease_s"),
    ("claim.grant", {}, {"for": "bob"}, "body.bid"),
    ("claim.end", {"renew": ID}, {"cause": "released"}, "body.release"),
    ("claim.end", {"cause": "released", "release": ID}, {"cause": "forgotten"}, "body.cause"),
    ("claim.end", {"cause": "taken_back", "reason": ""}, {"cause": "taken_back"}, "body.reason"),
    ("work.submit", evidence(value="é" * 2048), evidence(value="é" * 2049), "limit.value"),
    ("work.submit", evidence(kind="gate"), evidence(kind="promise"), "body.kind"),
    ("work.submit", evidence(size=0), evidence(size=-1), "limit.size"),
    ("work.submit", evidence(sha256=ID), evidence(sha256="cafe"), "limit.sha256"),
    ("work.submit", {"on_behalf": "bob"}, {"on_behalf": ""}, "limit.on_behalf"),
    ("work.reject", {"reason": "x" * 500}, {"reason": "x" * 501}, "limit.reason"),
    ("work.close", {"submission": ID, "reason": ""}, {"submission": "x"}, "limit.submission"),
    ("note.add", {"text": "é" * 2048}, {"text": "é" * 2049}, "limit.text"),
    ("note.add", {"tag": "check", "re": ID}, {"tag": "rumour"}, "body.tag"),
    ("work.accept", {}, {"stamp": {"dims": {}}}, "missing.quality"),
    ("stamp.give", {}, {"context": {"type": "friendship"}}, "body.type"),
    ("stamp.revoke", {"reason": "x" * 500}, {"reason": "x" * 501}, "limit.reason"),
    ("label.set", {"label": "x" * 64, "until": AT}, {"label": "x" * 65}, "limit.label"),
]


@pytest.mark.parametrize(("kind", "at_limit", "beyond", "reason"), LIMITS)
def test_at_its_limit_a_member_passes_and_beyond_it_does_not(kind, at_limit, beyond, reason):
    """Attack 37: the columns' limits are admission limits, so no record stops a fold."""
    read(kind, GOOD[kind] | at_limit)
    assert reason_of(kind, GOOD[kind] | beyond) == reason


def test_a_grant_is_for_a_bid_or_for_a_neighbour():
    """One of the two, under its name on the wire."""
    grant = {"term": 1, "lease_s": 300, "decides": ID, "for": "bob"}
    assert read("claim.grant", grant).neighbour == "bob"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("rig.register", {"device": SMALL_ORDER}),
        ("rig.register", {"rotation": ["did:key:z6Mk"]}),
        ("device.add", {"device": "did:web:example.org"}),
        ("device.revoke", {"successor": "me"}),
        ("key.rotate", {"rotation": ["", DID]}),
        ("home.move", {"to": {"account": ID, "device": "me"}}),
    ],
)
def test_a_key_that_is_none_is_refused_wherever_one_is_named(kind, change):
    """Of small order, of another method, or no key at all (records 1.1)."""
    with pytest.raises(KeyRefusedError):
        read(kind, GOOD[kind] | change)


def test_a_successor_is_a_key_like_any_other():
    """A revoke may name who decides from then on (records 3.2)."""
    read("device.revoke", GOOD["device.revoke"] | {"successor": DIDS[1]})


def test_a_rotation_key_is_named_once():
    """Two priorities of one key would be two answers to who is better."""
    assert reason_of("key.rotate", {"rotation": [DID, DID]}) == "body.rotation"


def test_each_decision_names_what_it_follows():
    """Every kind marked * has `decides`; all but the confirm may be instructed (records 5.1)."""
    for kind in DECISION_KINDS:
        assert "decides" in GOOD[kind]
    assert INSTRUCTION_KINDS < DECISION_KINDS
    assert "decision.confirm" not in INSTRUCTION_KINDS


# --- where a kind may stand, and what it may be about


@pytest.mark.parametrize("kind", GOOD)
def test_a_known_kind_stands_in_its_own_log_alone(kind):
    """Scopes `account`, `identity`, `new:` and a wasteland's; a retire stands anywhere."""
    scopes = {"account", "identity", "new:" + "0" * 32, ID}
    own = {ID}
    if kind in LOG_KINDS:
        own = {"account"}
    elif kind in IDENTITY_KINDS:
        own = {"identity"}
    elif kind == "wasteland.create":
        own = {"new:" + "0" * 32}
    elif kind == "device.retire":
        own = scopes
    for scope in sorted(scopes):
        if scope in own:
            check_place(kind=kind, scope=scope, seq=0)
        else:
            with pytest.raises(BadRecordError, match=r"field\.scope"):
                check_place(kind=kind, scope=scope, seq=0)


def test_a_genesis_is_first_and_a_log_ends_at_1024():
    """The account log has n up to 1,024; a genesis has seq 0 (records 3.1)."""
    check_place(kind="device.add", scope="account", seq=LOG_SEQ_MAX)
    check_place(kind="later.kind", scope="identity", seq=LOG_SEQ_MAX + 1)
    for kind, scope, seq, reason in (
        ("device.add", "account", LOG_SEQ_MAX + 1, "limit.seq"),
        ("rig.register", "account", 1, "field.seq"),
        ("wasteland.create", "new:" + "0" * 32, 1, "field.seq"),
    ):
        with pytest.raises(BadRecordError) as refused:
            check_place(kind=kind, scope=scope, seq=seq)
        assert refused.value.reason == reason


@pytest.mark.parametrize(
    "scope", ["", "Account", "new:", "new:" + "0" * 31, ID + "\n", ID.upper(), 1, None]
)
def test_what_names_no_log_is_no_scope(scope):
    """Four sorts of scope, spelled one way (records 1.1)."""
    assert not is_scope(scope)


ROW = "row:wanted/w-1"
SUBJECTS = ("", ID, ROW)


@pytest.mark.parametrize(
    ("kind", "welcome"),
    [
        ("wanted.post", {""}),
        ("rig.register", {""}),
        ("rig.update", {"", ID}),
        ("claim.bid", {ID, ROW}),
        ("note.add", {ID, ROW}),
        ("claim.grant", {ID}),
        ("work.accept", {ID}),
        ("stamp.revoke", {ID}),
        ("stamp.give", {"", ID, ROW}),
        ("later.kind", {"", ID, ROW}),
    ],
)
def test_a_kind_is_about_what_it_can_be_about(kind, welcome):
    """Nothing, an id or an unsigned row, by kind (records 1.1)."""
    for about in SUBJECTS:
        if about in welcome:
            check_about(kind=kind, about=about)
        else:
            with pytest.raises(BadRecordError, match=r"field\.about"):
                check_about(kind=kind, about=about)


@pytest.mark.parametrize(
    "about",
    [
        None,
        1,
        ID[:-1],
        ID.upper(),
        "row:",
        "row:wanted",
        "row:wanted/",
        "row:/x",
        "row:Wanted/x",
        "row:wanted/" + "x" * (ABOUT_CHARS_MAX - 10),
    ],
)
def test_a_malformed_subject_is_refused(about):
    """Not even a kind that nobody knows may bear it."""
    with pytest.raises(BadRecordError, match=r"field\.about"):
        check_about(kind="later.kind", about=about)


def test_a_row_may_be_as_long_as_the_contract_says():
    """160 characters in all."""
    check_about(kind="claim.bid", about="row:wanted/" + "x" * (ABOUT_CHARS_MAX - 11))
