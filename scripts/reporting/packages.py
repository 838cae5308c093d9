"""Which third-party packages each part of Hotline is made of, with licences and hashes, as the locks name them."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from packaging.markers import Marker

from scripts.bundling.layers import DOOR_LAYERS
from scripts.bundling.packages import AGENT_PACKAGES, AGENT_PYTHON
from scripts.reporting.errors import ReportError
from scripts.webpage.packages import SOURCE as PAGE_SOURCE

ROOT = Path(__file__).resolve().parents[2]

AGENT, DOOR, PHONES, PAGE, TOOLS, RELAY = (
    "agent's bundle",
    "layer of the door",
    "layer of the phones' webhooks",
    "call page",
    "tools: synthesis, deployment, embedded cloud, tests",
    "relays' image",
)
_EXPORTED = {
    AGENT: AGENT_PACKAGES.exported,
    DOOR: DOOR_LAYERS["door"].exported,
    PHONES: DOOR_LAYERS["telephony"].exported,
    TOOLS: ("--only-group", "deploy", "--only-group", "embedded", "--only-group", "dev"),
}
"""What `uv export` is told to choose each part by."""

_VERSION = ".".join(map(str, AGENT_PYTHON))
_LINUX = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{_VERSION}.0",
    "python_version": _VERSION,
    "sys_platform": "linux",
}
"""What packages are chosen for: where the agent runs, and for the tools the same, wherever the report is made."""

_LICENCES = {
    # No file of its package says it; docs/decisions/offline-brain.md says how it is kept apart.
    "espeakng-loader": "GPL-3.0-or-later",
}
_LONGEST_LICENCE = 60
"""Characters of a licence's name; longer is its whole text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file that a package may be fetched as."""

    url: str
    algorithm: str
    """As CycloneDX names it."""
    digest: str
    """Hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One version of a package, as a lock pins it."""

    kind: str
    """Of its package URL: `pypi`, `npm`, `generic`."""
    name: str
    version: str
    licence: str
    """Empty where nobody says."""
    files: tuple[File, ...]
    needs: tuple[tuple[str, str], ...] = ()
    """Name and version of each package that it needs."""


def parts(root: Path = ROOT) -> Mapping[str, tuple[Package, ...]]:
    """Return the packages of each part, by the part's name.

    Raises:
        ReportError: A lock cannot be read.
    """
    chosen = {part: tuple(_from_uv(_export(root, words))) for part, words in _EXPORTED.items()}
    lock = json.loads((root / PAGE_SOURCE / "package-lock.json").read_text())["packages"]
    shipped = tuple(_from_npm(lock, development=False))
    chosen[TOOLS] += tuple(_from_npm(lock, development=True))
    return {**chosen, PAGE: shipped, RELAY: (_coturn(root),)}


def _export(root: Path, words: tuple[str, ...]) -> Mapping[str, Any]:
    command = ["uv", "export", "--frozen", "--offline", "--quiet", "--format", "cyclonedx1.5", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReportError(f"uv.lock cannot be read, so there is no bill of materials:\n{done.stderr.strip()}")
    exported: Mapping[str, Any] = json.loads(done.stdout)
    return exported


def _from_uv(exported: Mapping[str, Any]) -> Iterator[Package]:
    known = {one["bom-ref"]: one for one in exported["components"] if _is_for_linux(one)}
    needs = {one["ref"]: one.get("dependsOn", ()) for one in exported["dependencies"]}
    for ref, one in known.items():
        yield Package(
            kind="pypi",
            name=one["name"],
            version=one["version"],
            licence=_licence(one["name"]),
            files=tuple(
                File(url=file["url"], algorithm=digest["alg"], digest=digest["content"])
                for file in one.get("externalReferences", ())
                for digest in file.get("hashes", ())
            ),
            needs=tuple(
                (known[on]["name"], known[on]["version"]) for on in needs.get(ref, ()) if on in known
            ),
        )


def _is_for_linux(component: Mapping[str, Any]) -> bool:
    properties = {one["name"]: one["value"] for one in component.get("properties", ())}
    marker = properties.get("uv:package:marker")
    return marker is None or Marker(marker).evaluate(_LINUX)


def _licence(name: str) -> str:
    """Return what the package says of its licence: as an expression, in a field, or by its classifiers."""
    if name in _LICENCES:
        return _LICENCES[name]
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return ""
    classifiers = [
        one.split(" :: ")[-1] for one in about.get_all("Classifier", ()) if one.startswith("License ::")
    ]
    for said in (about.get("License-Expression"), about.get("License"), " or ".join(classifiers)):
        if said and said != "UNKNOWN" and "\n" not in said and len(said) <= _LONGEST_LICENCE:
            return said
    return ""


def _from_npm(lock: Mapping[str, Any], *, development: bool) -> Iterator[Package]:
    """Go through the packages of the page; one that is for another system only is fetched by nobody here."""
    for path, one in lock.items():
        name = path.rpartition("node_modules/")[2]
        foreign = "linux" not in one.get("os", ["linux"]) or not {"x64", "arm64"} & set(
            one.get("cpu", ["x64"])
        )
        if "node_modules/" not in path or one.get("link") or foreign or one.get("dev", False) != development:
            continue
        algorithm, _, digest = one["integrity"].partition("-")
        file = f"{name.rpartition('/')[2]}-{one['version']}.tgz"
        yield Package(
            kind="npm",
            name=name,
            version=one["version"],
            licence=one.get("license", ""),
            files=(
                File(
                    url=f"https://registry.npmjs.org/{name}/-/{file}",
                    algorithm=algorithm.upper().replace("SHA", "SHA-"),
                    digest=base64.b64decode(digest).hex(),
                ),
            ),
            needs=tuple(
                (needed, lock[f"node_modules/{needed}"]["version"])
                for needed in one.get("dependencies", {})
                if "version" in lock.get(f"node_modules/{needed}", {})
            ),
        )


def _coturn(root: Path) -> Package:
    """Return the one program that is built from source, as the relays' build script pins it."""
    script = (root / "turn/coturn/build.sh").read_text()
    version, digest = (
        re.search(rf"^{name}=\$\{{{name}:-(\S+)\}}$", script, re.MULTILINE) for name in ("VERSION", "SHA256")
    )
    url = re.search(r"https://github\.com/coturn/coturn/\S+?\.tar\.gz", script)
    if not (version and digest and url):
        raise ReportError(
            "turn/coturn/build.sh pins no version and hash of coturn any more as scripts/reporting/packages.py reads it."
        )
    return Package(
        kind="generic",
        name="coturn",
        version=version[1],
        licence="BSD-3-Clause",
        files=(File(url=url[0].replace("$VERSION", version[1]), algorithm="SHA-256", digest=digest[1]),),
    )
