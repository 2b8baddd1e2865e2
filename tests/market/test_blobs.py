"""Files that a hand-in names by their hash, as people and agents use them; no node, no socket."""

import errno
import os
from io import BytesIO

import pytest

from federation.blobs import Blob, BlobError, BlobLimitError, blobs_of, file_name, named
from ledger.store import StoreError, StoreFullError
from tests.market.towns import LocalTown, World
from town.market.blob_notes import RECORDS_MAX, BlobNote, link
from town.market.blobs import Source
from town.market.errors import AmbiguousError, FieldError, FileProblemError, NotFoundError
from town.node import blob_files, clock
from town.node.blob_files import UNNAMED_S, BlobFiles

SHA = "ab" * 32


def source(payload: bytes, name: str = "trace.log") -> Source:
    """A file with these bytes."""
    return Source(name, lambda: BytesIO(payload))


@pytest.fixture
def worked() -> tuple[LocalTown, str]:
    """A town that handed in one file for its own item."""
    town = World().town("rust")
    item = str(town.market.post({"title": "Fix it"}).data["id"])
    town.market.claim(item)
    town.market.done(item, blobs=[source(b"what happened\n")])
    return town, item


def test_the_same_file_again_is_the_same_hand_in(worked):
    """A repeated command changes nothing; another file is another attempt."""
    town, item = worked
    town.market.done(item, blobs=[source(b"what happened\n")])
    assert len(town.market.show(item).data["attempts"]) == 1
    town.market.done(item, blobs=[source(b"what else happened\n")])
    assert len(town.market.show(item).data["attempts"]) == 2


def test_the_same_file_again_brings_back_what_was_dropped(worked):
    """Whether its note was dropped or never written: the hand-in stands, and peers get the file."""
    town, item = worked
    [row] = town.market.blob_list().data["rows"]
    town.market.blob_drop(row["sha256"])
    desk = town.market.rehearsal()
    desk.rehearsed(lambda: desk.done(item, blobs=[source(b"what happened\n")]))
    assert town.market.blob_list().data["rows"] == []
    town.market.done(item, blobs=[source(b"what happened\n")])
    assert town.market.blob_list().data["rows"] == [row]
    assert len(town.market.show(item).data["attempts"]) == 1


def test_a_hand_in_shows_how_large_its_file_is_and_how_to_get_it(worked):
    """Size and command stand beside the name, which is a stranger's word."""
    town, item = worked
    lines = "\n".join(town.market.show(item).words)
    assert "blob: trace.log (14 B; wl blob get w-" in lines


def test_a_rehearsal_keeps_no_file():
    """`--dry-run` says what would be handed in, hash and all, and leaves nothing behind."""
    town = World().town("rust")
    item = str(town.market.post({"title": "Fix it"}).data["id"])
    town.market.claim(item)
    desk = town.market.rehearsal()
    would = desk.rehearsed(lambda: desk.done(item, blobs=[source(b"bytes")]))
    assert would.data["body"]["evidence"][0]["size"] == 5
    assert not list(town.files.all())


def test_without_its_hash_the_only_file_is_meant(worked, tmp_path):
    """Of several the hash says which; one that is not named is not found."""
    town, item = worked
    saved = town.market.blob_get(item, to=tmp_path).data
    assert (saved["folder"], saved["untrusted"]["file"]) == (str(tmp_path), "trace.log")
    town.market.done(item, blobs=[source(b"second", "b.log"), source(b"third", "c.log")])
    with pytest.raises(AmbiguousError) as several:
        town.market.blob_get(item, to=tmp_path)
    assert len(several.value.candidates) == 3
    chosen = several.value.candidates[1][:8]
    saved = town.market.blob_get(item, chosen, to=tmp_path / "one").data
    assert saved["file"] == str(tmp_path / "one")
    assert saved["untrusted"]["name"] in ("b.log", "c.log", "trace.log")
    for said in ("0" * 64, "ab"):
        with pytest.raises(NotFoundError):
            town.market.blob_get(item, said, to=tmp_path)


