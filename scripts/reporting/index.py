"""The page that everything else is reached from: what was judged, what was found, what was not judged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from scripts.commands.check import NAG_PACK
from scripts.reporting import findings, kept, network, rights, sbom
from scripts.reporting.assembly import Assembly
from scripts.reporting.findings import PACKS, Finding
from scripts.reporting.pages import Cell, Mark, Page, Table, row
from scripts.reporting.revision import Revision
from scripts.reporting.statements import Statement, statements

NOT_JUDGED = (
    (
        "No AWS account was asked: everything here is read from what would be deployed, not from what is.  What somebody changes "
        "by hand afterwards is not seen."
    ),
    (
        "Nor does this page say that the code does what it should: docs/threat-model.md names each attempt on a deployment, what "
        "stops it, and the test that shows it; docs/fidelity.md what only AWS can prove."
    ),
    (
        "Packages are listed, not searched for known holes: give the bill of materials to a scanner of yours.  Bedrock's, "
        "AgentCore's and relay providers' own handling of calls is theirs to say."
    ),
)


@dataclass(frozen=True)
class Report:
    """Everything that is said of one stage."""

    assembly: Assembly
    revision: Revision
    parts: sbom.Parts

    @cached_property
    def findings(self) -> list[Finding]:
        """Every finding of every pack."""
        return findings.found(self.assembly)

    @cached_property
    def statements(self) -> list[Statement]:
        """Every statement of every policy."""
        return statements(self.assembly)

    @cached_property
    def faults(self) -> list[str]:
        """What keeps the stage from being signed, in words; empty for what may be deployed."""
        return [
            *(f"{one.rule} at {one.resource}: {one.says}" for one in findings.unacknowledged(self.findings)),
            *(
                f"{one.holder} may {', '.join(one.actions)} by a pattern that has no reason: {', '.join(one.wildcards)}"
                for one in rights.unreasoned(self.statements, self.findings)
            ),
        ]

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The index, and what it leads to."""
        rest = (
            findings.page(self.findings),
            rights.page(self.statements, self.findings),
            network.page(self.assembly, self.findings),
            kept.page(self.assembly),
            sbom.page(self.parts),
        )
        return (self._index(rest), *rest)

    def _index(self, rest: Sequence[Page]) -> Page:
        altered = self.revision.altered
        return Page(
            name="index",
            title=f"Security report of stage {self.assembly.stage}",
            about=(
                f"Stage {self.assembly.stage} of commit {self.revision.words}"
                + (f", with {len(altered)} files that are not as they were committed" if altered else "")
                + ": every stack, as it would be handed to CloudFormation.",
                *NOT_JUDGED,
            ),
            tables=(
                Table(
                    name="summary",
                    title="May it be signed?",
                    columns=("Asked", "Found", ""),
                    rows=(_verdict(self.faults), *_summary(self, rest)),
                ),
            ),
        )


def _verdict(faults: Sequence[str]) -> tuple[Cell, ...]:
    asked = (
        f"{NAG_PACK} without a finding that nobody acknowledged, and every pattern in a right with a reason"
    )
    if faults:
        return row(asked, "\n".join(faults), Cell("no", Mark.OPEN))
    return row(asked, "both hold", Cell("yes", Mark.GOOD))


def _summary(report: Report, rest: Sequence[Page]) -> Iterator[tuple[Cell, ...]]:
    for pack, title in PACKS.items():
        ours = [one for one in report.findings if one.pack == pack]
        open_ones = sum(one.reason is None for one in ours)
        said = f"{len(ours)} findings, {len(ours) - open_ones} with a reason"
        yield row(f"cdk-nag: {title}", said, _open(open_ones))
    for page in rest[1:]:
        for table in page.tables:
            stands_out = table.marked(Mark.WILDCARD)
            said = f"{len(table.rows)} rows" + (f", {stands_out} to look at twice" if stands_out else "")
            yield row(f"{page.title}: {table.title}", said, _open(table.marked(Mark.OPEN)))


def _open(count: int) -> Cell:
    return Cell(f"{count} open", Mark.OPEN) if count else Cell("none open", Mark.GOOD)
