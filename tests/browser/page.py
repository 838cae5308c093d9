"""What tests of the call page press, look for and look up."""

import re

SESSION_ID = re.compile(r"hotline-[0-9a-f-]{36}")


def state_is(text):
    return f"document.querySelector('#state')?.innerText === '{text}'"


def said(who, text):
    return (
        f"[...document.querySelectorAll('#transcript .{who} span')]"
        f".some(line => line.innerText.toLowerCase().includes('{text.lower()}'))"
    )


async def hang_up(tab):
    await tab.press("#hang-up")
    await tab.until(state_is("The call is over"), 20)


def session_of(requests):
    """The session that the page joined first: its WebSocket's signed address names it, or its offer's."""
    return next(found[0] for one in requests if (found := SESSION_ID.search(one)))
