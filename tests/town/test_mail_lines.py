"""Mail as it is typed: every verb, its words, its JSON, its exit; and what is refused."""

import pytest

MAYOR = {"GT_ROLE": "mayor"}
BOOT = {"GT_ROLE": "deacon/boot"}


def send(prompt, *argv: str, **more) -> str:
    """The id of a letter that was sent."""
    told = prompt.json("gt", "mail", "send", *argv, **more)
    assert told["exit"] == 0, told
    return str(told["data"]["id"])


def test_a_letter_is_written_read_and_answered(town, prompt):
    """What each says to people, and to programs."""
    words = ("mayor/", "-s", "Which one?", "-m", "This\nor that?", "--priority", "high")
    first = send(prompt, *words, "--cc", "deacon/,boot")
    inbox = prompt.gt("mail", "inbox", env=MAYOR)
    assert inbox.text.startswith(f"● !  {first}  overseer: Which one?  (")
    read = prompt.gt("mail", "read", env=MAYOR)
    assert read.text.splitlines()[:3] == [
        "from    overseer", "to      mayor, deacon, deacon-boot", "about   Which one?",
    ]  # fmt: skip
    assert "This\nor that?" in read.text
    assert f"gt mail reply {first}" in read.text
    assert prompt.gt("mail", "read", env=MAYOR).text.startswith("nothing new")
    told = prompt.json("gt", "mail", "send", "mayor/", "-s", "It is so", env={"GT_ROLE": "deacon"})
    assert prompt.json("gt", "mail", "read", told["data"]["id"], env=MAYOR)["next"] == []
    assert prompt.gt("mail", "inbox", env=MAYOR).text.startswith("○")
    answer = prompt.json("gt", "mail", "reply", first, "-m", "This.", env=MAYOR)["data"]
    assert answer["recipients"] == ["overseer"]
    whole = prompt.json("gt", "mail", "thread", first)["data"]["messages"]
    assert [one["id"] for one in whole] == [first, answer["id"]]
    assert whole[1]["reply_to"] == first
    facts = prompt.json("gt", "mail", "peek", answer["id"])["data"]
    assert facts["untrusted"] == {"subject": "Re: Which one?", "body": "This."}
    assert (facts["unread"], facts["priority"], facts["type"]) == (True, 1, "reply")
    everybody = prompt.json("gt", "mail", "reply", first, "--all", "--stdin", stdin=b"So?\n")
    assert sorted(everybody["data"]["recipients"]) == ["deacon", "deacon-boot", "mayor"]


def test_a_box_is_put_in_order(town, prompt):
    """Marked, put away, deleted, cleared; each says what it did and touches nothing of others."""
    one, two, three = (send(prompt, "mayor/", "deacon/", "-s", f"letter {n}") for n in "123")
    kept = send(prompt, "mayor/", "-s", "kept", "--pinned", "--permanent")
    assert prompt.json("gt", "mail", "mark-read", one, env=MAYOR)["data"] == {"read": [one]}
    assert prompt.json("gt", "mail", "inbox", "--unread", env=MAYOR)["data"]["total"] == 3
    assert prompt.gt("mail", "mark-unread", one, env=MAYOR).code == 0
    assert prompt.gt("mail", "mark-read", "--all", env=MAYOR).code == 0
    assert prompt.gt("mail", "check", env=MAYOR).code == 1
    assert prompt.gt("mail", "archive", two, env=MAYOR).code == 0
    assert prompt.json("gt", "mail", "inbox", env=MAYOR)["data"]["total"] == 3
    assert prompt.json("gt", "mail", "inbox", "--all", env=MAYOR)["data"]["total"] == 4
    assert prompt.gt("mail", "archive", "--stale", env=MAYOR).text == "✓ archived: none\n"
    assert prompt.gt("mail", "delete", three, env=MAYOR).code == 0
    cleared = prompt.json("gt", "mail", "clear", env=MAYOR)["data"]["deleted"]
    assert sorted(cleared) == sorted([one, two])
    left = prompt.json("gt", "mail", "inbox", "--all", env=MAYOR)["data"]["messages"]
    assert [m["id"] for m in left] == [kept]
    assert prompt.json("gt", "mail", "inbox", "deacon/")["data"]["unread"] == 3
    assert prompt.json("gt", "mail", "search", "LETTER", "2", "--all")["data"]["total"] == 1
    assert prompt.gt("mail", "search", "nothing").text == "no letter has these words\n"


