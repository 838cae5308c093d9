"""Make build/page/, the function that serves the call page and the files that a browser loads, from runtime/door/page/.

The packages come from npm as package-lock.json names them, into .cache/page/, once; afterwards no network
is needed.  Says nothing when nothing is to do.  --check looks at the types as well.
"""

import argparse
import sys
from pathlib import Path

from scripts.webpage.build import check_types, make_page
from scripts.webpage.errors import PageError

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "build/page"


def main() -> int:
    """Run `scripts/page`."""
    parser = argparse.ArgumentParser(
        prog="scripts/page", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="check the types too")
    options = parser.parse_args()
    try:
        made = make_page(ROOT, PAGE)
        if options.check:
            check_types(ROOT)
    except PageError as fault:
        print(f"page: {fault}", file=sys.stderr)
        return 1
    if made or options.check:
        size = sum(file.stat().st_size for file in PAGE.glob("files/**/*"))
        print(f"{PAGE.relative_to(ROOT)}  {size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
