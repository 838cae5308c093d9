"""What an agent prints: to a file of its session, and to CloudWatch Logs as AgentCore sends it."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import botocore.exceptions

from scripts.embedded.agentcore.keys import SessionKeys
from scripts.embedded.clients import make_client

_BATCH_SECONDS = 1.0
_BATCH_LINES = 1000


class SessionLog:
    """The output of one agent process.

    Args:
        file: Where every line goes at once.
        group: CloudWatch log group.
        writer: Puts the lines there.
    """

    def __init__(self, file: Path, group: str, writer: "LogWriter") -> None:
        self._file = file.open("ab", buffering=0)
        self._group = group
        self._stream = f"{datetime.now(UTC):%Y/%m/%d}/[runtime-logs]{uuid4()}"
        self._writer = writer
        self._waiting: list[dict[str, Any]] = []

    async def follow(self, output: asyncio.StreamReader) -> None:
        """Take lines from *output* until it ends, then deliver what is left."""
        shipper = asyncio.create_task(self._ship_now_and_then())
        try:
            while line := await _read_line(output):
                self._file.write(line)
                event = {
                    "timestamp": int(time.time() * 1000),
                    "message": line.decode(errors="replace").rstrip(),
                }
                if event["message"]:
                    self._waiting.append(event)
        finally:
            shipper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shipper
            await self._ship()
            self._file.close()

    async def _ship_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_BATCH_SECONDS)
            await self._ship()

    async def _ship(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH_LINES], self._waiting[_BATCH_LINES:]
            try:
                await asyncio.to_thread(self._writer.write, self._group, self._stream, batch)
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as fault:
                # On AWS such lines are lost without a word; here the session's file says why.
                self._file.write(
                    f"data plane: {len(batch)} lines did not reach {self._group}: {fault}\n".encode()
                )


class LogWriter:
    """Writes to CloudWatch Logs with the keys of a session's role, as AgentCore does.

    Args:
        keys: The session's.
        url: Where the service answers.
        region: Where the runtime is deployed.
    """

    def __init__(self, keys: SessionKeys, *, url: str, region: str) -> None:
        self._keys = keys
        self._url = url
        self._region = region
        self._client: Any = None
        self._client_key = ""

    def write(self, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        """Put *events* into a stream, made with its group if they are not there.

        Raises:
            ClientError: The role may not.
        """
        logs = self._current()
        try:
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        except logs.exceptions.ResourceNotFoundException:
            _make_stream(logs, group, stream)
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def _current(self) -> Any:
        role = self._keys.current()
        if role.access_key != self._client_key:
            self._client = make_client(
                "logs",
                url=self._url,
                region=self._region,
                access_key=role.access_key,
                secret=role.secret,
                session_token=role.session_token,
            )
            self._client_key = role.access_key
        return self._client


def _make_stream(logs: Any, group: str, stream: str) -> None:
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    except logs.exceptions.ResourceNotFoundException:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)


async def _read_line(output: asyncio.StreamReader) -> bytes:
    try:
        return await output.readline()
    except ValueError:  # longer than the reader's limit: CloudWatch would cut it too
        return b"(a line too long to log)\n"
