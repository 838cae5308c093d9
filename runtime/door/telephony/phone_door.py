"""What happens when somebody calls one of our numbers, from the provider's webhook to the answer document."""

import logging
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from runtime.clock import Clock
from runtime.door.errors import (
    BudgetSpentError,
    CallerLimitError,
    ConcurrencyReachedError,
    DoorError,
    RouteUnknownError,
    ShareTakenError,
    TooManyBegunError,
    WebhookForgedError,
    WebhookReplayedError,
)
from runtime.door.telephony.admission import Admission
from runtime.door.telephony.calls import Calls
from runtime.door.telephony.credentials import Credentials
from runtime.door.telephony.documents import Document
from runtime.door.telephony.phone_sessions import PhoneSessions
from runtime.door.telephony.provider import Provider
from runtime.door.telephony.webhook import PhoneCall, Webhook
from runtime.metrics import PHONE_CALLS_FAILED, WEBHOOKS_REFUSED, MetricWriter
from runtime.settings.telephony import PhoneLine, TelephonySettings

logger = logging.getLogger(__name__)

BUSY: Final = "All our lines are busy at the moment.  Please call again in a few minutes.  Goodbye."
CLOSED: Final = "This service is closed for now.  Please call again another day.  Goodbye."
SORRY: Final = "I am sorry, I cannot take your call at the moment.  Please try again later.  Goodbye."

# Reports are sent again until somebody takes them; an agent and the reaper know better how a call went.
NOTED: Final = Document(content_type="text/plain", body="", status=HTTPStatus.NO_CONTENT)

_FULL = (ConcurrencyReachedError, ShareTakenError, CallerLimitError, TooManyBegunError)


class PhoneDoor:
    """Takes calls for one stage.

    Args:
        settings: Which numbers, whose calls, how many.
        providers: Those that are known, by name.
        credentials: What their webhooks are verified with.
        calls: Those that were asked for before.
        sessions: Where a call gets its session.
        metrics: Counts what is turned away.
        clock: The ledger's time, which is nearer to a provider's than this function's own may be.
    """

    def __init__(
        self,
        settings: TelephonySettings,
        *,
        providers: Mapping[str, Provider],
        credentials: Credentials,
        calls: Calls,
        sessions: PhoneSessions,
        metrics: MetricWriter,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._lines = settings.lines
        self._admission = Admission(settings)
        self._providers = providers
        self._credentials = credentials
        self._calls = calls
        self._sessions = sessions
        self._metrics = metrics
        self._clock = clock

    def answer(self, webhook: Webhook) -> Document:
        """Return what the provider is to do with the call.

        Raises:
            RouteUnknownError: The stage has no line of this provider.
            WebhookForgedError: The provider did not sign this, or not lately.
            WebhookReplayedError: It was answered before.
            InvalidRequestError: It is genuine and about no call.
            SettingsError: There is nothing to verify it with.
        """
        line = self._lines.get(webhook.provider)
        if line is None:
            raise RouteUnknownError("This stage takes no calls from such a provider.")
        provider = self._providers[webhook.provider]
        try:
            call = self._read(provider, webhook, line)
            if not call.waits:
                return NOTED
            fault = self._admission.fault(call, line)
            if fault:
                logger.warning("Call not taken", extra={"provider": webhook.provider, "why": fault})
                return provider.reject()
            return self._take(provider, webhook.provider, call)
        except (WebhookForgedError, WebhookReplayedError):
            self._metrics.write({WEBHOOKS_REFUSED: 1}, provider=webhook.provider)
            raise

    def _read(self, provider: Provider, webhook: Webhook, line: PhoneLine) -> PhoneCall:
        call = provider.read(webhook, self._credentials.read(line.secret_arn))
        age = 0.0 if call.signed_at is None else abs(self._clock() - call.signed_at)
        if age > self._settings.replay_seconds:
            raise WebhookForgedError(
                f"The webhook was signed {age:.0f} s ago or ahead; {self._settings.replay_seconds} are believed."
            )
        return call

    def _take(self, provider: Provider, name: str, call: PhoneCall) -> Document:
        """Let the call in, or say in words why not."""
        try:
            session_id = self._calls.begin(name, call, f"hotline-{uuid.uuid4()}")
            way = self._sessions.open(session_id, call.caller, line=name, bridged=provider.bridged)
        except WebhookReplayedError:
            raise
        except _FULL as full:
            logger.info("Call refused", extra={"provider": name, "fault": type(full).__name__})
            return provider.say(BUSY)
        except BudgetSpentError:
            logger.info("Call refused", extra={"provider": name, "fault": "BudgetSpentError"})
            return provider.say(CLOSED)
        except DoorError as fault:
            # The provider gets its answer, so that the caller hears words: the metric is what wakes somebody.
            self._metrics.write({PHONE_CALLS_FAILED: 1}, provider=name)
            logger.error(  # noqa: TRY400 - where it was raised is known; what it says is what helps
                "Call failed", extra={"provider": name, "fault": type(fault).__name__, "detail": str(fault)}
            )
            return provider.say(SORRY)
        self._metrics.write({PHONE_CALLS_FAILED: 0}, provider=name, session=session_id)
        logger.info("Call taken", extra={"provider": name, "session": session_id})
        return provider.connect(way, longest_seconds=self._sessions.longest_seconds)
