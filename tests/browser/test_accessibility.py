"""Usable without a mouse, without eyes, on a small screen, by day and by night."""

import itertools

import pytest

from scripts.browsing.chromium import MICROPHONE_REFUSED, open_tab
from scripts.browsing.sign_in import open_signed_in

READABLE_CONTRAST = 4.5
"""Source: WCAG 2.2, success criterion 1.4.3, level AA."""
SMALLEST_PHONE_PIXELS = 320
"""Source: WCAG 2.2, success criterion 1.4.10."""
IDLE = "document.querySelector('#state').innerText === 'Ready to call'"
ON_THE_LINE = "document.querySelector('#state').innerText === 'On the line'"
FOCUSED = "document.activeElement.id"


async def test_a_call_needs_no_mouse(stage, tab):
    """From the address bar to hanging up with Tab and Enter; no control vanishes under the keyboard."""
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(IDLE, 20)
    await tab_to(tab, "call")
    await tab.key("Enter", "\r")
    await tab.until(ON_THE_LINE, 20)
    assert await tab.run(FOCUSED) == "hang-up"

    await tab_to(tab, "text")
    await tab.write("hello")
    await tab.key("Enter", "\r")
    await tab.until("document.querySelector('#transcript .caller span')?.innerText === 'hello'", 5)
    await tab_to(tab, "hang-up")
    await tab.key("Enter", "\r")

    await tab.until("document.querySelector('#state').innerText === 'The call is over'", 10)
    assert await tab.run(FOCUSED) == "call"


async def test_muting_is_told_and_silences_the_line(stage, tab):
    """A button that says one thing and does another is the worst fault that a call can have."""
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(IDLE, 20)
    await tab.press("#call")
    await tab.until(ON_THE_LINE, 20)
    await tab.until(
        "Number(document.querySelector('#caller-level').ariaValueNow) > 20", 10, "the beep is heard"
    )

    await tab.press("#mute")

    assert await tab.run("document.querySelector('#mute').ariaPressed") == "true"
    await tab.until("Number(document.querySelector('#caller-level').ariaValueNow) === 0", 5)
    quiet = await tab.run(
        "new Promise(done => { let most = 0; const look = setInterval(() => most = Math.max(most,"
        "Number(document.querySelector('#caller-level').ariaValueNow)), 20);"
        "setTimeout(() => { clearInterval(look); done(most) }, 2500) })"
    )
    assert quiet == 0


async def test_a_screen_reader_is_told_what_is_there(stage, tab):
    """Landmarks to jump to, a name on every control, and live regions for what changes by itself."""
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(IDLE, 20)
    await tab.press("#call")
    await tab.until(ON_THE_LINE, 20)

    tree = (await tab.ask("Accessibility.getFullAXTree"))["nodes"]

    seen = [(value(node, "role"), value(node, "name")) for node in tree if not node["ignored"]]
    roles = {role for role, _ in seen}
    assert {"banner", "main", "contentinfo", "log", "status", "meter"} <= roles
    named = [
        (role, name) for role, name in seen if role in {"button", "textbox", "link", "meter", "log", "region"}
    ]
    assert all(name for _, name in named), named
    assert {("meter", "You"), ("meter", "Agent"), ("log", "Conversation")} <= set(seen)
    assert ("textbox", "Write instead of speaking") in seen


async def test_everything_can_be_read_by_day_and_by_night(stage):
    """Grey on grey looks fine on the designer's screen."""
    async with open_tab(MICROPHONE_REFUSED) as tab:
        await open_signed_in(tab, f"{stage.url}/?transport=websocket")
        await tab.until(IDLE, 20)
        await tab.press("#call")
        await tab.until("!document.querySelector('#problem').hidden", 20)
        grounds = set()
        for scheme in ("light", "dark"):
            await tab.look(scheme=scheme)
            pairs = await tab.run(COLOURS)
            grounds.add(tuple(pairs[0][2]))

            assert len(pairs) > 10
            poor = [
                (scheme, text, fore, back)
                for text, fore, back in pairs
                if contrast(fore, back) < READABLE_CONTRAST
            ]
            assert not poor
    assert len(grounds) == 2, "day and night look alike"


async def test_nothing_is_wider_than_the_screen(stage, tab):
    """A page that moves sideways under the thumb cannot be used on the way."""
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(IDLE, 20)
    await tab.press("#call")
    await tab.until(ON_THE_LINE, 20)
    await stage.agent.tell("bot-output", {"text": f"A word: {'w' * 200}.", "spoken": True})
    await tab.until("document.querySelector('#transcript .agent')", 5)

    for width in (SMALLEST_PHONE_PIXELS, 390, 768, 1100):
        await tab.look(width=width, height=740)
        assert await tab.run("document.documentElement.scrollWidth") <= width
        smallest = await tab.run(
            "Math.min(...[...document.querySelectorAll('button')].filter(b => b.offsetParent)"
            ".map(b => b.getBoundingClientRect().height))"
        )
        assert smallest >= 24  # Source: WCAG 2.2, success criterion 2.5.8


async def tab_to(tab, element):
    """Press Tab until *element* has the focus; fail after one time around."""
    for _ in range(15):
        if await tab.run(FOCUSED) == element:
            return
        await tab.key("Tab")
    pytest.fail(f"Tab does not lead to {element}")


def value(node, name):
    return node.get(name, {}).get("value", "")


def contrast(fore, back):
    """Source: WCAG 2.2, definition of contrast ratio."""
    light, dark = sorted(map(luminance, (fore, back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return sum(itertools.starmap(float.__mul__, zip((0.2126, 0.7152, 0.0722), linear, strict=True)))


# Every visible text with its colour and the first opaque colour behind it; disabled controls are exempt.
COLOURS = """
(() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(one).backgroundColor);
      if (a === 1) return [r, g, b];
    }
  };
  return [...document.querySelectorAll('body *')]
    .filter(one => one.checkVisibility() && !one.disabled && one.tagName !== 'NOSCRIPT')
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => [one.innerText, numbers(getComputedStyle(one).color).slice(0, 3), behind(one)]);
})()
"""
