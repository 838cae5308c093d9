"""Print a public Python image by the digest that it has today, as `telephony.bridge.image` of a stage wants it.

    scripts/bridge-image                                    the official slim one, from Amazon's public registry
    scripts/bridge-image public.ecr.aws/docker/library/python:3.13-slim-trixie    another

Needs the network, and neither Docker nor a sign-in.  Nothing is built and nothing is pushed: a task of the bridge
fetches the agent's bundle, which holds everything else.  For security updates run it again now and then, put what it
prints into cdk.json, and deploy: running calls end on the old tasks.
"""

import argparse
import sys

from scripts.operating.errors import ImageError
from scripts.operating.image import Tagged, by_digest

IMAGE = "public.ecr.aws/docker/library/python:3.13-slim-bookworm"
"""Python 3.13 on glibc 2.36: the bundle's packages want 3.13 and at least glibc 2.28 (manylinux_2_28)."""


def main() -> int:
    """Run `scripts/bridge-image`."""
    parser = argparse.ArgumentParser(
        prog="scripts/bridge-image", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "image", nargs="?", default=IMAGE, metavar="HOST/NAME:TAG", help="default: %(default)s"
    )
    options = parser.parse_args()
    try:
        print(by_digest(Tagged.read(options.image)))
    except ImageError as fault:
        print(f"bridge-image: {fault}", file=sys.stderr)
        return 1
    return 0
