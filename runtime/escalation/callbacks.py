"""Callers who wait to be called back: a row for each, and word to people that there is one."""

import asyncio

from runtime.cloud import Cloud
from runtime.settings.agent import RuntimeSettings
from runtime.tools.transfer_to_human import HandOver

DAY_SECONDS = 24 * 3600

SUBJECT = "Hotline: a caller wants to be called back"


class Callbacks:
    """The stage's list of call-backs, as one call adds to it.

    People are told first: an agent that dies between the two leaves a mail that says what to make of it, and not a
    number in a table that nobody looks into.  The caller is promised something after both.
    """

    def __init__(self, cloud: Cloud, settings: RuntimeSettings) -> None:
        self._cloud = cloud
        self._settings = settings
        self._told = False

    async def deliver(self, hand_over: HandOver) -> None:
        """Tell people, and add the caller to the list; again, it is one mail and the same row.

        Raises:
            BotoCoreError: DynamoDB or SNS does not answer.
            ClientError: They refuse.
        """
        await asyncio.to_thread(self._deliver, hand_over)

    def _deliver(self, hand_over: HandOver) -> None:
        if not self._told:
            self._cloud.client("sns").publish(
                TopicArn=self._settings.callbacks_topic, Subject=SUBJECT, Message=self._word(hand_over)
            )
            self._told = True
        expires_at = hand_over.asked_at + self._settings.callback_days * DAY_SECONDS
        self._cloud.dynamodb().put_item(
            TableName=self._settings.callbacks_table,
            Item={
                "session_id": {"S": hand_over.session_id},
                "number": {"S": hand_over.number},
                "topic": {"S": hand_over.topic},
                "asked_at": {"N": str(hand_over.asked_at)},
                "expires_at": {"N": str(expires_at)},
            },
        )

    def _word(self, hand_over: HandOver) -> str:
        """Say where the number is, never the number: mail is read by servers that nobody chose."""
        return (
            f"Somebody on a call of stage {self._settings.stage} wants to be called back.  Their number, and what it "
            f"is about, is in the table {self._settings.callbacks_table} under session_id "
            f"{hand_over.session_id} for {self._settings.callback_days} days; docs/escalation.md says how to read it, "
            "and to delete it when the caller has been called.  If it is not there, the call broke off before the "
            "caller was promised anything."
        )
