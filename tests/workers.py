"""How the whole suite is spread over its workers: in which order, and what stays together.

A worker takes a file at a time, because its fixtures are shared and expensive; files below one of `TOGETHER`
share even more, and go to one worker as a whole.  What takes longest begins first, or the others would be done
and wait for it.
"""

from pathlib import Path

from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[1]

TOGETHER = {
    "tests/contract/": "what is synthesised",
    "tests/stacks/": "what is synthesised",
    "tests/embedded/agentcore/": "one cloud",
    "tests/embedded/ministack/": "one cloud",
    "tests/embedded/test_cloud.py": "one cloud",
    "tests/embedded/test_destroy.py": "one cloud",
    "tests/local/test_accidents.py": "one deployment",
    "tests/local/test_call.py": "one deployment",
    "tests/local/test_deploying.py": "one deployment",
    "tests/local/test_operating.py": "one deployment",
    "tests/local/test_page.py": "one deployment",
    "tests/local/test_refusals.py": "one deployment",
    "tests/local/test_reload.py": "one deployment",
    "tests/scripts/reporting/": "reports",
}
"""What begins so shares stages that were synthesised, reports of them, an embedded cloud, or one with a stage on it."""

FIRST = (
    "tests/local/test_refusals.py",
    "tests/local/test_operating.py",
    "tests/local/test_call.py",
    "tests/local/test_reload.py",
    "tests/local/test_page.py",  # after them: it puts other relays in their place
    "tests/local/test_accidents.py",  # after all calls: it ends the model
    "tests/local/test_deploying.py",  # the last on their cloud: it takes the stage away
    "tests/bundle/test_arm64.py",
    "tests/embedded/test_deploy.py",
    "tests/stacks/",
    "tests/contract/",
    "tests/embedded/test_phones.py",
    "tests/embedded/agentcore/",
    "tests/embedded/ministack/",
    "tests/bundle/",
    "tests/network/",
    "tests/local/",
    "tests/browser/",
)
"""The longest, longest first; everything else takes seconds."""


class Scheduling(LoadFileScheduling):
    """xdist's own, but for what is one unit of work."""

    def _split_scope(self, nodeid: str) -> str:
        return next((unit for begins, unit in TOGETHER.items() if nodeid.startswith(begins)), None) or str(
            super()._split_scope(nodeid)
        )


def turn_of(nodeid: str) -> int:
    """Say when a test is due; equals stay in the order in which they were found."""
    return next((turn for turn, begins in enumerate(FIRST) if nodeid.startswith(begins)), len(FIRST))


def unknown() -> list[str]:
    """Name what is listed here and is there no more."""
    return [one for one in (*TOGETHER, *FIRST) if not (ROOT / one).exists()]
