"""Who somebody in a town is: by what they were told, else by whose folder they stand in."""

import pytest

from town.agents.address import identity, parsed

ADDRESSES = {
    "mayor": ("mayor", "mayor"),
    "mayor/": ("mayor", "mayor"),
    "deacon": ("deacon", "deacon"),
    "deacon-boot": ("deacon-boot", "boot"),
    "deacon/boot": ("deacon-boot", "boot"),
    "deacon/dogs/boot": ("deacon-boot", "boot"),
    "deacon/dogs/rex": ("deacon/dogs/rex", "dog"),
    "api/witness": ("api/witness", "witness"),
    "api/refinery/": ("api/refinery", "refinery"),
    "api/crew/max": ("api/crew/max", "crew"),
    "api/polecats/toast": ("api/polecats/toast", "polecat"),
    "overseer": ("overseer", ""),
}


@pytest.mark.parametrize("said", ADDRESSES)
def test_every_address_is_read_as_it_is_written(said):
    """Each form means one address, and an address means itself."""
    text, role = ADDRESSES[said]
    found = parsed(said)
    assert found is not None
    assert (found.text, found.role) == (text, role)
    assert parsed(found.text) == found


@pytest.mark.parametrize(
    "said", ["", "/", "api", "api/", "api/crew", "api/crew/", "api/x/y", "deacon/dogs", "a/b/c/d"]
)
def test_what_is_no_address_is_none(said):
    """Half an address is nobody's."""
    assert parsed(said) is None


@pytest.mark.parametrize(
    ("said", "env", "text"),
    [
        ("crew", {"GT_RIG": "api", "GT_CREW": "max"}, "api/crew/max"),
        ("polecat", {"GT_RIG": "api", "GT_POLECAT": "toast"}, "api/polecats/toast"),
        ("witness", {"GT_RIG": "api"}, "api/witness"),
        ("dog", {"GT_DOG": "rex"}, "deacon/dogs/rex"),
        ("crew", {"GT_RIG": "api"}, None),
        ("witness", {}, None),
    ],
)
def test_a_bare_role_is_completed_by_its_variables(said, env, text):
    """`GT_ROLE=crew` means somebody only together with `GT_RIG` and `GT_CREW`."""
    found = parsed(said, env)
    assert (found.text if found else None) == text


FOLDERS = {
    "": ("overseer", ""),
    "docs": ("overseer", ""),
    "mayor": ("mayor", ""),
    "mayor/notes": ("mayor", ""),
    "deacon": ("deacon", ""),
    "deacon/dogs/rex/api": ("deacon/dogs/rex", ""),
    "deacon/dogs/boot": ("deacon-boot", ""),
    "settings": ("overseer", ""),
    ".wasteland/run": ("overseer", ""),
    "api": ("overseer", "api"),
    "api/plugins": ("overseer", "api"),
    "api/mayor/rig/src": ("mayor", "api"),
    "api/witness": ("api/witness", "api"),
    "api/refinery/rig/src": ("api/refinery", "api"),
    "api/crew": ("overseer", "api"),
    "api/crew/max/src/deep": ("api/crew/max", "api"),
    "api/polecats/toast/api": ("api/polecats/toast", "api"),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_says_who_stands_in_it(folder):
    """Without a role the folder counts; at the root, and where nobody lives, it is the person."""
    found = identity({}, [part for part in folder.split("/") if part])
    assert (found.address.text, found.rig) == FOLDERS[folder]
    assert found.source == ("folder" if found.address.role else "person")
    assert not found.warn


def test_the_role_beats_the_folder_and_a_mismatch_is_told():
    """`GT_ROLE` counts; who stands in another's folder is warned; a guest's own folder is fine."""
    role = {"GT_ROLE": "api/crew/max"}
    same = identity(role, ["api", "crew", "max", "src"])
    assert (same.address.text, same.source, same.warn) == ("api/crew/max", "GT_ROLE", "")
    other = identity(role, ["api", "crew", "emma"])
    assert other.address.text == "api/crew/max"
    assert "folder of api/crew/emma" in other.warn
    assert identity(role, []).warn == ""
    guest = identity(role, ["web", "crew", "api-max"])
    assert (guest.warn, guest.rig) == ("", "web")
    bad = identity({"GT_ROLE": "nonsense"}, ["api", "crew", "emma"])
    assert bad.address.text == "api/crew/emma"
    assert "no address" in bad.warn


def test_beads_lie_where_one_stands_else_where_one_belongs():
    """The folder's rig, else `GT_RIG`, else that of the role."""
    role = {"GT_ROLE": "api/crew/max"}
    assert identity(role, ["web"]).rig == "web"
    assert identity(role, []).rig == "api"
    assert identity({**role, "GT_RIG": "web"}, []).rig == "web"
    assert identity({"GT_RIG": "web"}, []).rig == "web"
    assert identity({"GT_ROLE": "mayor"}, ["api", "mayor", "rig"]).rig == "api"
