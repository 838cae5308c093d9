"""Callers who wait to be called back: a row for each, and word to people that there is one."""

import asyncio
import secrets

from runtime.cloud import Cloud
from runtime.settings.agent import RuntimeSettings
from runtime.tools.transfer_to_human import HandOver

DAY_SECONDS = 24 * 3600

SECRET_BYTES = 16
"""Of a row's name, behind the session's id.

An agent that was taken over may write rows, and DynamoDB hands whoever overwrites one what was there: rows of others
must have names that nobody can know.
"""

SUBJECT = "Hotline: a caller wants to be called back"


class Callbacks:
    """The stage's list of call-backs, as one call adds to it.

    The row goes first, so that whoever asked is on the list whatever happens next.  An agent that dies before it has
    told people leaves a caller who was promised nothing, and whom the next mail leads to: it names the list.
    """

    def __init__(self, cloud: Cloud, settings: RuntimeSettings) -> None:
        self._cloud = cloud
        self._settings = settings
        self._secret = secrets.token_urlsafe(SECRET_BYTES)

    async def deliver(self, hand_over: HandOver) -> None:
        """Add the caller to the list, and tell people; again, it is the same row.

        Raises:
            BotoCoreError: DynamoDB or SNS does not answer.
            ClientError: They refuse.
        """
        await asyncio.to_thread(self._deliver, hand_over)

    def _deliver(self, hand_over: HandOver) -> None:
        row = f"{hand_over.session_id}.{self._secret}"
        expires_at = hand_over.asked_at + self._settings.callback_days * DAY_SECONDS
        self._cloud.dynamodb().put_item(
            TableName=self._settings.callbacks_table,
            Item={
                "session_id": {"S": row},
                "number": {"S": hand_over.number},
                "topic": {"S": hand_over.topic},
                "asked_at": {"N": str(hand_over.asked_at)},
                "expires_at": {"N": str(expires_at)},
            },
        )
        self._cloud.client("sns").publish(
            TopicArn=self._settings.callbacks_topic, Subject=SUBJECT, Message=self._word(row)
        )

    def _word(self, row: str) -> str:
        """Say where the number is, never the number: mail is read by servers that nobody chose."""
        return (
            f"Somebody on a call of stage {self._settings.stage} wants to be called back.  Their number, and what it "
            f"is about, is in the table {self._settings.callbacks_table} under session_id "
            f"{row} for {self._settings.callback_days} days.  Whoever is in that table waits, also "
            "one whom no mail was about: docs/escalation.md says how to read all of it, and to delete who has been "
            "called."
        )
