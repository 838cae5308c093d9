"""Headless Chromium over its own protocol (CDP): a WebSocket, which is here already, and no driver to install.

Source: https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from scripts.browsing.errors import BrowserError

PROGRAMS = ("chromium", "google-chrome")
START_SECONDS = 30
LARGEST_PHONE_PIXELS = 600
ANSWER_SECONDS = 30
LARGEST_MESSAGE_BYTES = 64 * 1024 * 1024

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
    "--autoplay-policy=user-gesture-required",
    "--mute-audio",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
MICROPHONE_ALLOWED = "--use-fake-ui-for-media-stream"
MICROPHONE_REFUSED = "--deny-permission-prompts"
RELAYS_AUTHORITY_IS_OURS = "--ignore-certificate-errors"
"""Chromium takes authorities from its own store alone; real relays have certificates of a public one."""


class Tab:
    """One page in one browser; use `open_tab`."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.requests: list[str] = []
        """Every address that the page asked for, WebSockets included."""
        self.complaints: list[str] = []
        """Uncaught exceptions, errors on the console, and what the content security policy blocked."""

    async def listen(self) -> None:
        """Take what the browser says until it ends."""
        async for text in self._socket:
            message = json.loads(text)
            if waiting := self._waiting.pop(message.get("id"), None):
                waiting.set_result(message)
            else:
                self._note(message.get("method", ""), message.get("params", {}))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(params["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:2000])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and params["type"] == "error":
            self.complaints.append(json.dumps(params["args"])[:2000])

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its answer.

        Raises:
            BrowserError: The browser refuses.
        """
        number = next(self._ids)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        answer = await asyncio.wait_for(waiting, ANSWER_SECONDS)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer}")
        result: dict[str, Any] = answer["result"]
        return result

    async def go(self, url: str) -> None:
        """Load *url*, to its end."""
        await self.ask("Page.navigate", url=url)
        await self.until(
            f"document.readyState === 'complete' && location.href === {json.dumps(url)}", ANSWER_SECONDS
        )

    async def run(self, script: str) -> Any:
        """Return what *script* comes to, awaited.

        Raises:
            BrowserError: It throws.
        """
        answer = await self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer))
        return answer["result"].get("value")

    async def until(self, condition: str, seconds: float, what: str = "") -> None:
        """Wait until the script *condition* is true.

        Raises:
            BrowserError: It is not in time.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while not await self.run(f"Boolean({condition})"):
            if asyncio.get_running_loop().time() > deadline:
                seen = await self.run("document.body.innerText")
                raise BrowserError(f"not within {seconds} s: {what or condition}\n{seen}\n{self.complaints}")
            await asyncio.sleep(0.02)  # a meter that jumps is seen at its height only by whoever looks often

    async def text(self, selector: str) -> str:
        """Return what an element shows."""
        return str(await self.run(f"document.querySelector({json.dumps(selector)}).innerText.trim()"))

    async def press(self, selector: str) -> None:
        """Press with the mouse where the element is, as a person would: what is covered is not pressed."""
        place = await self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            "const r = e.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2} })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    async def key(self, key: str, text: str = "") -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            await self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    async def write(self, text: str) -> None:
        """Type *text* at once."""
        await self.ask("Input.insertText", text=text)

    async def look(self, *, width: int = 1100, height: int = 780, scheme: str = "light") -> None:
        """Choose the size of the window and the colours that the user prefers."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < LARGEST_PHONE_PIXELS,
        )
        await self.ask(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    async def picture(self) -> bytes:
        """Return the whole page as it looks, as a PNG."""
        shot = await self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])


@contextlib.asynccontextmanager
async def open_tab(*flags: str) -> AsyncIterator[Tab]:
    """Start a browser with a profile of its own, and yield its one tab; both are gone afterwards."""
    profile = Path(tempfile.mkdtemp(prefix="hotline-chromium-"))
    process = _start(profile, flags)
    try:
        async with connect(await _address(profile), max_size=LARGEST_MESSAGE_BYTES) as socket:
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            for domain in ("Page", "Network", "Runtime", "Log"):
                await tab.ask(f"{domain}.enable")
            try:
                yield tab
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(profile, ignore_errors=True)


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


async def _address(profile: Path) -> str:
    """Return the tab's WebSocket; Chromium writes down the port that it took."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            with contextlib.suppress(OSError, ValueError, IndexError, httpx.HTTPError):
                port = int((profile / "DevToolsActivePort").read_text().splitlines()[0])
                async with httpx.AsyncClient(trust_env=False) as http:
                    targets = (await http.get(f"http://127.0.0.1:{port}/json")).json()
                return str(next(one for one in targets if one["type"] == "page")["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)
