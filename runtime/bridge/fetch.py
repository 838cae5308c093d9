"""Runs in an image that has Python and nothing of ours: fetches the agent's bundle, checks it, becomes the bridge.

Its text is the command of the container, so it is the standard library's alone, and short.
"""

import datetime as dt
import hashlib
import hmac
import json
import os
import sys
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

# Where Fargate hands out the task role's credentials ("Task IAM role", Amazon ECS developer guide).
CREDENTIALS = "http://169.254.170.2"

TIMEOUT_SECONDS = 60
SCRATCH = Path("/tmp/hotline")  # noqa: S108 - the container is the bridge's alone
EMPTY = hashlib.sha256(b"").hexdigest()


def main(environ: Mapping[str, str]) -> None:
    """Fetch, check, unpack, and run the bridge in this process's place."""
    bundle = SCRATCH / "bundle.zip"
    SCRATCH.mkdir(parents=True, exist_ok=True)
    download(environ, bundle)
    found = hashlib.sha256(bundle.read_bytes()).hexdigest()
    if found != environ["BUNDLE_SHA256"]:
        sys.exit(f"The bundle has the hash {found}, which is not the one that was deployed; nothing was run.")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(SCRATCH)
    bundle.unlink()
    os.chdir(SCRATCH)
    os.execv(sys.executable, [sys.executable, "-m", "runtime.bridge.main"])  # noqa: S606 - no shell, no input


def download(environ: Mapping[str, str], to: Path) -> None:
    """Write the object that the environment names to a file."""
    url = environ["BUNDLE_URL"]
    with urllib.request.urlopen(role_url(environ), timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - fixed host
        role = json.load(answer)
    moment = dt.datetime.now(dt.UTC)
    request = urllib.request.Request(url, headers=signed(url, environ["HOTLINE_REGION"], role, moment))  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer, to.open("wb") as file:  # noqa: S310
        while piece := answer.read(1 << 20):
            file.write(piece)


def role_url(environ: Mapping[str, str]) -> str:
    """Return where the task's credentials are had."""
    return environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") or (
        CREDENTIALS + environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    )


def signed(url: str, region: str, role: Mapping[str, str], moment: dt.datetime) -> dict[str, str]:
    """Return the headers of a GET that S3 believes (Signature Version 4; the path has no special character)."""
    host, _, path = url.partition("://")[2].partition("/")
    stamp = f"{moment:%Y%m%dT%H%M%SZ}"
    headers = {
        "host": host,
        "x-amz-content-sha256": EMPTY,
        "x-amz-date": stamp,
        "x-amz-security-token": role["Token"],
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"GET\n/{path}\n\n{lines}\n{names}\n{EMPTY}"
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + role["SecretAccessKey"].encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"Credential={role['AccessKeyId']}/{scope}"
    authorization = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": authorization}


if __name__ == "__main__":
    main(os.environ)
