"""The smallest agent that keeps AgentCore's contract, and does what a test tells it to."""

import asyncio
import json
import os
import sys

import boto3
import uvicorn

SESSION_HEADER = b"x-amzn-bedrock-agentcore-runtime-session-id"
PING = {"status": "Healthy"}


async def app(scope, receive, send):
    if scope["type"] == "http":
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, answer = respond(scope, body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
    elif scope["type"] == "websocket":
        await talk(receive, send)


def respond(scope, body):
    if scope["path"] == "/ping":
        sys.stdout.write(f"ping of {os.getpid()}\n")
        return 503 if os.environ.get("NEVER_HEALTHY") else 200, PING
    order = json.loads(body)
    match order["do"]:
        case "tell":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            here = {"pid": os.getpid(), "headers": headers, "path": sys.path}
            return 200, {**here, "environment": dict(os.environ)}
        case "who":
            return 200, {"arn": boto3.client("sts", endpoint_url=order["url"]).get_caller_identity()["Arn"]}
        case "ping":
            PING.clear()
            PING.update(order["answer"])
            return 200, {"pid": os.getpid()}
        case "print":
            sys.stdout.write(order["line"] + "\n")
            return 200, {}
        case "fail":
            return 500, {}
        case _:
            os._exit(3)


async def talk(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            sys.stdout.write(f"caller closed with {message.get('code')}\n")
            return
        text = message.get("text") or ""
        if text == "crash":
            os._exit(3)
        elif text.startswith("close "):
            await send({"type": "websocket.close", "code": int(text.split()[1])})
            return
        elif text.startswith("send "):
            await send({"type": "websocket.send", "bytes": bytes(int(text.split()[1]))})
        else:
            await send({"type": "websocket.send", "text": text or str(len(message["bytes"]))})


if __name__ == "__main__":
    if os.environ.get("CRASH_AT_START"):
        sys.exit("told to crash")
    config = uvicorn.Config(
        app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="error", lifespan="off"
    )
    asyncio.run(uvicorn.Server(config).serve())
