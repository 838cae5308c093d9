"""What a browser gets of the page, whoever stands between."""

import json

import pytest

from runtime.door.call_page import CONFIG, FILE, INDEX, CallPage
from runtime.settings.page import PageSettings

SETTINGS = PageSettings(
    stage="dev",
    agent_origin="wss://agent.test",
    before_call="agent",
    auth_kind="oidc",
    issuer="https://issuer.test/tenant",
    client_id="page",
    scopes="openid call",
    sign_in_origins="https://issuer.test https://tokens.test",
    guests=True,
)


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "files"
    (folder / "v1").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "v1/main.js").write_text("1")
    (tmp_path / "secret").write_text("secret")
    return CallPage(folder, SETTINGS)


def file(version, name):
    return FILE, {"version": version, "file": name}


@pytest.mark.parametrize("asked", [(INDEX, {}), (CONFIG, {}), file("v1", "main.js"), file("v1", "absent.js")])
def test_every_answer_carries_the_policy(page, asked):
    """Scripts from here only, connections to the door, the agent and the issuer only, in nobody's frame."""
    headers = page.answer(*asked)["headers"]

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' wss://agent.test https://issuer.test https://tokens.test"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["permissions-policy"].startswith("microphone=(self), camera=()")
    assert headers["strict-transport-security"]
    assert not {"server", "x-powered-by"} & headers.keys()


def test_only_what_can_never_change_is_kept(page):
    """A page that is kept names files that are gone; a file that is asked for again costs every caller a moment."""
    kept = {
        asked[0]: page.answer(*asked)["headers"]["cache-control"] for asked in [(INDEX, {}), (CONFIG, {})]
    }

    assert kept == {INDEX: "no-cache", CONFIG: "no-cache"}
    assert "immutable" in page.answer(*file("v1", "main.js"))["headers"]["cache-control"]
    assert page.answer(*file("v2", "main.js"))["headers"]["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("v2", "main.js"),
        ("..", "secret"),
        ("v1", "../index.html"),
        ("v1", "../../secret"),
        ("v1", ""),
        (".", "index.html"),
    ],
)
def test_nothing_but_the_pages_own_files_is_served(page, version, name):
    """The folder is read once; no path of a request ever reaches the disk."""
    answer = page.answer(*file(version, name))

    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"].startswith("application/problem+json")
    assert json.loads(answer["body"])["status"] == 404


def test_the_page_learns_where_people_sign_in_and_nothing_that_is_secret(page):
    """Everybody can read it, signed in or not."""
    assert json.loads(page.answer(CONFIG, {})["body"]) == {
        "stage": "dev",
        "embedded": False,
        "before_call": "agent",
        "auth": {
            "kind": "oidc",
            "issuer": "https://issuer.test/tenant",
            "client_id": "page",
            "scopes": "openid call",
            "guests": True,
        },
    }


def test_the_settings_survive_the_environment():
    """Nothing is lost or reshaped between deployment and page."""
    assert PageSettings.from_environment(SETTINGS.to_environment()) == SETTINGS
    plain = PageSettings(stage="dev", agent_origin="wss://agent.test", before_call="path", auth_kind="iam")
    assert PageSettings.from_environment(plain.to_environment()) == plain
