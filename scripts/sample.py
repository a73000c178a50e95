"""Loads the sample documents into the collection `midas`, once for each data directory: `.venv/bin/python scripts/sample.py`.

That it is done is remembered in the data directory, so that an interrupted first run is taken up again and documents that
somebody deleted since do not come back.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from assistant.config import Settings
from ingest.errors import MidasError

DOCUMENTS = Path(__file__).parent.parent / "corpora" / "midas" / "documents"


def main() -> int:
    """The exit code of `midas ingest`."""
    done = Settings.load().home / "sample.done"
    if done.exists():
        return 0
    print("Loading the sample documents ...", flush=True)
    code = subprocess.call([sys.executable, "-m", "ui.cli", "ingest", str(DOCUMENTS), "--collection", "midas"])
    if code == 0:
        done.touch()
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (MidasError, KeyboardInterrupt) as error:
        sys.exit(f"midas: {error}" if isinstance(error, MidasError) else 130)
