"""A caller who interrupts must not hear the rest of the sentence."""

from scripts.browsing.sign_in import open_signed_in

LOUD = "Number(document.querySelector('#agent-level').ariaValueNow) > 40"
SILENT = "Number(document.querySelector('#agent-level').ariaValueNow) === 0"
LONG_SPEECH_SECONDS = 20
SILENT_WITHIN_SECONDS = 5  # a player that is not emptied goes on for four times as long


async def test_what_nobody_has_heard_yet_is_dropped(stage, tab):
    """The model speaks faster than one hears, so at an interruption most of it still waits in the player.

    @pipecat-ai/websocket-transport 1.7.1 answers the agent's interruption frame with an error and plays on.
    """
    await call(tab, stage)
    await stage.agent.tell("bot-output", {"text": "A very long story.", "spoken": False})
    await stage.agent.hum(LONG_SPEECH_SECONDS)
    await tab.until(LOUD, 5, "the agent is heard")

    await stage.agent.interrupt()

    await tab.until(SILENT, SILENT_WITHIN_SECONDS, "the agent is silent")
    assert await tab.run(
        "document.querySelector('#transcript .cut').innerText.includes('A very long story.')"
    )


async def test_the_agent_is_heard_again_after_an_interruption(stage, tab):
    """Pipecat's own player drops everything that comes after its first interruption."""
    await call(tab, stage)
    await stage.agent.hum(LONG_SPEECH_SECONDS)
    await tab.until(LOUD, 5)
    await stage.agent.interrupt()
    await tab.until(SILENT, SILENT_WITHIN_SECONDS)

    await stage.agent.hum(1)

    await tab.until(LOUD, 2, "the next answer is heard")


async def call(tab, stage):
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until("document.querySelector('#state')?.innerText === 'Ready to call'", 20)
    await tab.press("#call")
    await tab.until("document.querySelector('#state').innerText === 'On the line'", 20)
