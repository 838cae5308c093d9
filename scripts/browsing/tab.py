"""A page in a browser, as a person uses it: look, press, type, wait."""

import asyncio
import base64
import json
from typing import Any

from scripts.browsing.devtools import ANSWER_SECONDS, DevTools
from scripts.browsing.errors import BrowserError

LARGEST_PHONE_PIXELS = 600


class Tab(DevTools):
    """One page; `Chromium` opens it."""

    def __init__(self, socket: Any) -> None:
        super().__init__(socket)
        self.requests: list[str] = []
        """Every address that the page asked for, WebSockets included."""
        self.complaints: list[str] = []
        """Uncaught exceptions, errors on the console, and what the content security policy blocked."""

    def note(self, method: str, params: dict[str, Any]) -> None:
        """Keep what tests look at afterwards."""
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

    async def go_offline(self) -> None:
        """Take the page's network away; connections that stand are not cut."""
        await self._connectivity(offline=True)

    async def go_online(self) -> None:
        """Give it back."""
        await self._connectivity(offline=False)

    async def _connectivity(self, *, offline: bool) -> None:
        speed = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        await self.ask("Network.emulateNetworkConditions", offline=offline, **speed)

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
