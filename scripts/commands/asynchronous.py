"""Commands that wait for many things at once; apart from `ending`, because asyncio takes 60 ms to import."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


def run_until_told[T](work: Coroutine[Any, Any, T]) -> T:
    """Run *work* on an event loop of its own; SIGTERM ends it as Ctrl-C does, so that it closes what it opened.

    Raises:
        KeyboardInterrupt: One of the two came.
    """

    async def listening() -> T:
        if task := asyncio.current_task():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(listening())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
