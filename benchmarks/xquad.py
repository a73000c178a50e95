"""Where XQuAD lies: questions with the paragraphs that answer them, in Spanish and English. It is not part of the project.

The environment variable `MIDAS_XQUAD` names the folder with `xquad.es.json` and `xquad.en.json`; without it, the folder
`shared/data/xquad` beside the repository is looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.setup import ROOT

LANGUAGES = ("es", "en")


def xquad_folder() -> Path | None:
    """The folder that holds the files of both languages, None when there is none."""
    folder = Path(os.environ.get("MIDAS_XQUAD", ROOT.parent / "shared" / "data" / "xquad"))
    return folder if all((folder / f"xquad.{language}.json").exists() for language in LANGUAGES) else None
