"""Use cases of care and proof: verify, export, import, and rows that others wrote.

A bundle passes the same one door as a peer's records; it is a peer that came by messenger.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from federation import bundle
from ledger.journal import Journal
from ledger.set_journal import JournalReplica
from ledger.store import Observed
from ledger.verify import verify
from town.market import blob_notes
from town.market.answer import DAMAGED, Answer, Next, problem
from town.market.errors import FileProblemError
from town.market.find import find_item
from town.market.founding import FoundingDesk, bring_self
from town.market.items import ItemDesk
from town.market.partial import loose_words
from town.market.rows import read_rows
from town.market.town import wasteland_name
from town.market.words import counted

DIFFERENCES_SHOWN = 20
BROWSE = Next(do="browse", cmd=("wl", "browse"))


class CareDesk(FoundingDesk, ItemDesk):
    """Proves, copies and learns."""

    def verify(self) -> Answer:
        """Every signature was checked and every row compared with what the records say."""
        journal = self.run(self.board)
        verdict = self.run(lambda: verify(journal))
        differences = [difference.plain() for difference in verdict.differences]
        data = {
            "wasteland": journal.wasteland,
            "holds": verdict.holds,
            "records": verdict.records,
            "signatures": verdict.signatures,
            "chains": verdict.chains,
            "rows": verdict.rows,
            "root": verdict.root,
            "loose": verdict.loose,
            "differences": differences,
        }
        if verdict.holds:
            counts = f"{verdict.records} records, {verdict.signatures} signatures"
            line = f"verified  {counts}, {verdict.chains} chains, {verdict.rows} rows: all hold"
            words = (line, f"          root {verdict.root[:32]}", *_loose_line(verdict.loose))
            return self.answer("wl.v1.verify", data, words)
        told = (
            f"damaged   {len(differences)} differences in {wasteland_name(journal)}",
            *(f"          {difference}" for difference in verdict.differences[:DIFFERENCES_SHOWN]),
        )
        why = f"{len(differences)} differences between the records and what is kept"
        tries = (("wl", "doctor", "--rebuild"), ("wl", "export", "<file>"))
        error = problem("integrity.differs", why, tries=tries)
        next_ = (Next(do="rebuild", cmd=("wl", "doctor", "--rebuild")),)
        return self.answer("wl.v1.verify", data, told, next_=next_, exit_=DAMAGED, error=error)

    # --- bundles

    def export(self, path: Path, item: str = "") -> Answer:
        """The records of the current wasteland, or of one item, are in the file."""
        size = 0
        fresh = path.with_name(path.name + ".part")
        try:
            with fresh.open("wb") as file:

                def write(piece: bytes) -> None:
                    nonlocal size
                    size += file.write(piece)

                counts = self.export_to(write, item=item)
            fresh.replace(path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise FileProblemError(str(path), error.strerror or str(error)) from error
        data = {"file": str(path), "bytes": size, **counts}
        held = f"{counts['records']} records and {counts['observed']} unsigned rows"
        line = f"exported  {held} to {path.name} ({size} bytes)"
        return self.answer("wl.v1.bundle", data, (line,), warn=self.run(self._left_here))

    def _left_here(self) -> tuple[str, ...]:
        """What a bundle does not carry."""
        wasteland = self.town.current
        count = sum(
            any(where == wasteland for where, _ in note.records)
            for note in blob_notes.every(self.town)
        )
        if not count:
            return ()
        said = f"{counted(count, 'blob')} of this board stay here: wl blob get, then wl blob put"
        return (said,)

    def export_to(self, write: Callable[[bytes], object], *, item: str = "") -> dict[str, int]:
        """The bundle was written piece by piece; how much it holds."""
        journal = self.run(self.board)

        def work() -> dict[str, int]:
            post = find_item(journal, item).post if item else ""
            counts = bundle.write(
                journal, write, name=wasteland_name(journal), item=post, now=self.now()
            )
            return {"records": counts.records, "observed": counts.observed}

        return self.run(work)

    def import_(self, path: Path) -> Answer:
        """What the bundle holds passed the one door; its wasteland is one of this town's."""
        try:
            with path.open("rb") as file:
                pieces = iter(lambda: file.read(1 << 16), b"")
                return self.import_pieces(pieces, path.name)
        except OSError as error:
            raise FileProblemError(str(path), error.strerror or str(error)) from error

    def import_pieces(self, pieces: Iterable[bytes], name: str) -> Answer:
        """The same for bytes from anywhere."""
        reader = bundle.Reader(pieces)
        header = reader.header()
        self.about_to("import", {"wasteland": header.wasteland, "file": name})

        def work() -> tuple[Journal, bundle.Learned, int]:
            known = self.town.ledgers.get(header.wasteland)
            journal = known or self._entered(header.wasteland)
            before = [str(entry.record.id) for entry in journal.loose]
            learned = bundle.read(reader, JournalReplica(journal), journal.store, now=self.now())
            if known is None and self.town.account:
                bring_self(self.town, journal, now=self.now())
            journal.flush()
            rows = journal.store.observed("wanted") if learned.observed else ()
            self._to_be_looked_at(journal, rows)
            return journal, learned, sum(journal.held.entry(one) is not None for one in before)

        journal, learned, promoted = self.run(work)
        self.ports.peers.push(journal.wasteland)
        refused = {code: n for code, n in learned.codes.items() if code not in TAKEN_CODES}
        data = {
            "wasteland": journal.wasteland,
            "name": wasteland_name(journal),
            "new": learned.accepted,
            "held": learned.codes.get("held", 0),
            "loose": learned.loose,
            "promoted": promoted,
            "refused": refused,
            "observed": learned.observed,
        }
        new = f"{learned.accepted} records ({data['held']} were here already)"
        words = (
            f"learned  {new} and {learned.observed} unsigned rows of {data['name']}",
            *_loose_line(learned.loose),
            *((f"counted   {promoted} that were loose: their chain is here now",) * bool(promoted)),
        )
        warn = tuple(f"{count} records were not taken: {code}" for code, count in refused.items())
        return self.answer("wl.v1.import", data, words, next_=(BROWSE,), warn=warn)

    def _entered(self, wasteland: str) -> Journal:
        journal = self.town.enter(wasteland)
        self.town.choose(wasteland)
        return journal

    # --- rows of others

    def import_rows(self, folder: Path) -> Answer:
        """Rows that others wrote are shown beside the signed ones, marked as unsigned."""
        _ = self.own_account
        rows = read_rows(folder, source="", now=self.now())  # refused before a board is made
        self.about_to("import", {"rows": len(rows)})
        made: tuple[str, ...] = ()
        if not self.town.current:
            made = (
                f"made    your own board, {self.title_of(self.run(self.found_own))} (join: open)",
            )
        journal = self.run(self.board)

        def work() -> None:
            journal.store.observe(rows)
            self._to_be_looked_at(journal, rows)

        self.run(work)
        tables: dict[str, int] = {}
        for one in rows:
            tables[one.row.table] = tables.get(one.row.table, 0) + 1
        commit = rows[0].commit if rows else ""
        source = rows[0].source if rows else ""
        data = {"rows": len(rows), "tables": tables, "source": source, "commit": commit}
        counted = ", ".join(f"{count} {name}" for name, count in tables.items())
        words = (
            *made,
            f"shown   {counted or 'nothing'} from {source}, unsigned",
            f"        as of commit {commit}; never forwarded to peers",
        )
        return self.answer("wl.v1.rows", data, words, next_=(BROWSE,))

    def _to_be_looked_at(self, journal: Journal, rows: Iterable[Observed]) -> None:
        """Conduct looks at each signed item that a row claims without a signature."""
        claims = [one.row.key for one in rows if one.row.values.get("claimed_by")]
        posts = filter(None, map(journal.index.item_of, claims))
        self.town.row_claims.setdefault(journal.wasteland, []).extend(posts)

    def rebuilt(self) -> dict[str, int]:
        """Rows and indexes of every ledger were made anew from its records."""

        def work() -> dict[str, int]:
            counts = {}
            for wasteland in (*self.town.ledgers,):
                journal = self.town.ledgers[wasteland]
                counts[wasteland_name(journal)] = rebuild(journal)
            return counts

        return self.run(work)


TAKEN_CODES = frozenset({"ok", "held", "fork", "pinned", "loose"})


def rebuild(journal: Journal) -> int:
    """The ledger's rows and indexes say what its records say; how many records there are."""
    journal.store.clear_projections()
    journal.reload()
    journal.flush()
    return journal.store.count()


def _loose_line(count: int) -> tuple[str, ...]:
    """How many records are here without their chain (records 2.2)."""
    return (f"{'partial':<10}{loose_words(count)}",) if count else ()
