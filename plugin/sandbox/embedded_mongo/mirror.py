"""An SQLite file that follows the documents, written from a thread of its own twice a second."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import bson

from plugin.sandbox.embedded_mongo.store import ONE_AT_A_TIME, Document, Foreign

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.5
"""How much a power cut or `kill -9` may lose."""

_TABLE = (
    "CREATE TABLE IF NOT EXISTS documents"
    "(collection TEXT, key BLOB, document BLOB, PRIMARY KEY(collection, key)) WITHOUT ROWID"
)


class Mirror:
    """Keeps the documents of the embedded database on disk.

    Changes are only noted; a thread writes them every `FLUSH_SECONDS` in one transaction, so a crash leaves
    all documents as they were at one earlier moment.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(_TABLE)
        self._changes: dict[tuple[str, Foreign], Document | None] = {}
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._follow, name="mirror", daemon=True)
        self._thread.start()

    def load(self) -> Iterator[tuple[str, Document]]:
        """Yield collection and document of everything kept so far."""
        query = "SELECT collection, document FROM documents ORDER BY collection, key"
        for collection, document in self._database.execute(query):
            yield collection, bson.decode(document)

    def changed(self, collection: str, key: Foreign, document: Document | None) -> None:
        """Note that a document is new or different, or gone (None)."""
        with ONE_AT_A_TIME:
            self._changes[collection, key] = document

    def flush(self) -> None:
        """Write everything noted so far."""
        with self._writing:
            with ONE_AT_A_TIME:
                changes, self._changes = self._changes, {}
            if not changes:
                return
            try:
                self._write(changes)
            except sqlite3.Error:
                with ONE_AT_A_TIME:  # to be tried again, unless changed anew meanwhile
                    self._changes = {**changes, **self._changes}
                raise

    def close(self) -> None:
        """Write what is left and close the file; does nothing the second time."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join()
        self.flush()
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._database.close()

    def _write(self, changes: dict[tuple[str, Foreign], Document | None]) -> None:
        written, deleted = [], []
        with ONE_AT_A_TIME:  # so that all documents are written as they are at one moment
            for (collection, key), document in changes.items():
                row = (collection, bson.encode({"_id": key}))
                if document is None:
                    deleted.append(row)
                else:
                    written.append((*row, bson.encode(document)))
        with self._database as database:
            database.execute("BEGIN")
            database.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", written)
            database.executemany("DELETE FROM documents WHERE collection = ? AND key = ?", deleted)

    def _follow(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except sqlite3.Error:
                if not self._failing:  # say it once, not twice a second
                    log.exception("the sandbox cannot write its database; still trying")
                self._failing = True
            else:
                self._failing = False