def test_groups_are_typed(town, prompt):
    """Formed, grown, shown, written to, dissolved."""
    assert prompt.gt("mail", "group", "list").text == "no group\n"
    made = prompt.gt("mail", "group", "create", "heads", "mayor/", "deacon/")
    assert made.text == "✓ group:heads is formed: mayor/, deacon/\n"
    assert prompt.gt("mail", "group", "create", "all", "group:heads", "boot").code == 0
    shown = prompt.json("gt", "mail", "group", "show", "all")["data"]
    assert shown["means"] == ["mayor", "deacon", "deacon-boot"]
    sent = prompt.json("gt", "mail", "send", "group:all", "-s", "x", env=MAYOR)["data"]
    assert sent["recipients"] == ["deacon", "deacon-boot"]
    assert prompt.gt("mail", "group", "add", "heads", "overseer").code == 0
    assert prompt.gt("mail", "group", "remove", "heads", "mayor/").code == 0
    assert prompt.json("gt", "mail", "group", "list")["data"]["groups"][1]["members"] == [
        "deacon/", "overseer",
    ]  # fmt: skip
    assert prompt.refused("mail", "group", "add", "heads", "all") == (2, "mail.group")
    assert prompt.refused("mail", "group", "delete", "heads") == (2, "mail.group")
    assert prompt.gt("mail", "group", "delete", "all").code == 0
    listed = prompt.json("gt", "mail", "directory")["data"]
    assert listed["groups"] == ["group:heads"]
    assert listed["agents"][:3] == ["mayor", "deacon", "deacon-boot"]


REFUSED = [
    (("send", "mayr", "-s", "x"), (3, "address.unknown")),
    (("send", "queue:work", "-s", "x"), (2, "address.later")),
    (("send", "mayor/"), (2, "mail.bad")),
    (("send", "-s", "x"), (2, "mail.bad")),
    (("send", "mayor/", "-s", "x", "--priority", "soon"), (2, "usage")),
    (("send", "mayor/", "-s", "x", "--priority", "9"), (2, "usage")),
    (("send", "mayor/", "-s", "x", "--type", "love"), (2, "mail.bad")),
    (("send", "mayor/", "-s", "x", "--reply-to", "msg-none"), (3, "mail.none")),
    (("read", "msg-none"), (3, "mail.none")),
    (("mark-read",), (2, "usage")),
    (("archive",), (2, "usage")),
    (("group", "show", "none"), (2, "mail.group")),
]


@pytest.mark.parametrize(("line", "answer"), REFUSED)
def test_what_is_refused_says_what_to_try(town, prompt, line, answer):
    """An exit, a code, a reason and a way on; nothing was written."""
    assert prompt.refused("mail", *line) == answer
    said = prompt.gt("mail", *line).talk
    assert "why " in said
    assert "try " in said
    assert prompt.json("gt", "mail", "search", "x", "--all")["data"]["total"] == 0


def test_a_letter_of_somebody_else_keeps_its_state(town, prompt):
    """The person may look; marking it is refused, exit 4."""
    sent = send(prompt, "deacon/", "-s", "x", env=MAYOR)
    assert prompt.gt("mail", "read", sent).code == 0
    assert prompt.refused("mail", "delete", sent) == (4, "mail.not_yours")
    assert prompt.json("gt", "mail", "inbox", "deacon/")["data"]["unread"] == 1
    mine = send(prompt, "--self", "-s", "note to me", "--urgent", "--no-notify")
    assert prompt.json("gt", "mail", "peek")["data"]["id"] == mine
    other = send(prompt, "--human", "-s", "in his name", "--from", "deacon/", env=BOOT)
    assert prompt.json("gt", "mail", "read", other)["data"]["from"] == "deacon"
