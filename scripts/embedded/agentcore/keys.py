"""The keys of a session's role, handed to the agent the way AgentCore's metadata service does.

The agent asks a container-credentials address; whoever holds the session's secret gets temporary keys
of the execution role, new ones before the old expire.
"""

import datetime as dt
import hmac
import secrets
import threading

from scripts.embedded.agentcore.control import DeployedRuntime
from scripts.embedded.identity import Identity, IssuedKey

SERVICE_PRINCIPAL = "bedrock-agentcore.amazonaws.com"
KEY_SECONDS = 3600
"""Life of the keys. The SDKs ask again when 15 minutes are left."""
_RENEW_BEFORE_SECONDS = 1200


class SessionKeys:
    """Temporary keys of one session's role.

    Args:
        identity: Who issues them.
        runtime: Whose role it is.
        session_id: Names the role session, as AgentCore does.
    """

    def __init__(self, identity: Identity, runtime: DeployedRuntime, session_id: str) -> None:
        self.path = f"/credentials/{secrets.token_urlsafe(16)}"
        self.secret = secrets.token_urlsafe(32)
        self._identity = identity
        self._runtime = runtime
        self._session_id = session_id
        self._current: IssuedKey | None = None
        self._one_at_a_time = threading.Lock()

    def current(self) -> IssuedKey:
        """Return keys with some life left.

        Raises:
            IdentityRefusedError: The role does not trust AgentCore.
        """
        with self._one_at_a_time:
            if self._current is None or not self._current.lives(_RENEW_BEFORE_SECONDS):
                self._current = self._identity.role_session(
                    role_arn=self._runtime.role_arn,
                    service=SERVICE_PRINCIPAL,
                    source_arn=self._runtime.arn,
                    session_name=f"BedrockAgentCore-{self._session_id}"[:64],
                    region=self._runtime.region,
                    seconds=KEY_SECONDS,
                )
            return self._current

    def answers(self, authorization: str) -> bool:
        """Whether *authorization* is this session's secret."""
        return hmac.compare_digest(authorization.encode(), self.secret.encode())

    def document(self) -> dict[str, str]:
        """Return the keys in the form that every AWS SDK reads."""
        keys = self.current()
        expiration = dt.datetime.fromtimestamp(keys.expires_at or 0, dt.UTC)
        return {
            "AccessKeyId": keys.access_key,
            "SecretAccessKey": keys.secret,
            "Token": keys.session_token,
            "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
