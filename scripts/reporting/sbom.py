"""The bill of materials: what is deployed and what deploys it, as CycloneDX and as a page."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from scripts.reporting.packages import Package
from scripts.reporting.pages import Cell, Mark, Page, Row, Table, lines, row

FILE = "sbom.cdx.json"
NO_LICENCE = "open: no licence is named"
COPYLEFT = ("GPL", "MPL")
"""What begins the names of licences that ask something of whoever passes a program on."""

type Parts = Mapping[str, tuple[Package, ...]]


def document(parts: Parts, *, commit: str, at: datetime) -> str:
    """Return the bill as CycloneDX 1.6 JSON: the same bytes for the same locks and commit.

    Args:
        parts: Packages by the name of what they are part of.
        commit: What was looked at.
        at: When that was committed.
    """
    root = Component(name="hotline", version=commit, type=ComponentType.APPLICATION, bom_ref="hotline")
    whole = {part: Component(name=part, type=ComponentType.APPLICATION, bom_ref=part) for part in parts}
    packages = {(one.name, one.version): one for chosen in parts.values() for one in chosen}
    components = {key: _component(one) for key, one in packages.items()}
    bom = Bom(
        components=[*whole.values(), *components.values()],
        serial_number=uuid5(NAMESPACE_URL, f"hotline {commit} {sorted(packages)}"),
    )
    bom.metadata.component = root
    bom.metadata.timestamp = at
    bom.register_dependency(root, whole.values())
    for part, chosen in parts.items():
        bom.register_dependency(whole[part], [components[one.name, one.version] for one in chosen])
    for key, one in packages.items():
        bom.register_dependency(components[key], [components[on] for on in one.needs if on in components])
    written: str = JsonV1Dot6(bom).output_as_string(indent=1)
    return f"{written}\n"


def page(parts: Parts) -> Page:
    """Return the page of all packages."""
    return Page(
        name="components",
        title="Components",
        about=(
            (
                f"Third-party packages by what they are part of, as uv.lock, the page's package-lock.json and the relays' build "
                f"script pin them, each with the hash that it is checked against.  {FILE} has the same as CycloneDX, with files, "
                "hashes and what needs what; licences are what each package says of itself."
            ),
            (
                "AWS brings what is not listed: Python 3.13 of Lambda and AgentCore, boto3 where a layer has none, Ubuntu's "
                "packages on relays, which update themselves."
            ),
        ),
        tables=(
            Table(
                name="components",
                title="Packages",
                columns=("Package", "Version", "Licence", "Files with a hash", "Part of"),
                rows=tuple(_rows(parts)),
            ),
        ),
    )


def _component(package: Package) -> Component:
    factory = LicenseFactory()
    group, _, name = package.name.rpartition("/")
    purl = PackageURL(type=package.kind, namespace=group or None, name=name, version=package.version)
    return Component(
        name=name,
        group=group or None,
        version=package.version,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=[factory.make_from_string(package.licence)] if package.licence else [],
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(file.url),
                hashes=[HashType(alg=HashAlgorithm(file.algorithm), content=file.digest)],
            )
            for file in package.files
        ],
    )


def _rows(parts: Parts) -> Iterator[Row]:
    packages = {(one.name, one.version): one for chosen in parts.values() for one in chosen}
    for key, one in sorted(packages.items()):
        of = [
            part for part, chosen in parts.items() if any((each.name, each.version) == key for each in chosen)
        ]
        yield row(one.name, one.version, _licence(one.licence), str(len(one.files)), lines(of))


def _licence(licence: str) -> Cell:
    if not licence:
        return Cell(NO_LICENCE, Mark.OPEN)
    return Cell(licence, Mark.WILDCARD if any(one in licence for one in COPYLEFT) else Mark.NONE)
