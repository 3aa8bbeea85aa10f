"""Print the figures of every collection; see the package."""

import sys
from pathlib import Path

from bench.corpora import bounces, folder_of_public_mail, mime, quotes

COLLECTIONS = (bounces, quotes, mime)


def main() -> None:
    """Print what each collection reports."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else folder_of_public_mail()
    if not folder.is_dir():
        sys.exit(f"the folder of public mail is absent: {folder}")
    for collection in COLLECTIONS:
        print(f"\n{collection.__name__.rpartition('.')[2]}")
        for line in collection.report(folder):
            print(f"  {line}")


if __name__ == "__main__":
    main()
