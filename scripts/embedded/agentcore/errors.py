"""What the data plane answers when it will not serve, in the words of AgentCore's service model.

Source: botocore's `bedrock-agentcore` model, the errors of `InvokeAgentRuntime` and `StopRuntimeSession`.
"""

from http import HTTPStatus


class ServiceError(Exception):
    """A request is refused; `status`, `code` and the message go to the caller.

    ServiceError
    ├── AccessError         the signature, the key or a policy
    ├── ValidationError     the request is malformed
    ├── NotFoundError       no such runtime, endpoint or session
    └── AgentError          the agent did not start, crashed or answered badly
    """

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "InternalServerException"


class AccessError(ServiceError):
    """The caller is not who it says, or may not do this.

    Args:
        message: What is wrong.
        code: AWS's name of the error.
    """

    status = HTTPStatus.FORBIDDEN

    def __init__(self, message: str, *, code: str = "AccessDeniedException") -> None:
        super().__init__(message)
        self.code = code


class ValidationError(ServiceError):
    """The request cannot be understood."""

    status = HTTPStatus.BAD_REQUEST
    code = "ValidationException"


class NotFoundError(ServiceError):
    """What the request names does not exist."""

    status = HTTPStatus.NOT_FOUND
    code = "ResourceNotFoundException"


class AgentError(ServiceError):
    """The agent failed, not the platform."""

    status = HTTPStatus.FAILED_DEPENDENCY
    code = "RuntimeClientError"
