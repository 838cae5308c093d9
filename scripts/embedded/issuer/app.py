"""The issuer's HTTP server: discovery, keys, sign-in and tokens.

Source: OpenID Connect Discovery 1.0; RFC 6749; RFC 9207 (the issuer in the answer to a sign-in).
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from scripts.embedded.issuer.codes import Codes, SignedIn
from scripts.embedded.issuer.pages import headers, sign_in_page
from scripts.embedded.issuer.requests import (
    LOOPBACK,
    SCOPES,
    SCRIPTS_CLIENT,
    RequestError,
    SignInRequest,
    UnknownClientError,
    read_scopes,
    way_back,
)
from scripts.embedded.issuer.tokens import ALGORITHM, LIFETIME_SECONDS, Tokens

LARGEST_BODY_BYTES = 8 * 1024
_LONGEST_NAME = 64
_NOT_KEPT = {"cache-control": "no-store"}


class Issuer:
    """Issues tokens to whoever signs in on this machine, and to scripts that know the secret.

    Args:
        tokens: Signs them.
        codes: Links a sign-in to the client that asked for it.
        secret: Of the client of scripts.
    """

    def __init__(self, tokens: Tokens, codes: Codes, *, secret: str) -> None:
        self._tokens = tokens
        self._codes = codes
        self._secret = secret

    def application(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/keys", self._keys),
            Route("/authorize", self._ask_who, methods=["GET"]),
            Route("/authorize", self._sign_in, methods=["POST"]),
            Route("/token", self._token, methods=["POST"]),
        ]
        # A page of another site may bend its own name to loopback, or send from its own origin.
        own_machine = [
            Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK), www_redirect=False),
            Middleware(CORSMiddleware, allow_origin_regex=r"http://(localhost|127\.0\.0\.1):\d+"),
        ]
        return Starlette(routes=routes, middleware=own_machine)

    async def _discovery(self, _request: Request) -> Response:
        url = self._tokens.issuer
        return JSONResponse(
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/keys",
                "scopes_supported": list(SCOPES),
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse(self._tokens.keys())

    async def _ask_who(self, request: Request) -> Response:
        sent = dict(request.query_params)
        try:
            asked = SignInRequest.read(sent)
        except RequestError as fault:
            return self._refuse_sign_in(sent, fault)
        return HTMLResponse(sign_in_page(asked.parameters()), headers={**headers(), **_NOT_KEPT})

    async def _sign_in(self, request: Request) -> Response:
        if request.headers.get("origin") != self._tokens.issuer:
            return PlainTextResponse("Sign in on this issuer's own page.", HTTPStatus.FORBIDDEN)
        sent = await _form(request)
        try:
            asked = SignInRequest.read(sent)
            signed_in = SignedIn(subject=_name(sent), request=asked)
        except RequestError as fault:
            return self._refuse_sign_in(sent, fault)
        return self._send_back(asked.redirect_uri, asked.state, {"code": self._codes.hand_out(signed_in)})

    def _refuse_sign_in(self, sent: Mapping[str, str], fault: RequestError) -> Response:
        if isinstance(fault, UnknownClientError):
            return PlainTextResponse(str(fault), HTTPStatus.BAD_REQUEST)
        answer = {"error": fault.code, "error_description": str(fault)}
        return self._send_back(sent["redirect_uri"], sent.get("state", ""), answer)

    def _send_back(self, redirect_uri: str, state: str, answer: Mapping[str, str]) -> Response:
        answer = {**answer, "iss": self._tokens.issuer, **({"state": state} if state else {})}
        return RedirectResponse(way_back(redirect_uri, answer), HTTPStatus.SEE_OTHER, headers=_NOT_KEPT)

    async def _token(self, request: Request) -> Response:
        try:
            answer = self._granted(await _form(request), request.headers.get("authorization", ""))
        except RequestError as fault:
            status = HTTPStatus.UNAUTHORIZED if fault.code == "invalid_client" else HTTPStatus.BAD_REQUEST
            refusal = {"error": fault.code, "error_description": str(fault)}
            return JSONResponse(refusal, status, headers=_NOT_KEPT)
        about = {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS}
        return JSONResponse({**about, **answer}, headers=_NOT_KEPT)

    def _granted(self, sent: Mapping[str, str], authorization: str) -> dict[str, str]:
        match sent.get("grant_type"):
            case "authorization_code":
                return self._for_code(sent)
            case "client_credentials":
                return self._for_scripts(authorization, sent)
            case _:
                raise RequestError(
                    "unsupported_grant_type", "grant_type must be authorization_code or client_credentials."
                )

    def _for_code(self, sent: Mapping[str, str]) -> dict[str, str]:
        signed_in = self._codes.redeem(sent)
        asked, subject = signed_in.request, signed_in.subject
        answer = {
            "access_token": self._tokens.access(subject, client_id=asked.client_id, scopes=asked.scopes),
            "scope": " ".join(asked.scopes),
        }
        if "openid" in asked.scopes:
            answer["id_token"] = self._tokens.identity(subject, client_id=asked.client_id, nonce=asked.nonce)
        return answer

    def _for_scripts(self, authorization: str, sent: Mapping[str, str]) -> dict[str, str]:
        client_id, _, secret = _basic(authorization).partition(":")
        if client_id != SCRIPTS_CLIENT or not hmac.compare_digest(secret.encode(), self._secret.encode()):
            raise RequestError("invalid_client", f"Authenticate as {SCRIPTS_CLIENT} with its secret.")
        scopes = read_scopes(sent)
        token = self._tokens.access(client_id, client_id=client_id, scopes=scopes)
        return {"access_token": token, "scope": " ".join(scopes)}


def _name(sent: Mapping[str, str]) -> str:
    name = sent.get("name", "").strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise RequestError("access_denied", f"A name has 1 to {_LONGEST_NAME} characters.")
    return name


def _basic(authorization: str) -> str:
    """Return name and secret of HTTP's Basic scheme; nothing if it is not used."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return unquote_plus(base64.b64decode(encoded, validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _form(request: Request) -> dict[str, str]:
    """Read a form; each name once, so that no two readers see two values.

    Raises:
        RequestError: It is none.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise RequestError("invalid_request", f"Send at most {LARGEST_BODY_BYTES} bytes.")
    pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    sent = dict(pairs)
    if len(sent) < len(pairs):
        raise RequestError("invalid_request", "Send each parameter once.")
    return sent
