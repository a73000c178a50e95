"""The SQLite database `midas.db`: schema, migrations, a pool of reading connections, one writing connection.

Journal mode WAL lets searches read while an ingest writes. `synchronous=FULL` syncs every commit to disk: the vectors of an
old version are deleted only after the transaction that hides it, and a power cut must not undo that transaction alone.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock, RLock

from ingest import fulltext
from ingest.errors import StoreError
from ingest.home import keep_out_others

IDLE_READERS = 8
"""Connections that stay open between reads. Each holds up to 2 MB: fifty readers at once must not keep that for good."""
Migration = str | Callable[[sqlite3.Connection], None]
"""SQL, or what does it inside a transaction."""

MIGRATIONS: tuple[Migration, ...] = (
    """
    CREATE TABLE collections (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL,
        generation INTEGER NOT NULL
    );
    -- An index of a collection under one embedder and chunking. One that no collection names is being built, or is garbage.
    CREATE TABLE generations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        embedder TEXT NOT NULL,
        dimension INTEGER NOT NULL,
        chunk_tokens INTEGER NOT NULL
    );
    -- The catalog. `version` is the version that is served, NULL when none is; `sha256` is that of the served version, or, when
    -- none is served, of the file. `state`, `reason`, `message` tell how the newest file fared.
    CREATE TABLE documents (
        collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        document_id TEXT NOT NULL,
        source TEXT NOT NULL,
        title TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        reason TEXT,
        message TEXT,
        duplicate_of TEXT,
        sha256 TEXT NOT NULL DEFAULT '',
        media_type TEXT NOT NULL DEFAULT '',
        page_unit TEXT,
        date TEXT,
        warnings TEXT NOT NULL DEFAULT '[]',
        path TEXT,
        file_bytes INTEGER,
        file_mtime_ns INTEGER,
        pages INTEGER,
        chunks INTEGER NOT NULL DEFAULT 0,
        version INTEGER,
        updated_at TEXT NOT NULL,
        PRIMARY KEY (collection, document_id)
    ) WITHOUT ROWID;
    CREATE INDEX documents_sha256 ON documents (collection, sha256);
    -- The served text of a document, and how it divides into blocks; both compressed with zlib.
    CREATE TABLE texts (
        collection INTEGER NOT NULL,
        document_id TEXT NOT NULL,
        text BLOB NOT NULL,
        layout BLOB NOT NULL,
        PRIMARY KEY (collection, document_id),
        FOREIGN KEY (collection, document_id) REFERENCES documents(collection, document_id) ON DELETE CASCADE
    );
    -- Chunks of served versions, and of generations being built.
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY,
        generation INTEGER NOT NULL,
        document_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        language TEXT NOT NULL,
        text TEXT NOT NULL,
        start INTEGER NOT NULL,
        "end" INTEGER NOT NULL,
        prefix TEXT NOT NULL,
        kind TEXT NOT NULL,
        page INTEGER,
        page_end INTEGER,
        headings TEXT NOT NULL,
        tokens INTEGER NOT NULL,
        UNIQUE (generation, document_id, version, ordinal)
    );
    -- One row a chunk, same rowid. `scope` is the generation, so that MATCH itself restricts a search to its collections.
    -- The texts are already folded and stemmed.
    CREATE VIRTUAL TABLE fulltext USING fts5 (scope, headings, body, tokenize = "unicode61 remove_diacritics 0");
    -- Intents: vectors 0..chunks-1 of this version may be in Chroma while no chunk has them; they are to be deleted.
    -- Its key hands out version numbers, which are never used twice.
    CREATE TABLE leftovers (
        version INTEGER PRIMARY KEY AUTOINCREMENT,
        collection TEXT NOT NULL,
        generation INTEGER NOT NULL,
        document_id TEXT NOT NULL,
        chunks INTEGER NOT NULL
    );
    -- What a generation being built holds: `base` is the served version it was made from.
    CREATE TABLE staged (
        generation INTEGER NOT NULL,
        document_id TEXT NOT NULL,
        base INTEGER NOT NULL,
        version INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        PRIMARY KEY (generation, document_id)
    );
    """,
    """
    -- Sets the vectors of this data directory apart on a Chroma server that others use. Empty where vectors have older names.
    CREATE TABLE installation (id TEXT NOT NULL);
    INSERT INTO installation
        SELECT CASE WHEN EXISTS (SELECT 1 FROM generations) THEN '' ELSE lower(hex(randomblob(8))) END;
    ALTER TABLE collections DROP COLUMN description;
    """,
    """
    -- 1 where an admin wants questions about the collection kept away from back ends in the cloud.
    ALTER TABLE collections ADD COLUMN private INTEGER NOT NULL DEFAULT 0 CHECK (private IN (0, 1));
    """,
    """
    ALTER TABLE collections ADD COLUMN description TEXT NOT NULL DEFAULT '';
    -- The groups that may read a collection; none: admins alone. By group, so that a look-up touches no collection that the
    -- group may not read. Deleting a collection deletes them: a new one of its name, or its id, starts with none.
    CREATE TABLE readers (
        "group" TEXT NOT NULL,
        collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        PRIMARY KEY ("group", collection)
    ) WITHOUT ROWID;
    CREATE INDEX readers_collection ON readers (collection);
    """,
    """
    -- What happened to documents, newest last. It stays when a document is deleted and goes with its collection.
    -- `version` counts the publications of a document; `uploaded` is 1 for an upload; `by` is the id of a person.
    CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        document_id TEXT NOT NULL,
        event TEXT NOT NULL,
        at TEXT NOT NULL,
        by TEXT NOT NULL,
        source TEXT NOT NULL,
        title TEXT NOT NULL,
        version INTEGER,
        sha256 TEXT NOT NULL,
        reason TEXT,
        message TEXT,
        pages INTEGER,
        chunks INTEGER NOT NULL,
        uploaded INTEGER NOT NULL CHECK (uploaded IN (0, 1))
    );
    CREATE INDEX history_document ON history (collection, document_id, id);
    INSERT INTO history (collection, document_id, event, at, by, source, title, version, sha256, pages, chunks, uploaded)
        SELECT collection, document_id, 'published', updated_at, '', source, title, 1, sha256, pages, chunks, 0
        FROM documents WHERE version IS NOT NULL;
    -- Folders of the server that are looked at again and again; `seen_at` and `error` are of the last look.
    CREATE TABLE watches (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        path TEXT NOT NULL,
        sync INTEGER NOT NULL CHECK (sync IN (0, 1)),
        paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
        added_by TEXT NOT NULL,
        added_at TEXT NOT NULL,
        seen_at TEXT,
        error TEXT,
        UNIQUE (collection, path)
    );
    """,
    fulltext.divide,
    """
    -- The last version number of a collection, by its name: versions are never used twice, not even by a new collection of that
    -- name. Each counts for itself, so that a version tells nothing about other collections.
    CREATE TABLE versions (collection TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO versions SELECT name, (SELECT seq FROM sqlite_sequence s WHERE s.name = 'leftovers') FROM collections
        WHERE EXISTS (SELECT 1 FROM sqlite_sequence s WHERE s.name = 'leftovers');
    ALTER TABLE leftovers RENAME TO shared_leftovers;
    CREATE TABLE leftovers (
        version INTEGER NOT NULL,
        collection TEXT NOT NULL,
        generation INTEGER NOT NULL,
        document_id TEXT NOT NULL,
        chunks INTEGER NOT NULL,
        PRIMARY KEY (collection, version)
    ) WITHOUT ROWID;
    INSERT INTO leftovers SELECT version, collection, generation, document_id, chunks FROM shared_leftovers;
    DROP TABLE shared_leftovers;
    """,
    """
    -- Who knows more about the documents of a collection: shown where they hold no answer.
    ALTER TABLE collections ADD COLUMN contact TEXT NOT NULL DEFAULT '';
    -- Questions to begin with, as admins wrote them, in their order.
    CREATE TABLE suggestions (
        collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        language TEXT NOT NULL,
        position INTEGER NOT NULL,
        question TEXT NOT NULL,
        PRIMARY KEY (collection, language, position)
    ) WITHOUT ROWID;
    """,
    """
    -- From a chunk to its collection without passing by others.
    CREATE UNIQUE INDEX collections_generation ON collections (generation);
    """,
    """
    -- Ingestions of files and folders of the server, and reindexings, that are not finished. `collection` is a name,
    -- `collection_id` the one that had it as the order was given, or else the first since: no reference, it may be deleted.
    -- `paths` is JSON; `bounded` is 1 where nothing outside the setting watch.roots may be read; `by` is the id of a person.
    CREATE TABLE orders (
        job TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('ingest', 'reindex')),
        collection TEXT NOT NULL,
        collection_id INTEGER,
        paths TEXT NOT NULL,
        sync INTEGER NOT NULL CHECK (sync IN (0, 1)),
        bounded INTEGER NOT NULL CHECK (bounded IN (0, 1)),
        by TEXT NOT NULL,
        at TEXT NOT NULL
    );
    CREATE TRIGGER orders_bound AFTER INSERT ON collections BEGIN
        UPDATE orders SET collection_id = NEW.id WHERE collection = NEW.name AND collection_id IS NULL;
    END;
    """,
)


class Database:
    """Owns the file. Readers never wait; writers take turns. `migrations` are the steps of its schema, oldest first."""

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self.path = path
        self._migrations = migrations
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._writing = RLock()
        self._pool = Lock()
        keep_out_others(path)
        self._writer = self._connect()
        try:
            with self._translated():
                self._migrate()
        except BaseException:
            self._writer.close()
            raise

    def installation(self) -> str:
        """The random id of this data directory; empty in one from before there were ids."""
        with self.read() as connection:
            found: str = connection.execute("SELECT id FROM installation").fetchone()[0]
        return found

    def empty_log(self) -> None:
        """After deletions: no part of what is gone stays in the files. In vain while somebody reads."""
        with self._translated(), closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes every connection; one that is in use closes when its reader is done."""
        with self._pool:
            self._closed = True
            idle, self._idle = self._idle, deque()
        for connection in idle:
            connection.close()
        with self._writing:
            self._writer.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements all see the same state of the database. Errors of SQLite become StoreError."""
        connection = self._take()
        with self._translated():
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                connection.rollback()
                self._put_back(connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed when the block ends, rolled back when it raises. Errors of SQLite become StoreError."""
        with self._writing, self._translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.commit()
            except BaseException:
                self._writer.rollback()
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path} can't be used ({error}): check free disk space and permissions, then run `midas doctor`."
            ) from error

    def _take(self) -> sqlite3.Connection:
        with self._pool:
            if self._closed:
                raise StoreError(f"The store in {self.path.parent} was closed: open it again.")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _put_back(self, connection: sqlite3.Connection) -> None:
        with self._pool:
            if not self._closed and len(self._idle) < IDLE_READERS:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
            connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-2000;"
                "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
            )
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self.path} can't be opened ({error}): restore a backup, or delete it and ingest again."
            ) from error
        connection.row_factory = sqlite3.Row
        return connection

    def _migrate(self) -> None:
        version: int = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            raise StoreError(f"{self.path} was written by a newer Midas assistant: upgrade, or set another MIDAS_HOME.")
        for number in range(version, len(self._migrations)):
            step = self._migrations[number]
            if isinstance(step, str):
                self._writer.executescript(f"BEGIN; {step}; PRAGMA user_version={number + 1}; COMMIT;")
                continue
            with self.write() as connection:
                step(connection)
                connection.execute(f"PRAGMA user_version={number + 1}")
