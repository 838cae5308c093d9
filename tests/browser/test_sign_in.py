"""Who may call from the page, and what becomes of the proof of it."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from scripts.browsing.sign_in import open_signed_in
from scripts.embedded.issuer import app as issuer_app
from tests.browser.small_stage import SESSION, small_stage

SIGNED_OUT, READY, ON_THE_LINE, OVER, MACHINES = (
    f"document.querySelector('#state')?.innerText === '{text}'"
    for text in (
        "Sign in to call",
        "Ready to call",
        "On the line",
        "The call is over",
        "Only machines call here",
    )
)
KEEP_CONTEXTS = """
window.contexts = [];
window.AudioContext = class extends AudioContext {
  constructor(...options) { super(...options); window.contexts.push(this); }
};
"""
CONTEXTS = "window.contexts.slice(0, 2).map(one => one.state).join()"
"""The page's own: one for the microphone, one for the agent's voice."""
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
NEARLY_EXPIRED_SECONDS = 62
"""oidc-client-ts looks for a new token a minute before the old one expires."""


def shows(selector):
    return f"document.querySelector('{selector}')?.checkVisibility()"


async def comes(true, what):
    """Wait for what the page does without showing it."""
    deadline = asyncio.get_running_loop().time() + 10
    while not true():
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.02)


def tokens_of(door, method="POST", path="/sessions"):
    return [token for asked, at, token in door.tokens if (asked, at) == (method, path)]


async def test_nothing_is_opened_for_nobody(stage, tab):
    """A page that anybody can load must not hold places that callers need."""
    await tab.go(f"{stage.url}/")
    await tab.until(SIGNED_OUT, 20)

    assert await tab.run(shows("#sign-in"))
    assert not await tab.run(shows("#call"))
    assert not await tab.run(shows("#who"))
    assert stage.door.tokens == []


async def test_the_token_goes_to_the_door_and_is_kept_nowhere(stage, tab):
    """Whatever outlives the page, or another page of this origin could read, holds no proof of who called."""
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(READY, 20)

    (token,) = tokens_of(stage.door)
    assert token.count(".") == 2
    stored = await tab.run(STORED)
    assert not [part for part in token.split(".") if part in stored]
    assert "code=" not in await tab.run("location.href + JSON.stringify(history.state)")
    assert await tab.run(shows("#sign-out"))


async def test_nothing_sounds_before_the_click(stage, tab):
    """Whoever has just pressed "Sign in" may be played to at once; a page that does costs a battery for silence."""
    await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=KEEP_CONTEXTS)
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(READY, 20)
    assert await tab.run("new AudioContext().state") == "running", "the browser would let them"
    assert await tab.run(CONTEXTS) == "suspended,suspended"

    await tab.press("#call")
    await tab.until(ON_THE_LINE, 20)

    assert await tab.run(CONTEXTS) == "running,running"


async def test_nothing_is_asked_of_anybody_else(stage, tab):
    """The page, the door and the agent are one deployment, and the issuer is its own."""
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(READY, 20)
    await tab.press("#call")
    await tab.until(ON_THE_LINE, 20)

    own = {urlsplit(one).netloc for one in (stage.url, stage.issuer, stage.door.invitation["url"])}
    assert {urlsplit(one).netloc for one in tab.requests} == own
    assert not tab.complaints


async def test_the_policy_keeps_a_page_that_was_tampered_with_to_itself(stage, tab):
    """Whoever gets a script into the page can still tell nobody what it sees."""
    await tab.go(f"{stage.url}/")
    await tab.until(SIGNED_OUT, 20)

    sent = await tab.run("fetch('http://127.0.0.1:9/').then(() => 'sent', fault => String(fault))")
    await tab.run(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.1:9/x'}))"
    )

    assert sent.startswith("TypeError")
    for directive in ("connect-src", "img-src"):
        await comes(
            lambda directive=directive: [
                one for one in tab.complaints if directive in one and "127.0.0.1:9" in one
            ],
            f"{directive} is said to forbid it",
        )


async def test_signing_out_gives_the_session_back_and_forgets_the_token(stage, tab):
    """The next person at this screen is somebody else."""
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(READY, 20)

    await tab.press("#sign-out")

    await tab.until(SIGNED_OUT, 20)
    assert await tab.run(shows("#sign-in"))
    await comes(lambda: tokens_of(stage.door, "DELETE", f"/sessions/{SESSION}"), "the session is given back")
    assert tokens_of(stage.door, "DELETE", f"/sessions/{SESSION}") == tokens_of(stage.door)
    assert not await tab.run(shows("#who"))


async def test_a_sign_in_that_the_door_does_not_take_any_more_can_be_repeated(stage, tab):
    """The door's gateway says 401 in a word; the caller needs a sentence and a button."""
    stage.door.refusal = (401, "Unauthorized")
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(shows("#problem"), 20)

    assert await tab.text("#problem h3") == "You are not signed in"
    assert await tab.text("#problem [data-remedy]") == "Sign in"


