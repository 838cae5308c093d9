"""Headless Chromium, and tabs of it."""

import asyncio
import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from scripts.browsing.devtools import DevTools
from scripts.browsing.errors import BrowserError
from scripts.browsing.tab import Tab

# Debian's shell is the same engine without windows of its own, at half the work.  Its command is a script that leaves
# the browser running when it is ended, so the program itself is named.
PROGRAMS = ("/usr/lib/chromium/chromium-headless-shell", "chromium", "google-chrome")
START_SECONDS = 30

# No look-ups of Google's hosts, no picture, and nobody to click on the question for the microphone.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=OptimizationHints,MediaRouter,WebRtcHideLocalIpsWithMdns",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=document-user-activation-required",
    "--mute-audio",
    "--hide-scrollbars",
    # A tab that no window shows is as awake as any other.
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--remote-debugging-port=0",
)
# The shell has nobody to ask, and would say that it has no microphones; both answer as they are told here.
MICROPHONE_ALLOWED = "--use-fake-ui-for-media-stream"
MICROPHONE_REFUSED = "--use-fake-ui-for-media-stream=deny"
RELAYS_AUTHORITY_IS_OURS = "--ignore-certificate-errors"
"""Chromium takes authorities from its own store alone; real relays have certificates of a public one."""


class Chromium:
    """A browser that runs; `running` starts it, and ends it after the block."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile

    @classmethod
    @contextlib.contextmanager
    def running(cls, *flags: str) -> Iterator["Chromium"]:
        """Start a browser with a profile of its own, and end it after the block."""
        profile = Path(tempfile.mkdtemp(prefix="hotline-chromium-"))
        process = _start(profile, flags)
        try:
            yield cls(profile)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(profile, ignore_errors=True)

    @contextlib.asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """Open a tab that shares nothing with others: no cookies, storage, cache or permissions."""
        host, path = await self._address()
        async with DevTools.connected(f"ws://{host}{path}") as browser:
            apart = await browser.ask("Target.createBrowserContext", disposeOnDetach=True)
            opened = await browser.ask("Target.createTarget", url="about:blank", **apart)
            async with Tab.connected(f"ws://{host}/devtools/page/{opened['targetId']}") as tab:
                for domain in ("Page", "Network", "Runtime", "Log"):
                    await tab.ask(f"{domain}.enable")
                yield tab
            await browser.ask("Target.disposeBrowserContext", **apart)

    async def _address(self) -> tuple[str, str]:
        """Return where it listens; Chromium writes down the port that it took."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                with contextlib.suppress(OSError, ValueError):
                    port, path = (self._profile / "DevToolsActivePort").read_text().split()
                    return f"127.0.0.1:{port}", path
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def open_tab(*flags: str) -> AsyncIterator[Tab]:
    """Start a browser and open a tab of it; both are gone after the block."""
    with Chromium.running(*flags) as browser:
        async with browser.tab() as tab:
            yield tab


def _start(profile: Path, flags: tuple[str, ...]) -> subprocess.Popen[bytes]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        raise BrowserError(
            f"None of {', '.join(PROGRAMS)} is installed; `sudo scripts/setup --system` does it."
        )
    return subprocess.Popen(
        [program, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
