"""Waiting for what happens in another process."""

import asyncio


async def until(condition):
    """Wait until *condition* holds; a minute without it is a failure."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - another process sets no event here
            await asyncio.sleep(0.02)
