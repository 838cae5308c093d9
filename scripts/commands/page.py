"""Make build/page/, the function that serves the call page and the files that a browser loads, from runtime/door/page/.

The packages come from npm as package-lock.json names them, into .cache/page/, once; afterwards no network
is needed.  Says nothing when nothing is to do.  --check looks at the types as well.
"""

from pathlib import Path

from scripts.commands.arguments import new_parser
from scripts.commands.ending import ended
from scripts.webpage.build import check_types, make_page
from scripts.webpage.errors import PageError

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "build/page"


def main() -> int:
    """Run `scripts/page`."""
    parser = new_parser("page", __doc__)
    parser.add_argument("--check", action="store_true", help="check the types too")
    options = parser.parse_args()
    return ended("page", lambda: make(check=options.check), {PageError: 1, OSError: 1})


def make(*, check: bool) -> int:
    """Make the page, and say how large it is if there was anything to do."""
    made = make_page(ROOT, PAGE)
    if check:
        check_types(ROOT)
    if made or check:
        size = sum(file.stat().st_size for file in PAGE.glob("files/**/*"))
        print(f"{PAGE.relative_to(ROOT)}  {size / 1000:.0f} kB")
    return 0
