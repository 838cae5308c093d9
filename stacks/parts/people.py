"""The people that callers are handed over to: what the agent must know of them, and may do for it."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnOutput
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.parts.callbacks import CallbackList
from stacks.sections.escalation import CallbackConfig, EscalationConfig, QueueConfig


@dataclass(frozen=True, slots=True)
class People:
    """How one stage reaches people, if it does."""

    settings: dict[str, Any]
    """Fields of `RuntimeSettings`."""
    _callbacks: CallbackList | None = None
    _queue: QueueConfig | None = None

    @classmethod
    def add_to(cls, scope: Construct, config: EscalationConfig | None) -> "People":
        """Create in *scope* what *config* asks for."""
        match config:
            case CallbackConfig():
                callbacks = CallbackList(scope, "Callbacks", email=config.email)
                CfnOutput(scope, "CallbacksTable", value=callbacks.table_name)
                known = {
                    "callbacks_table": callbacks.table_name,
                    "callbacks_topic": callbacks.topic_arn,
                    "callback_days": config.keep_days,
                }
                return cls(known, callbacks)
            case QueueConfig():
                known = {"queue_url": config.url, "queue_secret_arn": config.secret_arn}
                return cls(known, _queue=config)
            case None:
                return cls({})

    def grant_reach(self, role: iam.Role) -> None:
        """Let *role* hand a caller over, and nothing else."""
        if self._callbacks:
            self._callbacks.grant_add(role)
        if self._queue:
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=["secretsmanager:GetSecretValue"], resources=[self._queue.secret_arn]
                )
            )
