"""Kills an ingest of a few hundred documents with the real embedder, thirty times: `python -m benchmarks.crash`.

The embedder must be prepared (`midas models pull multilingual-e5-small`); documents and index go to a temporary folder.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ingest.config import IngestSettings
from ingest.e5_model import model_folder
from tests.crashing import Campaign


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--window", type=float, default=3.0, help="seconds in which a kill comes at random")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        shutil.copytree(model_folder(IngestSettings.load().home), model_folder(base / "home"))
        print(Campaign(base, options.documents, options.kills, options.window, real=True, seed=options.seed).run())


if __name__ == "__main__":
    main()
