"""How well real mail of other people is read, figure by figure, with a list of what is missed and why.

    .venv/bin/python -m bench.corpora [FOLDER]

The mails lie outside of the repository: in `INTAKE_TEST_MAIL`, or in a folder `mail` beside the checkout. Each
module here measures one collection: `report(folder)` yields the lines that are printed. The tests hold the goals.
"""

import os
from pathlib import Path


def folder_of_public_mail() -> Path:
    """Return INTAKE_TEST_MAIL, or the folder `mail` beside the checkout that has the public collections in it."""
    if given := os.environ.get("INTAKE_TEST_MAIL"):
        return Path(given)
    beside = Path(__file__).parents[3].glob("*/mail/bounces/expected.tsv")
    return next((file.parents[1] for file in beside), Path("mail"))


def files(folder: Path) -> list[Path]:
    """Return every file below a folder, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def share(part: int, whole: int) -> str:
    """Return a part of a whole as people write it."""
    return f"{part} of {whole} ({100 * part / whole:.1f} %)"
