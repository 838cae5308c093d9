"""An AgentCore on a socket that answers as a test tells it to, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote

RUNTIME_ARN = "arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/hotline_dev-AbCdEf1234"
ANSWER = {"type": "answer", "sdp": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"}


@dataclass
class StandInAgentCore:
    """What answers InvokeAgentRuntime and StopRuntimeSession, on a real socket."""

    url: str
    stopped: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict]] = field(default_factory=list)
    """Session id and payload of each invocation."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each request, by lower-case name."""
    refuses: dict[str, tuple[HTTPStatus, str]] = field(default_factory=dict)
    """Session id, operation or action, or "" for everything, to the error that it is answered with."""
    answers: dict[str, bytes] = field(
        default_factory=lambda: {"offer": json.dumps(ANSWER).encode(), "": b"{}"}
    )
    """Action, or "" for the others, to what the agent answers."""

    def serve(self, operation: str, session_id: str, body: bytes) -> tuple[HTTPStatus, str, bytes]:
        """Return status, error and body of the answer."""
        payload = json.loads(body) if operation == "invocations" else {}
        action = payload.get("action", operation)
        for name in (session_id, action, operation, ""):
            if name in self.refuses:
                status, error = self.refuses[name]
                said = AGENT_ERRORS.get(error, "said by the stand-in")
                return status, error.partition(" ")[0], json.dumps({"message": said}).encode()
        if operation == "stopruntimesession":
            self.stopped.append(session_id)
            return HTTPStatus.OK, "", b"{}"
        self.asked.append((session_id, payload))
        return HTTPStatus.OK, "", self.answers.get(action, self.answers[""])


# AgentCore keeps an agent's own words to itself, and tells its status in words of its own.
AGENT_ERRORS = {
    f"RuntimeClientError {status}": f"Received error ({status}) from runtime. Please check your CloudWatch logs."
    for status in (400, 409, 413, 422, 500, 503)
}


def agent_error(status: int) -> tuple[HTTPStatus, str]:
    """What AgentCore answers when the agent answered *status*."""
    return HTTPStatus.FAILED_DEPENDENCY, f"RuntimeClientError {status}"


@contextmanager
def standing_in() -> Iterator[StandInAgentCore]:
    """Serve until the block ends."""

    class Answer(BaseHTTPRequestHandler):
        stand_in: ClassVar[StandInAgentCore]

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            session_id = self.headers["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"]
            self.stand_in.headers.append({name.lower(): value for name, value in self.headers.items()})
            path, _, query = unquote(self.path).partition("?")
            runtime, operation = path.rsplit("/", 1)
            assert (runtime, query) == (f"/runtimes/{RUNTIME_ARN}", "qualifier=live")
            status, error, body = self.stand_in.serve(operation, session_id, sent)
            self.send_response(status)
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Answer.stand_in = StandInAgentCore(f"http://127.0.0.1:{server.server_port}")
        # How long its end may take, which every test waits for.
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Answer.stand_in
        finally:
            server.shutdown()
            thread.join()
