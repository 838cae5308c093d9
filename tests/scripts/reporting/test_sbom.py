"""The bill of materials."""

import json
import re
import subprocess
from importlib.resources import files as resources
from pathlib import Path
from zipfile import ZipFile

import jsonschema_rs
import pytest

from scripts.bundling.layers import layer_file
from scripts.reporting import sbom
from scripts.reporting.packages import AGENT, DOOR, PAGE, PHONES, RELAY, ROOT, TOOLS
from tests.scripts.reporting.stages import REVISION, all_parts

SCHEMAS = resources("cyclonedx.schema") / "_res"
BUILD = ROOT / "build"


@pytest.fixture(scope="module")
def bill() -> dict:
    return json.loads(sbom.document(all_parts(), commit=REVISION.commit, at=REVISION.at))


@pytest.fixture(scope="module")
def _built() -> None:
    subprocess.run([ROOT / "scripts/bundle"], check=True, capture_output=True)


def schema(name: str) -> dict:
    return json.loads((SCHEMAS / f"{name}.SNAPSHOT.schema.json").read_text())


def test_scanners_can_read_it(bill):
    """By CycloneDX's own schema, as a tool of the reviewer's would check it."""
    registry = jsonschema_rs.Registry(
        [
            (f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", schema(name))
            for name in ("spdx", "jsf-0.82")
        ]
    )

    jsonschema_rs.Draft7Validator(schema("bom-1.6"), registry=registry).validate(bill)


@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize(
    ("part", "archive"),
    [
        (AGENT, BUILD / "agent.zip"),
        (DOOR, layer_file(BUILD, "door")),
        (PHONES, layer_file(BUILD, "telephony")),
    ],
)
def test_it_names_what_is_in_what_is_deployed(part: str, archive: Path):
    """No package more, none less: read from the archive itself."""
    names = ZipFile(archive).namelist()
    inside = {found[1] for name in names if (found := re.search(r"([^/]+)\.dist-info/", name))}

    listed = {f"{re.sub(r'[-_.]+', '_', one.name)}-{one.version}" for one in all_parts()[part]}
    assert listed == {
        f"{re.sub(r'[-_.]+', '_', one.rpartition('-')[0])}-{one.rpartition('-')[2]}" for one in inside
    }


def test_the_pages_packages_are_those_of_its_lock():
    names = {one.name for one in all_parts()[PAGE]}

    assert {"@pipecat-ai/client-js", "oidc-client-ts"} <= names
    assert not {"esbuild", "typescript"} & names
    assert {"esbuild", "typescript", "aws-cdk-lib", "pytest"} <= {one.name for one in all_parts()[TOOLS]}


def test_every_package_has_a_licence_and_a_hash():
    """What has none cannot be judged, and could be anything."""
    for one in (package for chosen in all_parts().values() for package in chosen):
        assert one.licence, one.name
        assert one.files, one.name
        assert all(re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{128}", file.digest) for file in one.files), one.name


def test_coturn_is_the_release_that_is_built():
    (coturn,) = all_parts()[RELAY]
    script = (ROOT / "turn/coturn/build.sh").read_text()

    assert f"VERSION:-{coturn.version}}}" in script
    assert f"SHA256:-{coturn.files[0].digest}}}" in script
    assert coturn.files[0].url.endswith(f"/{coturn.version}.tar.gz")


def test_it_says_what_needs_what(bill):
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}

    assert set(needs["hotline"]) == set(all_parts())
    assert any(one.startswith("pkg:pypi/pydantic@") for one in needs[DOOR])
    (aiortc,) = [ref for ref in needs if ref.startswith("pkg:pypi/aiortc@")]
    assert any(one.startswith("pkg:pypi/aioice@") for one in needs[aiortc])


def test_a_licence_that_asks_something_stands_out():
    """LGPL, of a library in the bundle, is for a lawyer to see and not to find."""
    (table,) = sbom.page(all_parts()).tables
    marked = {row[0].text for row in table.rows if row[2].mark}

    assert {"soxr", "espeakng-loader"} <= marked
    assert "pydantic" not in marked
