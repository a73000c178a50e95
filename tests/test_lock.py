"""One process owns a data directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.config import IngestSettings
from ingest.errors import StoreError, StoreLocked
from ingest.lock import DirectoryLock
from ingest.store import Store

HOLD = """
import sys, time
from pathlib import Path
from ingest.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(300)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_second_owner_is_told_who_has_it_and_what_to_do(home: Path) -> None:
    with Store.open(IngestSettings(home=home)), pytest.raises(StoreLocked) as caught:
        Store.open(IngestSettings(home=home))
    assert str(caught.value) == (
        f"{home} is in use by process {os.getpid()}: stop it, go through its address, or set another MIDAS_HOME."
    )


def test_other_users_of_the_machine_are_kept_out(home: Path) -> None:
    with Store.open(IngestSettings(home=home)):
        assert home.stat().st_mode & 0o077 == 0 and (home / "midas.db").stat().st_mode & 0o077 == 0
    (home / "midas.db").chmod(0o644)
    with Store.open(IngestSettings(home=home)):
        assert (home / "midas.db").stat().st_mode & 0o777 == 0o640


def test_closing_gives_it_back(home: Path) -> None:
    for _ in range(2):
        with Store.open(IngestSettings(home=home)):
            assert DirectoryLock(home).owner_pid() == os.getpid()
    assert DirectoryLock(home).owner_pid() is None


def test_a_killed_owner_blocks_nobody(home: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout and owner.stdout.readline() == "held\n"
        with pytest.raises(StoreLocked, match=f"process {owner.pid}:"):
            DirectoryLock(home).acquire()
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
    lock = DirectoryLock(home)
    lock.acquire()
    lock.release()


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be used as the data directory .* set another MIDAS_HOME"):
        DirectoryLock(tmp_path / "file" / "home").acquire()
    with pytest.raises(StoreError, match="can't be used"):
        DirectoryLock(tmp_path / "file").acquire()


def test_a_broken_database_is_named_and_the_lock_given_back(home: Path) -> None:
    home.mkdir()
    (home / "midas.db").write_bytes(b"no database at all" * 100)
    for _ in range(2):
        with pytest.raises(StoreError, match="midas.db can't be opened"):
            Store.open(IngestSettings(home=home))
