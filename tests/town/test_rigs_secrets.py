"""A password in an address reaches git and nobody else: no file that others read, no output."""

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.town.http_git import git_over_http
from tests.town.wrapped_git import FAIL, lines_of, wrapped_git
from town.rigs.errors import BadAddressError
from town.rigs.source import address_of, apart, shown

TOKEN = "t0k-3n%40secret"  # as it stands in an address; `@` is written so


@pytest.fixture
def bare(prompt, town) -> Path:
    """A repository that takes pushes over HTTP."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    bare = town.parent / "origin.git"
    prompt.git("config", "http.receivepack", "true", at=bare)
    return bare


def readable(root: Path) -> list[tuple[str, bytes]]:
    """Every file of the town that is not this user's alone."""
    return [
        (str(path), path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
        and ".wasteland" not in path.parts  # the home is this user's alone as a whole
        and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    ]


@pytest.mark.slow
def test_a_password_works_and_is_seen_nowhere(prompt, town, bare, tmp_path):
    """Rig, crew and push work with it; it is in one file, which is this user's alone."""
    path = wrapped_git(tmp_path / "bin", "never", then=FAIL)
    with git_over_http(bare.parent, user="ada", password="t0k-3n@secret") as host:
        said = prompt.gt(
            "rig", "add", "api", f"http://ada:{TOKEN}@{host}/origin.git", env={"PATH": path}
        )
        assert said.code == 0, said.talk
        assert f"http://{host}/origin.git" in said.text
        crew = prompt.gt("crew", "add", "max", env={"PATH": path})
        assert (crew.code, "warn" in crew.talk) == (0, False), crew.talk
        clone = town / "api" / "crew" / "max"
        assert prompt.git("remote", "-v", at=clone).count(f"http://{host}/origin.git") == 2
        prompt.git("commit", "-q", "--allow-empty", "-m", "mine", at=clone)
        prompt.git("push", "-q", at=clone)
        assert prompt.git("log", "-1", "--format=%s", "main", at=bare) == "mine\n"
        more = [prompt.gt("rig", "list"), prompt.gt("rig", "status", "api", "--json")]
        prompt.git("fetch", "-q", at=town / "api" / "refinery" / "rig")
    printed = "".join(one.text + one.talk for one in (said, crew, *more))
    assert "secret" not in printed
    assert [name for name, text in readable(town) if b"secret" in text] == []
    assert [line for line in lines_of(tmp_path / "bin") if "secret" in line] == []
    below = [path for path in (town / "api").rglob("*") if path.is_file()]
    kept = [path for path in below if b"secret" in path.read_bytes()]
    assert kept == [town / "api" / ".repo.git" / "credentials"]
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_wrong_password_is_refused_without_being_said(prompt, town, bare):
    """Git's words come through, the address without what was secret; nothing is left behind."""
    with git_over_http(bare.parent, user="ada", password="another") as host:
        url = f"http://ada:{TOKEN}@{host}/origin.git"
        plain = prompt.gt("rig", "add", "api", url)
        facts = prompt.gt("rig", "add", "api", url, "--json")
    assert (plain.code, facts.code) == (1, 1)
    assert "Authentication failed" in plain.talk
    assert "secret" not in plain.talk + facts.text
    assert not (town / "api").exists()


@pytest.mark.slow
def test_a_password_in_an_adopted_checkout_stays_there(prompt, town, bare):
    """Its origin may carry one: it works for the rig, which shows it as little as any other."""
    checkout = town.parent / "origin"
    with git_over_http(bare.parent, user="ada", password="t0k-3n@secret") as host:
        url = f"http://ada:{TOKEN}@{host}/origin.git"
        prompt.git("remote", "set-url", "origin", url, at=checkout)
        said = prompt.gt("rig", "add", "api", "--adopt", "../origin")
    assert said.code == 0, said.talk
    assert "secret" not in said.text + said.talk
    facts = json.loads((town / "mayor" / "rigs.json").read_text())["rigs"]["api"]
    assert facts["git_url"] == f"http://{host}/origin.git"


SHOWN = {
    "https://github.com/you/repo.git": "https://github.com/you/repo.git",
    "https://ada:pw@host/r.git": "https://host/r.git",
    "https://ghp_token@host/r.git": "https://host/r.git",
    "ssh://git@host:22/r.git": "ssh://git@host:22/r.git",
    "ssh://git:pw@host/r.git": "ssh://git@host/r.git",
    "git@host:you/repo.git": "git@host:you/repo.git",
    "/some/where": "/some/where",
    "fatal: no 'https://a:b@h/x' and 'http://c:d@h/y'": "fatal: no 'https://h/x' and 'http://h/y'",
}


@pytest.mark.parametrize("said", SHOWN)
def test_an_address_is_shown_without_what_is_secret(said):
    """A password never, a user only where it is part of the place, as `git@`."""
    assert shown(said) == SHOWN[said]


WORD = st.text(st.sampled_from("aZ9%._~!$&'()*+,;=-"), min_size=8, max_size=20)


@given(scheme=st.sampled_from(["https", "http", "ssh", "git+ssh", "ftp"]), user=WORD, rest=WORD)
def test_no_spelling_of_a_password_gets_through(scheme, user, rest):
    """Whatever may stand in an address as a password is not in what is shown or kept of it."""
    password = f"S3CR3T{rest}"
    url = f"{scheme}://{user}:{password}@host.example:8443/you/repo.git"
    for text in (shown(url), shown(f"fatal: '{url}/' and {url}"), apart(url).url):
        assert "S3CR3T" not in text
        assert "host.example:8443/you/repo.git" in text
    if scheme in ("http", "https"):
        assert apart(url).secret == f"{scheme}://{user}:{password}@host.example:8443"


def test_a_password_is_taken_apart_from_its_address():
    """The line for git's store has everything, the address nothing; without one it stays whole."""
    found = apart("https://ada:p%40ss@host:8443/you/repo.git")
    assert found.url == "https://host:8443/you/repo.git"
    assert found.secret == "https://ada:p%40ss@host:8443"
    assert apart("https://host/x").secret == ""
    assert apart("https://ada@host/x").url == "https://ada@host/x"
    with pytest.raises(BadAddressError):
        apart("https://ada:pw@host:port/x")


@pytest.mark.parametrize(
    "said", ["-x", "--upload-pack=x", "a\nb", "https://h/\x1b[31m", "x" * 5000]
)
def test_what_could_be_more_than_an_address_is_none(said, tmp_path):
    """Options, control codes and endless words never reach git."""
    with pytest.raises(BadAddressError):
        address_of(said, cwd=tmp_path)


def test_a_place_that_was_typed_is_a_place(tmp_path):
    """A path is made absolute from where it was typed, `~` is the caller's; an address stays."""
    (tmp_path / "a").mkdir()
    assert address_of("a", cwd=tmp_path) == str(tmp_path / "a")
    assert address_of("~/a", cwd=Path(os.sep), home=str(tmp_path)) == str(tmp_path / "a")
    for whole in ("git@github.com:you/r.git", "ssh://h/r", "file:///r", "host.org:r.git"):
        assert address_of(whole, cwd=tmp_path) == whole


@pytest.mark.slow
def test_git_tells_no_helper_of_the_person(prompt, town, bare):
    """A password that was typed for a rig is not handed to the store that the person has."""
    theirs = Path(prompt.env["HOME"]) / "theirs"
    prompt.git("config", "--global", "credential.helper", f"store --file={theirs}")
    with git_over_http(bare.parent, user="ada", password="t0k-3n@secret") as host:
        said = prompt.gt("rig", "add", "api", f"http://ada:{TOKEN}@{host}/origin.git")
    assert said.code == 0, said.talk
    assert not theirs.exists()
    assert (town / "api" / "refinery" / "rig" / "README").exists()
