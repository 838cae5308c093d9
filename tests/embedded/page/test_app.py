"""The page's server lets nobody but its page reach the door, and lets its page reach nobody but the door."""

import httpx
import pytest
from botocore.credentials import Credentials
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from scripts.embedded.page.app import LARGEST_BODY_BYTES, PageServer
from scripts.embedded.page.door import SignedDoor

PORT = 4569
OWN = f"http://localhost:{PORT}"
SECRET = "a-secret-that-signs"
SESSION = "hotline-00000000-0000-4000-8000-000000000000"


@pytest.fixture
def asked():
    """What reached the door."""
    return []


@pytest.fixture
async def browser(asked, tmp_path):
    """A client of the page's server; the door behind it answers everything."""
    version = tmp_path / "files/v1"
    version.mkdir(parents=True)
    (tmp_path / "files/index.html").write_text("<!doctype html>")
    (version / "main.js").write_text("1")

    async def door(request):
        asked.append((request.method, request.url.path, dict(request.headers), await request.body()))
        return JSONResponse({"session_id": SESSION}, 201, {"set-cookie": "a=b", "x-request-id": "r-1"})

    methods = ["GET", "POST", "PATCH", "DELETE", "PUT"]
    behind = httpx.ASGITransport(Starlette(routes=[Route("/{path:path}", door, methods=methods)]))
    async with httpx.AsyncClient(transport=behind) as http:
        signed = SignedDoor(
            "http://door/stage/",
            region="us-east-1",
            credentials=Credentials("AKIAEXAMPLE", SECRET),
            http=http,
        )
        server = PageServer(tmp_path, door=signed, port=PORT, agent="ws://localhost:4568")
        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(transport=transport, base_url=OWN, headers={"origin": OWN}) as client:
            yield client


async def test_the_pages_requests_are_signed_and_passed_on(browser, asked):
    """The deployer's keys sign; the browser never sees them."""
    answer = await browser.post("/api/sessions", json={"transport": "websocket"})

    ((method, path, headers, body),) = asked
    assert (method, path, body) == ("POST", "/stage/sessions", b'{"transport":"websocket"}')
    assert "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/" in headers["authorization"]
    assert "/us-east-1/execute-api/aws4_request" in headers["authorization"]
    assert answer.status_code == 201
    assert answer.headers["x-request-id"] == "r-1"
    assert "set-cookie" not in answer.headers
    assert SECRET not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4569", "localhost", "127.0.0.1:80", "[::1]:4569", ""]
)
async def test_a_name_that_was_bent_to_loopback_gets_nothing(browser, asked, host):
    """DNS rebinding: another site's page may reach this port under that site's own name."""
    answer = await browser.post("/api/sessions", headers={"host": host, "origin": f"http://{host}"})

    assert answer.status_code == 421
    assert not asked


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:8000", "https://localhost:4569", "null"]
)
async def test_another_pages_requests_get_nothing(browser, asked, origin):
    """Any page in the same browser can send here; only this one may call."""
    answer = await browser.post("/api/sessions", headers={"origin": origin})

    assert answer.status_code == 403
    assert not asked


async def test_a_request_without_an_origin_changes_nothing(browser, asked):
    """Browsers name the origin of whatever changes something; a form without one is none of ours."""
    del browser.headers["origin"]

    assert (await browser.post("/api/sessions")).status_code == 403
    assert (await browser.delete(f"/api/sessions/{SESSION}")).status_code == 403
    assert not asked


async def test_another_site_cannot_look_at_a_session(browser, asked):
    """Reading needs no `Origin`, so browsers say with each request from where it comes."""
    del browser.headers["origin"]

    refused = await browser.get(f"/api/sessions/{SESSION}", headers={"sec-fetch-site": "cross-site"})
    allowed = await browser.get(f"/api/sessions/{SESSION}", headers={"sec-fetch-site": "same-origin"})

    assert (refused.status_code, allowed.status_code) == (403, 201)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sessions"),
        ("PUT", f"/sessions/{SESSION}"),
        ("POST", f"/sessions/{SESSION}/stop"),
        ("DELETE", "/sessions"),
        ("GET", f"/sessions/{SESSION}/../../admin"),
        ("GET", "/sessions/%2e%2e%2fadmin"),
        ("POST", "/sessions?x=1#"),
    ],
)
async def test_nothing_but_the_pages_own_requests_is_passed_on(browser, asked, method, path):
    """Whoever finds a fault in the page finds a door with seven handles, not an account."""
    await browser.request(method, f"/api{path}")

    assert [(method, path) for method, path, *_ in asked] in ([], [("POST", "/stage/sessions")])


async def test_a_body_that_is_too_long_is_not_even_read(browser, asked):
    """Nothing that the page sends has more than half of this."""
    answer = await browser.post("/api/sessions", content=b"x" * (LARGEST_BODY_BYTES + 1))

    assert answer.status_code == 413
    assert not asked


@pytest.mark.parametrize("path", ["/", "/page/v1/main.js", "/missing", "/api/missing"])
async def test_every_answer_carries_the_policy(browser, path):
    """Scripts from here only, connections to the door and the agent only, in nobody's frame."""
    headers = (await browser.get(path)).headers

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://localhost:4568"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "microphone=(self)" in headers["permissions-policy"]
    assert "access-control-allow-origin" not in headers


async def test_only_the_pages_own_files_are_served(browser):
    """The folder is read once; no path of a request ever reaches the disk."""
    assert (await browser.get("/..%2f..%2fetc%2fpasswd")).status_code == 404
    assert (await browser.get("/made-from")).status_code == 404
    assert (await browser.get("/page/v1/main.js")).text == "1"
