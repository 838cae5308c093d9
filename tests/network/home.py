"""A caller at home: a WebRTC client whose every socket is behind the home router."""

import numpy as np

from scripts.calling.utterance import MICROPHONE_HZ, Utterance
from tests.runtime.browser import FRAME, RATE, Browser
from tests.runtime.conftest import until

WAIT_SECONDS = 30.0
"""For what happens within a second on a machine that has nothing else to do."""


class HomeBrowser(Browser):
    """A browser in the laboratory; its agent may be given other relays than it.

    Args:
        machine: Where it runs.
        agent: Whom it calls.
        own: What the door gives to the browser.
        agents: What it gives to the agent.
    """

    def __init__(self, machine, agent, *, own=(), agents=(), relay_only=False):
        super().__init__(agent, agent.open_session(), ice_servers=own, relay_only=relay_only)
        self._machine = machine
        self._agents = list(agents)

    async def connected(self, seconds=WAIT_SECONDS):
        await super().connected(max(seconds, WAIT_SECONDS))

    async def hear(self, *, after=0.0, seconds=WAIT_SECONDS):
        return await super().hear(after=after, seconds=max(seconds, WAIT_SECONDS))

    async def wake(self):
        await self.give(self._agents, action="wake")

    async def give(self, servers, *, action="relays"):
        status, answer = await self.world.invoke(self.session_id, action=action, ice_servers=servers)
        assert status == 200, answer

    async def offer(self):
        with self._machine.entered():  # its sockets are made while it gathers
            return await super().offer()

    async def say(self, utterance: Utterance):
        """Say words; return when the last of them was sent."""
        samples = np.frombuffer(utterance.pcm, np.int16)
        at = np.arange(len(samples) * RATE // MICROPHONE_HZ) * MICROPHONE_HZ / RATE
        spoken = np.interp(at, np.arange(len(samples)), samples).astype(np.int16)
        spoken = np.pad(spoken, (0, -len(spoken) % FRAME))
        self.voice.says.extend(spoken[n : n + FRAME] for n in range(0, len(spoken), FRAME))
        await until(lambda: not self.voice.says, 30)
        return self.voice.ended_at

    @property
    def nominated(self):
        """What ICE has agreed on, if it has."""
        return self.pc.getTransceivers()[0].receiver.transport.transport._connection._nominated
