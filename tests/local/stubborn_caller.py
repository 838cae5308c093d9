"""A caller who is greeted, says nothing and never hangs up: `python -m tests.local.stubborn_caller URL`.

It prints `greeted`, and ends only when the line is cut, with the reason.
"""

import asyncio
import sys

from scripts.calling.errors import LostError
from scripts.calling.websocket_line import WebSocketLine

FOR_EVER = 24 * 3600.0


async def main(url):
    async with WebSocketLine.open(url) as line:
        await line.ear.utterance(after=line.opened_at, start_seconds=60, end_seconds=60, quiet_seconds=0.5)
        tell("greeted")
        try:
            await line.ear.utterance(
                after=line.opened_at + FOR_EVER, start_seconds=FOR_EVER, end_seconds=1, quiet_seconds=1
            )
        except LostError as lost:
            tell(str(lost))


def tell(what):
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
