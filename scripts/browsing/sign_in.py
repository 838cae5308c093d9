"""Opening the call page as somebody whom the embedded cloud's issuer knows."""

from contextlib import suppress

from scripts.browsing.errors import BrowserError
from scripts.browsing.tab import Tab

WAIT_SECONDS = 30

_ON_PAGE = "document.querySelector('#sign-in')?.checkVisibility()"
_ON_ISSUERS_PAGE = "location.pathname === '/authorize' && document.readyState === 'complete'"


async def open_signed_in(tab: Tab, url: str) -> None:
    """Load the page at *url*, sign in, and come back to it.

    Raises:
        BrowserError: One of them does not happen in time.
    """
    await tab.go(url)
    await tab.until(_ON_PAGE, WAIT_SECONDS, "the page offers to sign in")
    await tab.press("#sign-in")
    await _arrive(tab, _ON_ISSUERS_PAGE, "the issuer asks who is there")
    await tab.press("button")
    await _arrive(tab, f"location.href === {url!r} && !{_ON_PAGE}", "the page is back, and signed in")


async def _arrive(tab: Tab, condition: str, what: str) -> None:
    """Wait for another page; one that goes away in the middle of a question does not answer it."""
    with suppress(BrowserError):
        await tab.until(condition, 1, what)
        return
    await tab.until(condition, WAIT_SECONDS, what)
