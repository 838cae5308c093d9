import pytest

from turn.errors import RelaysBusyError, RelaysRefusedError
from turn.fallback import FallbackIceServers
from turn.ice_server import IceServer

RELAY = (IceServer(urls=("turn:second.example:3478",), username="u", credential="p"),)


class Source:
    def __init__(self, answer) -> None:
        self.answer, self.asked, self.released = answer, 0, []

    async def issue(self, caller, lifetime_seconds):  # noqa: ARG002 - the protocol's
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def release(self, caller):
        self.released.append(caller)


async def test_the_next_source_answers_for_a_failing_one(caplog):
    """A caller does not notice that the first provider is down; whoever reads the log does."""
    sources = [Source(RelaysBusyError("full")), Source(RELAY)]

    assert await FallbackIceServers(sources).issue("call-7", 60) == RELAY
    assert [(one.message, one.why) for one in caplog.records] == [("relay_source_failed", "RelaysBusyError")]


async def test_the_preferred_source_is_asked_alone():
    """What stands in costs money and must not be touched while it is not needed."""
    sources = [Source(RELAY), Source(RELAY)]

    await FallbackIceServers(sources).issue("call-7", 60)

    assert [one.asked for one in sources] == [1, 0]


async def test_when_all_fail_every_reason_is_told():
    """The last reason alone would send somebody to the wrong place."""
    sources = [Source(RelaysBusyError("the pool is full")), Source(RelaysRefusedError("wrong key"))]

    with pytest.raises(RelaysRefusedError, match="wrong key") as raised:
        await FallbackIceServers(sources).issue("call-7", 60)

    assert raised.value.__notes__ == ["Before that, Source: the pool is full"]


async def test_the_end_of_a_call_reaches_every_source():
    """Nobody remembers which source issued: the one that holds something gives it back."""
    sources = [Source(RELAY), Source(RELAY)]

    await FallbackIceServers(sources).release("call-7")

    assert [one.released for one in sources] == [["call-7"], ["call-7"]]
