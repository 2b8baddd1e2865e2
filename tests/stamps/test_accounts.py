"""The account log: which branch holds, who may extend it, and that no order of arrival matters.

The oracle below is a second reading of records 3.1, recursive and slow, over the same records.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamps.accounts import AccountLog
from stamps.identity import DeviceKey
from stamps.limits import LOG_SEQ_MAX
from stamps.record import Record, sign

START = 1_700_000_000_000_000
KEYS = {name: DeviceKey.from_seed(name.encode().ljust(32)) for name in ("k0", "k1", "k2", "k3")}
DEVICES = {f"d{n}": DeviceKey.from_seed(f"d{n}".encode().ljust(32)) for n in range(7)}
ALL = KEYS | DEVICES
NAMES: dict[str, str] = {key.device: name for name, key in ALL.items()}


def did(name: str) -> str:
    """The did:key of a named key."""
    return ALL[name].device


def register(rotation: tuple[str, ...] = ("k0", "k1", "k2"), handle: str = "anna") -> Record:
    """A genesis by d0."""
    body = {
        "handle": handle,
        "type": "human",
        "rotation": [did(name) for name in rotation],
        "device": did("d0"),
    }
    return said(None, "d0", "rig.register", body)


def said(before: Record | None, by: str, kind: str, body: dict, *, later_us: int = 1) -> Record:
    """A log record after another one."""
    return sign(
        key=ALL[by],
        scope="account",
        author=before.account if before else "",
        seq=before.seq + 1 if before else 0,
        prev=before.id if before else "",
        at=before.at + later_us if before else START,
        kind=kind,
        body=body,
    ).record


def add(before: Record, by: str, device: str, *may: str, later_us: int = 1) -> Record:
    """A device.add; every right when none is named."""
    body = {"device": did(device), "may": list(may) or ["*"]}
    return said(before, by, "device.add", body, later_us=later_us)


def revoke(before: Record, by: str, device: str) -> Record:
    """A device.revoke without heads."""
    return said(before, by, "device.revoke", {"device": did(device), "heads": {}})


def rotate(before: Record, by: str, *keys: str) -> Record:
    """A key.rotate."""
    return said(before, by, "key.rotate", {"rotation": [did(name) for name in keys]})


def test_a_log_says_its_devices_their_rights_and_its_keys():
    """Devices stand in the order they were added; a revoked one is still named (records 2.1)."""
    first = register()
    second = add(first, "d0", "d1", "claim.bid", "note.add")
    third = revoke(second, "k0", "d1")
    fourth = rotate(third, "k0", "k0", "k3")

    log = AccountLog(first, [fourth, second, third])

    assert log.path == (first, second, third, fourth)
    assert log.head == fourth
    assert log.account == first.id
    assert log.effective.n == 3
    assert log.effective.devices == (did("d0"), did("d1"))
    assert log.effective.rotation == (did("k0"), did("k3"))
    assert log.effective.revoked == {did("d1")}
    assert log.effective.revokes == {did("d1"): third}
    assert log.may(did("d0"), "wanted.post")
    assert log.may(did("d1"), "note.add")
    assert not log.may(did("d1"), "wanted.post")
    assert not log.may(did("d2"), "note.add")
    assert log.introduces(did("d1"))
    assert not log.introduces(did("d2"))
    assert log.state_at(second.id).revoked == frozenset()
    assert log.path_to(second.id) == (first, second)
    assert log.records == (first, second, third, fourth)


def test_what_is_held_missing_or_void_is_told_apart():
    """A second time is held, a missing `prev` is a gap, an unauthorised record is void."""
    first = register()
    second = add(first, "d0", "d1")
    third = add(second, "d1", "d2")
    log = AccountLog(first)

    assert log.add(third) == "gap"
    assert log.add(second) == "ok"
    assert log.add(second) == "held"
    assert log.add(first) == "held"
    assert log.judge(third) == "ok"
    assert log.add(third) == "ok"
    assert log.add(revoke(third, "d1", "d0")) == "void"
    assert third.id in log
    assert "ab" * 32 not in log


def test_a_log_begins_with_its_genesis_and_takes_no_other_accounts():
    """Both are mistakes of the caller, and raise."""
    first = register()
    with pytest.raises(ValueError, match="begins"):
        AccountLog(add(first, "d0", "d1"))
    with pytest.raises(ValueError, match="another account"):
        AccountLog(first).add(register(handle="bob"))


VOID = {
    "a device that is not named": lambda r: add(r, "d5", "d6"),
    "a device revokes": lambda r: revoke(r, "d0", "d0"),
    "a device rotates": lambda r: rotate(r, "d0", "k3"),
    "an unknown device is revoked": lambda r: revoke(r, "k0", "d5"),
    "a device is added twice": lambda r: add(r, "k0", "d0"),
    "the clock went back": lambda r: add(r, "k0", "d6", later_us=0),
    "a kind without meaning here": lambda r: said(r, "k0", "device.retire", {}),
    "a kind of a newer version": lambda r: said(r, "k0", "device.lend", {}),
}


@pytest.mark.parametrize("why", VOID)
def test_what_its_signer_may_not_say_is_void(why):
    """It is not taken in, so it changes nothing (records 3.1, 3.2)."""
    first = register()
    log = AccountLog(first)
    assert log.add(VOID[why](first)) == "void"
    assert log.path == (first,)


def test_a_record_out_of_its_place_is_void():
    """`seq` is one more than that of `prev`; n goes up to 1,024."""
    first = register()
    skipping = sign(
        key=KEYS["k0"],
        scope="account",
        author=first.id,
        seq=2,
        prev=first.id,
        at=first.at + 1,
        kind="device.add",
        body={"device": did("d1"), "may": ["*"]},
    ).record
    assert AccountLog(first).add(skipping) == "void"


def test_a_retire_in_another_scope_is_void_here():
    """A retire does not reach the account log (records 3.2b)."""
    first = register()
    elsewhere = sign(
        key=KEYS["k0"],
        scope="identity",
        author=first.id,
        seq=1,
        prev=first.id,
        at=first.at + 1,
        kind="device.retire",
        body={},
    ).record
    assert AccountLog(first).add(elsewhere) == "void"


def test_a_log_may_be_as_long_as_the_contract_says():
    """1,024 records after the genesis; the effective path is found without recursion."""
    record = register()
    log = AccountLog(record)
    for turn in range(LOG_SEQ_MAX):
        record = rotate(record, "k0", "k0", ("k1", "k2")[turn % 2])
        assert log.add(record) == "ok"
    assert len(log.path) == LOG_SEQ_MAX + 1
    assert log.head == record


def test_attack_17_a_device_gives_no_more_than_it_has():
    """`may` of the added is part of the adder's; without device.add it adds nothing."""
    first = register()
    helper = add(first, "d0", "d1", "device.add", "note.add")
    reader = add(helper, "d0", "d2", "note.add")
    log = AccountLog(first, [helper, reader])

    assert log.add(add(reader, "d2", "d3", "note.add")) == "void"
    assert log.add(add(reader, "d1", "d3", "*")) == "void"
    assert log.add(add(reader, "d1", "d3", "note.add", "claim.bid")) == "void"
    assert log.add(add(reader, "d1", "d3", "note.add")) == "ok"


