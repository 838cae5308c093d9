"""The edge passes on everything, as it came, to one distribution; it is no way to anything else."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from scripts.embedded.edge.app import LARGEST_BODY_BYTES, Edge

PORT = 4569
OWN = f"http://localhost:{PORT}"
NAME = "d111111abcdef8.cloudfront.net"


@pytest.fixture
def asked():
    """What reached MiniStack."""
    return []


@pytest.fixture
async def browser(asked):
    async def ministack(request):
        target = request.scope["raw_path"] + b"?" + request.scope["query_string"]
        asked.append((request.method, target.decode(), dict(request.headers), await request.body()))
        headers = {"x-cache": "Miss from cloudfront", "date": "yesterday", "content-encoding": "br"}
        return Response(b"\x00 as it is", 201, headers)

    methods = ["GET", "POST", "PATCH", "DELETE"]
    behind = httpx.ASGITransport(Starlette(routes=[Route("/{path:path}", ministack, methods=methods)]))
    async with httpx.AsyncClient(transport=behind) as http:
        edge = Edge(NAME, services="http://localhost:4566", port=PORT, http=http)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url=OWN) as client:
            yield client


async def test_a_request_arrives_as_the_browser_sent_it(browser, asked):
    """The distribution decides what a page may do, so nothing is decided on the way to it."""
    await browser.patch(
        "/sessions/a%2Fb/offer?x=1&x=%20", content=b"{}", headers={"authorization": "Bearer token"}
    )

    ((method, target, headers, body),) = asked
    assert method == "PATCH"
    assert target == "/sessions/a%2Fb/offer?x=1&x=%20"
    assert body == b"{}"
    assert headers["authorization"] == "Bearer token"


async def test_the_distribution_is_told_its_own_name_and_that_the_way_was_safe(browser, asked):
    """Loopback stands for TLS; without that a distribution sends every browser to https."""
    await browser.get("/")

    ((_, _, headers, _),) = asked
    assert headers["host"] == NAME
    assert headers["x-forwarded-proto"] == "https"


async def test_an_answer_arrives_as_the_distribution_gave_it(browser):
    """Encoded bytes stay encoded, and no header is added or lost but those of one connection."""
    async with browser.stream("GET", "/") as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])

    assert (answer.status_code, raw) == (201, b"\x00 as it is")
    assert answer.headers["x-cache"] == "Miss from cloudfront"
    assert answer.headers["content-encoding"] == "br"
    assert "date" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4569", "localhost", "127.0.0.1:80", ""])
async def test_a_name_that_was_bent_to_loopback_gets_nothing(browser, asked, host):
    """DNS rebinding: another site's page may reach this port under that site's own name."""
    answer = await browser.get("/", headers={"host": host})

    assert answer.status_code == 421
    assert not asked


async def test_a_body_without_end_is_not_kept(browser, asked):
    """A program on this machine could otherwise fill its memory."""
    answer = await browser.post("/sessions", content=b"x" * (LARGEST_BODY_BYTES + 1))

    assert answer.status_code == 413
    assert not asked


async def test_a_cloud_that_is_gone_is_said():
    """A page that cannot be loaded should not look like a page with a fault."""

    def gone(_request):
        raise httpx.ConnectError("gone")

    async with httpx.AsyncClient(transport=httpx.MockTransport(gone)) as http:
        edge = Edge(NAME, services="http://localhost:4566", port=PORT, http=http)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url=OWN) as client:
            answer = await client.get("/")

    assert answer.status_code == 502
    assert "MiniStack does not answer" in answer.text