def test_no_file_is_written_over(worked, tmp_path):
    """What is there stays as it was, and no half of a file is left behind."""
    town, item = worked
    (tmp_path / "trace.log").write_text("mine")
    with pytest.raises(FileProblemError):
        town.market.blob_get(item, to=tmp_path)
    assert (tmp_path / "trace.log").read_text() == "mine"
    with pytest.raises(FileProblemError):
        town.market.blob_get(item, to=tmp_path / "no" / "such" / "folder")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("../../.bashrc", "bashrc"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".ssh/authorized_keys", "authorized_keys"),
        ("a b\nc;rm -rf.sh", "a_b_c_rm_-rf.sh"),
        ("..", "blob-abababababab"),
        ("", "blob-abababababab"),
        ("-rf", "rf"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_name_leads_nowhere(said, name):
    """A stranger's name becomes a plain file name, without a path, a dot in front or an option."""
    assert file_name(Blob(sha256=SHA, size=1, name=said)) == name


@pytest.mark.parametrize(
    "piece",
    [
        {"kind": "url", "value": "x", "sha256": SHA, "size": 1},
        {"kind": "blob", "value": "x"},
        {"kind": "blob", "value": "x", "sha256": SHA},
        {"kind": "blob", "value": "x", "sha256": "AB" * 32, "size": 1},
        {"kind": "blob", "value": "x", "sha256": SHA, "size": -1},
        {"kind": "blob", "value": "x", "sha256": SHA, "size": True},
        {"kind": "blob", "value": "x", "sha256": 7, "size": 1},
    ],
)
def test_a_piece_without_hash_and_size_names_no_blob(piece):
    """It is shown as it was said, and nothing is fetched for it."""
    assert named(piece) is None
    assert not list(blobs_of({"evidence": [piece, "text", None]}))
    assert not list(blobs_of({"evidence": "none"}))


@pytest.mark.parametrize(
    ("said", "media"),
    [("text/plain", "text/plain"), ("Text/HTML", None), ("text/html; x", None), (7, None)],
)
def test_a_media_type_is_one_or_nothing(said, media):
    """Whatever is no type is bytes."""
    blob = named({"kind": "blob", "value": "x", "sha256": SHA, "size": 1, "media": said})
    assert blob is not None
    assert blob.media == (media or "application/octet-stream")


def test_a_blob_is_a_file_and_no_text():
    """`--evidence blob:…` would name bytes that nobody has; it says what to type."""
    town = World().town("rust")
    item = str(town.market.post({"title": "Fix it"}).data["id"])
    with pytest.raises(FieldError, match="--blob FILE"):
        town.market.done(item, ["blob:trace.log"])


def test_who_should_deliver_a_file_is_told_how():
    """The next step of an item that asks for a blob names a file, of any other a link."""
    town = World().town("rust")
    for deliver, argv in (("blob", ("--blob", "<file>")), ("patch", ("--evidence", "<url>"))):
        item = str(town.market.post({"title": "Fix it", "deliver": deliver}).data["id"])
        [done, _] = town.market.claim(item).next
        assert done.cmd[-2:] == argv
        assert done.needs == (argv[1].strip("<>"),)
        town.market.done(item, summary="here")
        town.market.reject(item, "not that")
        [need] = [one for one in town.market.glance({}).data["needs_you"] if item in str(one)]
        assert need["cmd"][-2:] == list(argv)


def test_a_file_that_came_by_hand_is_kept_only_if_it_is_the_named_one(worked):
    """What an item does not name is refused; what it names is there again."""
    town, item = worked
    sha256 = town.market.blob_list(item).data["rows"][0]["sha256"]
    town.market.blob_drop(sha256[:8])
    assert town.market.blob_list(item).data["rows"][0]["here"] is False
    with pytest.raises(BlobError) as bad:
        town.market.blob_put(item, source(b"something else"))
    assert bad.value.exit == 8
    town.market.blob_put(item, source(b"what happened\n", "renamed"))
    assert town.market.blob_list(item).data["rows"][0]["here"] is True
    pieces: list[bytes] = []
    town.market.blob_to(pieces.append, item)
    assert b"".join(pieces) == b"what happened\n"


def test_to_drop_the_only_copy_is_said(worked):
    """A person learns that nobody else is known to have it; an unknown hash drops nothing."""
    town, item = worked
    for said in ("ab", "0" * 64):
        with pytest.raises(NotFoundError):
            town.market.blob_drop(said)
    sha256 = town.market.blob_list().data["rows"][0]["sha256"]
    assert "no other machine" in town.market.blob_drop(sha256).warn[0]
    assert town.market.blob_list().words == ("blobs   none here",)
    assert item


def test_a_bundle_says_what_stays_here(worked, tmp_path):
    """The records travel, the files do not, and export says so."""
    town, _ = worked
    [said] = town.market.export(tmp_path / "all.wlb").warn
    assert said.startswith("1 blob of this board")


def test_a_file_over_the_limit_is_refused_with_it(tmp_path):
    """Exit 2 with the limit, and nothing is left of the part that was read."""
    files = BlobFiles(tmp_path, most=100)
    for take in (files.keep, files.measure):
        with pytest.raises(BlobLimitError) as over:
            take(BytesIO(b"x" * 101))
        assert (over.value.limit, over.value.exit) == (100, 2)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_that_cannot_be_read_is_said_by_its_name():
    """Exit 2 before anything is said."""
    town = World().town("rust")
    item = str(town.market.post({"title": "Fix it"}).data["id"])

    def gone() -> BytesIO:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    with pytest.raises(FileProblemError) as bad:
        town.market.done(item, blobs=[Source("gone.log", gone)])
    assert bad.value.exit == 2


def test_what_others_named_keeps_out_no_record_of_ours(worked):
    """A stranger whose records filled a blob's note is no reason to tell its own board nothing."""
    town, _ = worked
    blob = Blob(sha256=SHA, size=1)
    said = tuple(("f" * 64, f"{number:064x}") for number in range(RECORDS_MAX))
    link(town.town, BlobNote(blob=blob, records=said, by=("e" * 64,)))
    ours = ("a" * 64, "b" * 64)
    note = link(town.town, BlobNote(blob=blob, records=(ours,), own=True))
    assert ours in note.records
    assert len(note.records) == RECORDS_MAX
    late = ("c" * 64, "d" * 64)
    assert late not in link(town.town, BlobNote(blob=blob, records=(late,), by=("e" * 64,))).records


def test_what_a_dead_process_left_is_swept(tmp_path):
    """Parts at once; files that no note knows after a month, for notes may be an old backup's.

    So are damaged ones, of which a person may save a part.
    """
    files = BlobFiles(tmp_path)
    bad, _ = files.keep(BytesIO(b"bad"))
    (tmp_path / bad[:2] / bad).write_bytes(b"worse")
    assert files.find(bad) is None
    kept, _ = files.keep(BytesIO(b"known"))
    unknown, _ = files.keep(BytesIO(b"unknown"))
    part = files.incoming()
    part.write(b"half")
    part._file.close()  # as a process that dies does
    now = clock.now()
    assert files.sweep(frozenset({kept}), now=now) == 1
    assert set(files.all()) == {kept, unknown}
    month = int(UNNAMED_S * 1_000_000)
    assert list(tmp_path.glob("*/*.damaged"))
    assert files.sweep(frozenset({kept}), now=now + month + 10_000_000) == 2
    assert list(files.all()) == [kept]
    assert not list(tmp_path.glob("*/*.damaged"))
    assert files.find(kept) is not None
    assert files.find("../" + kept) is None


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    """A store error with exit 6, never a stack trace."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        BlobFiles(tmp_path / "file" / "blobs").keep(BytesIO(b"x"))


def test_a_full_disk_keeps_nothing_and_is_said(tmp_path):
    """On a device that is full: store.full, and the folder is as it was."""
    files = BlobFiles(tmp_path)
    incoming = files.incoming()
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123  # a device, no file
        os.dup2(full.fileno(), incoming._file.fileno())
    with pytest.raises(StoreFullError):
        incoming.write(b"x" * (1 << 20))
    incoming.drop()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_is_read_once_for_many_who_ask_and_again_when_it_changed(tmp_path, monkeypatch):
    """Asking for a part costs no reading of the whole; a change or ten minutes do."""
    files, reads = BlobFiles(tmp_path), list[int]()
    whole = blob_files._hash_of

    def counted(file):
        reads.append(1)
        return whole(file)

    monkeypatch.setattr(blob_files, "_hash_of", counted)
    sha256, _ = files.keep(BytesIO(b"x" * 100))
    found = [files.find(sha256) for _ in range(5)]
    assert (len(reads), len(set(found))) == (1, 1)
    monkeypatch.setattr(blob_files, "GOOD_S", -1.0)
    assert files.find(sha256) is not None
    assert len(reads) == 2
    monkeypatch.setattr(blob_files, "GOOD_S", 600.0)
    assert found[0] is not None
    found[0].write_bytes(b"y" * 100)
    os.utime(found[0], (1, 1))  # some clocks of files stand for a while
    assert files.find(sha256) is None
    assert [path.name for path in tmp_path.rglob("*.damaged")] == [f"{sha256}.damaged"]