def test_attack_14_a_retired_rotation_key_signs_nothing_more():
    """What a rotated-out key signs after the rotation is void."""
    first = register()
    second = rotate(first, "k0", "k0", "k3")
    log = AccountLog(first, [second])
    assert log.add(revoke(second, "k1", "d0")) == "void"
    assert log.add(revoke(second, "k3", "d0")) == "ok"


def test_attack_16_revokes_are_the_accounts_own():
    """Another account that lists my device and revokes it touches nothing of mine."""
    mine, theirs = register(), register(("k3",), handle="mallory")
    second = revoke(theirs, "k3", "d0")
    AccountLog(theirs, [second])
    assert AccountLog(mine).effective.revoked == frozenset()


def test_attack_m1_a_revoked_device_does_not_come_back():
    """A rival record by the thief's device loses to the branch that a rotation key signed."""
    first = register()
    second = add(first, "d0", "d1")
    third = revoke(second, "k0", "d0")
    log = AccountLog(first, [second, third])
    for name in ("d2", "d3", "d4", "d5", "d6"):
        assert log.add(add(first, "d0", name)) == "ok"
    assert log.path == (first, second, third)


def test_attack_m10_the_first_add_of_a_device_alone_counts():
    """Rights cannot be widened behind what the device has signed already."""
    first = register()
    second = add(first, "d0", "d1", "note.add")
    log = AccountLog(first, [second])
    assert log.add(add(second, "k0", "d1", "*")) == "void"
    third = revoke(second, "k0", "d1")
    assert log.add(third) == "ok"
    assert log.add(add(third, "k0", "d1", "*")) == "void"


