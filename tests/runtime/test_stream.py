"""One stream to Bedrock, apart from the call that it is for."""

import asyncio
import gc
from dataclasses import replace

import pytest

from runtime.brains.dialling import client_for_one_stream, dial
from runtime.cloud import Cloud
from scripts.embedded.bedrock.faults import Faults
from tests.runtime.conftest import bedrock, until


@pytest.mark.parametrize("fault", ["deny", "refuse"])
async def test_a_stream_that_is_lost_before_anybody_reads_it_is_no_news(settings, caplog, fault):
    """The next stream of a hand-over waits unread; asyncio prints a traceback for a failure nobody looked at."""
    async with bedrock(faults=Faults(**{fault: 1})) as server:
        stream = await dial(
            client_for_one_stream(replace(settings, bedrock_url=server.url), Cloud(settings)),
            settings.model_id,
        )
        await until(stream._stream._output_future.done)

        await stream.close()
        del stream
        gc.collect()
        await asyncio.sleep(0)

    assert [one.getMessage() for one in caplog.records if one.name == "asyncio"] == []
