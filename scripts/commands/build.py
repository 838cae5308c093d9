"""Make all that `cdk` deploys besides its templates: the agent's bundle, the door's layers and the call page.

cdk.json's `build`: one process for both, because everybody waits for it before every synth.
"""

from scripts.commands import bundle, page


def main() -> int:
    """Run `scripts/bundle`, then `scripts/page` unless that failed."""
    return bundle.main() or page.main()