async def test_an_expired_sign_in_is_said_before_the_click(stage, tab, monkeypatch):
    """An issuer without refresh tokens ends a sign-in after its hour."""
    monkeypatch.setattr(issuer_app, "LIFETIME_SECONDS", 3)
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")

    await tab.until(SIGNED_OUT, 20)

    assert await tab.text("#hint") == "Your sign-in has expired."


async def test_a_sign_in_is_renewed_without_a_word(tab, monkeypatch):
    """People talk for longer than tokens live."""
    monkeypatch.setattr(issuer_app, "LIFETIME_SECONDS", NEARLY_EXPIRED_SECONDS)
    async with small_stage(renews=True) as stage:
        await open_signed_in(tab, f"{stage.url}/?transport=websocket")
        await tab.until(READY, 20)
        await tab.until(
            f"performance.getEntriesByName('{stage.issuer}/token').length >= 2", 20, "it is renewed"
        )
        await tab.press("#call")
        await tab.until(ON_THE_LINE, 20)
        await tab.press("#hang-up")
        await tab.until(OVER, 20)
        await comes(lambda: len(tokens_of(stage.door)) > 1, "the next session is opened")

        first, *others = tokens_of(stage.door)
        assert first not in others
        assert not tab.complaints, "asked before the issuer goes, for the page keeps renewing"


async def test_a_refusal_of_the_issuer_is_said_in_words(stage, tab):
    """A person who presses Cancel should not look at a page that waits for ever."""
    await tab.go(f"{stage.url}/")
    await tab.until(SIGNED_OUT, 20)
    await tab.press("#sign-in")
    await tab.until("location.pathname === '/authorize' && document.readyState === 'complete'", 20)
    state = await tab.run("new URLSearchParams(location.search).get('state')")

    await tab.ask("Page.navigate", url=f"{stage.url}/?error=access_denied&state={state}")
    await tab.until(f"location.href === '{stage.url}/' && {shows('#problem')}", 20)

    assert await tab.text("#problem h3") == "Signing in did not work"
    assert await tab.text("#problem .reference") == "access_denied"


async def test_somebody_elses_answer_signs_nobody_in(stage, tab):
    """A link with a code of the attacker's would make the victim call under the attacker's name."""
    await tab.ask("Page.navigate", url=f"{stage.url}/?code=stolen&state=unknown")
    await tab.until(f"location.href === '{stage.url}/' && {shows('#problem')}", 20)

    assert await tab.text("#problem h3") == "Signing in did not work"
    assert stage.door.tokens == []


async def test_a_guest_calls_with_an_invite_that_leaves_the_address_at_once(stage, tab):
    """The invite is good once: neither a screenshot nor a page that merely waits may spend it."""
    stage.door.invitation["token"] = "guests-token"
    await tab.ask("Page.navigate", url=f"{stage.url}/?transport=websocket#invite=an.invite")
    await tab.until(READY, 20)
    assert await tab.run("location.href") == f"{stage.url}/?transport=websocket"
    assert await tab.text("#who") == "You are a guest"
    assert stage.door.tokens == []

    await tab.press("#call")
    await tab.until(ON_THE_LINE, 20)
    await tab.press("#hang-up")
    await tab.until(OVER, 20)

    assert tokens_of(stage.door, path="/guest/sessions") == ["an.invite"]
    assert {token for _, path, token in stage.door.tokens if path != "/guest/sessions"} <= {"guests-token"}
    assert "invite" not in await tab.run(STORED)


@pytest.mark.parametrize(
    ("status", "title"), [(403, "This invite opens nothing"), (410, "This invite has been used")]
)
async def test_a_guest_without_a_good_invite_learns_what_to_do(stage, tab, status, title):
    """There is nothing to try again: somebody has to send another link."""
    stage.door.refusal = (status, "The door's own words.")
    await tab.ask("Page.navigate", url=f"{stage.url}/#invite=an.invite")
    await tab.until(READY, 20)

    await tab.press("#call")

    await tab.until(shows("#problem"), 20)
    assert await tab.text("#problem h3") == title
    assert await tab.run("document.querySelectorAll('[data-remedy]').length") == 0


async def test_a_stage_for_machines_says_so(tab):
    """Nobody should look for a button that cannot be there."""
    async with small_stage(kind="iam") as stage:
        await tab.go(f"{stage.url}/")
        await tab.until(MACHINES, 20)

        assert not await tab.run(f"{shows('#call')} || {shows('#sign-in')}")
        assert stage.door.tokens == []


async def test_every_answer_of_the_page_is_guarded(stage, tab):
    """What a browser really got, not what somebody meant to send."""
    await tab.go(f"{stage.url}/")
    headers = json.loads(
        await tab.run("fetch('/').then(answer => JSON.stringify(Object.fromEntries(answer.headers)))")
    )

    assert "unsafe" not in headers["content-security-policy"]
    assert f"connect-src 'self' {stage.agent_origin} {stage.issuer}" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