def test_the_better_key_wins_a_parting_and_the_last_revoke_holds():
    """Key 0 outvotes key 1 from the parting on; of two revokes the later effective one counts."""
    first = register()
    by_second = rotate(first, "k1", "k1", "k2")
    by_first = revoke(first, "k0", "d0")
    again = revoke(by_first, "k0", "d0")
    log = AccountLog(first, [by_second, by_first, again])
    assert log.path == (first, by_first, again)
    assert log.effective.revokes[did("d0")] == again


def test_every_held_path_introduces_its_devices():
    """Decisions may name records whose device stands on a losing branch (records 5.3)."""
    first = register()
    losing = add(first, "d0", "d1")
    winning = add(first, "k0", "d2")
    after = add(winning, "k0", "d1")
    log = AccountLog(first, [losing, winning, after])

    assert log.path == (first, winning, after)
    assert log.names(did("d1"))
    assert not log.names(did("d6"))
    assert log.paths_introducing(did("d1")) == [(first, losing), (first, winning, after)]
    assert log.paths_introducing(did("d6")) == []


# --- the law, against the second reading


def oracle_path(records: dict[str, Record], genesis: Record) -> list[Record]:
    """Records 3.1, word by word: compare the best key of each branch, then signer, then id."""
    children: dict[str, list[Record]] = {}
    for record in records.values():
        children.setdefault(record.prev, []).append(record)

    def best(at: Record, order: list[str], rotation: list[str], devices: list[str]):
        found = None
        for child in children.get(at.id, []):
            named = child.body.get("rotation", [])
            longer = order + [key for key in named if key not in order]
            more = [child.body["device"]] if child.kind == "device.add" else []
            path = [child, *best(child, longer, named or rotation, devices + more)]
            score = min([order.index(r.device) for r in path if r.device in order] or [999])
            signer = (rotation + devices).index(child.device)
            if found is None or (score, signer, child.id) < found[0]:
                found = ((score, signer, child.id), path)
        return found[1] if found else []

    keys = genesis.body["rotation"]
    return [genesis, *best(genesis, list(keys), list(keys), [genesis.body["device"]])]


def grown(random_: random.Random) -> AccountLog:
    """A log with rival branches, each record one that its signer may say where it stands."""
    log = AccountLog(register())
    for _ in range(random_.randint(3, 16)):
        held = log.records
        before = random_.choice(held) if random_.random() < 0.4 else held[-1]
        state = log.state_at(before.id)
        by = NAMES[random_.choice([*state.rotation, *state.devices])]
        chance = random_.random()
        if chance < 0.5:
            log.add(add(before, by, f"d{random_.randint(1, 6)}"))
        elif chance < 0.8:
            log.add(revoke(before, by, NAMES[random_.choice(state.devices)]))
        else:
            log.add(rotate(before, by, *random_.sample(list(KEYS), 2)))
    return log


@given(st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_the_effective_path(random_):
    """The same records give the same path, and it is the one that the contract describes."""
    log = grown(random_)
    waiting = list(log.records)[1:]
    random_.shuffle(waiting)
    other = AccountLog(log.genesis)
    while waiting:
        waiting = [record for record in waiting if other.add(record) == "gap"]

    assert other.records == log.records
    assert other.path == log.path
    assert other.effective == log.effective
    assert list(log.path) == oracle_path({r.id: r for r in log.records[1:]}, log.genesis)


@given(st.randoms(use_true_random=False))
def test_what_is_effective_is_a_path_and_names_only_what_it_holds(random_):
    """From n = 0 on without a gap; the state is that of its last record."""
    log = grown(random_)
    assert [record.seq for record in log.path] == list(range(len(log.path)))
    assert all(
        after.prev == before.id for before, after in zip(log.path, log.path[1:], strict=False)
    )
    added = [r.body["device"] for r in log.path if r.kind in ("rig.register", "device.add")]
    assert list(log.effective.devices) == added
    assert log.effective.revoked <= set(added)
