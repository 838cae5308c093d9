"""What cdk-nag finds, pack by pack: what is acknowledged and why, what is not followed and why, what is open."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.commands.check import NAG_PACK
from scripts.reporting.assembly import Assembly
from scripts.reporting.deviations import DEVIATIONS
from scripts.reporting.errors import ReportError
from scripts.reporting.pages import Cell, Page, Table, lines, reason, row

PACKS = {
    NAG_PACK: "AWS Solutions",
    "HIPAA.Security": "HIPAA Security",
    "NIST.800.53.R5": "NIST 800-53 Rev. 5",
    "PCI.DSS.321": "PCI DSS 3.2.1",
    "Serverless": "Serverless",
}
"""Every pack that a report asks, with what people call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule at one resource."""

    pack: str
    rule: str
    """Without the name of the pack before it; AwsSolutions' wildcards in brackets behind it."""
    severity: str
    says: str
    resource: str
    reason: str | None
    """Why it is as it should be; nothing where nobody says."""


def found(assembly: Assembly) -> list[Finding]:
    """Return every finding, acknowledged or not, in the order of packs, rules and resources.

    Raises:
        ReportError: A pack did not look.
    """
    asked = {report["pluginName"] for report in assembly.nag}
    if missing := set(PACKS) - asked:
        raise ReportError(
            f"cdk-nag's {', '.join(sorted(missing))} did not take part in the synthesis, so nothing can be said of what it "
            "would find; see check_with_nag in app.py."
        )
    order = list(PACKS)
    return sorted(
        _findings(assembly), key=lambda one: (order.index(one.pack), one.rule, one.resource, one.reason or "")
    )


def unacknowledged(findings: list[Finding]) -> list[Finding]:
    """Return what AwsSolutions finds and no construct acknowledges: nothing, in what may be deployed."""
    return [one for one in findings if one.pack == NAG_PACK and one.reason is None]


def why(rule: str, resource: str, findings: Sequence[Finding]) -> str | None:
    """Return the reason that AwsSolutions' *rule* is acknowledged with at *resource*."""
    ours = (one for one in findings if one.pack == NAG_PACK and one.rule == rule and one.resource == resource)
    return next((one.reason for one in ours), None)


def page(findings: list[Finding]) -> Page:
    """Return the page of all findings."""
    return Page(
        name="findings",
        title="Findings of cdk-nag",
        about=(
            (
                "Every pack of rules looks at every stack of the stage.  AwsSolutions must be clean: a finding without a "
                "written reason on its construct fails a synthesis.  Of the other packs, each rule that is not followed is "
                "listed with our reason, from one table (scripts/reporting/deviations.py); a finding without one is open."
            ),
            (
                "A pack asks for settings that a template can show.  It does not make a deployment compliant: what its "
                "regulation asks of people and procedures is not judged here."
            ),
        ),
        tables=tuple(_tables(findings)),
    )


def _findings(assembly: Assembly) -> Iterator[Finding]:
    for report in assembly.nag:
        pack = report["pluginName"]
        for violation in report["violations"]:
            yield from _at_each(assembly, pack, violation, None)
        for violation in report.get("suppressedViolations", ()):
            yield from _at_each(assembly, pack, violation, violation["reason"])


def _at_each(
    assembly: Assembly, pack: str, violation: Mapping[str, Any], acknowledged: str | None
) -> Iterator[Finding]:
    rule = violation["ruleName"].removeprefix(f"{pack}-")
    for construct in violation["violatingConstructs"]:
        resource = (
            construct["constructPath"].removeprefix(f"Hotline-{assembly.stage}-").removesuffix("/Resource")
        )
        yield Finding(
            pack=pack,
            rule=rule,
            severity=violation["severity"],
            says=violation["description"],
            resource=resource,
            reason=acknowledged or _deviation(pack, rule, resource),
        )


def _deviation(pack: str, rule: str, resource: str) -> str | None:
    """Return why *rule* is not followed at *resource*; AwsSolutions' findings have their reasons in the code alone."""
    if pack == NAG_PACK:
        return None
    return next((one.reason for one in DEVIATIONS if one.covers(rule, resource)), None)


def _tables(findings: list[Finding]) -> Iterator[Table]:
    for pack, title in PACKS.items():
        of_pack = [one for one in findings if one.pack == pack]
        yield Table(
            name=f"findings-{pack.lower().replace('.', '-')}",
            title=title,
            columns=("Rule", "What it says", "Severity", "Where", "Why it is so"),
            rows=tuple(_by_reason(of_pack)),
            about="" if of_pack else "No finding.",
        )


def _by_reason(findings: list[Finding]) -> Iterator[tuple[Cell, ...]]:
    """Give the resources with the same finding and the same reason one row together."""
    together = defaultdict(list)
    for one in findings:
        together[one.rule, one.says, one.severity, one.reason].append(one.resource)
    for (rule, says, severity, why), resources in together.items():
        yield row(rule, says, severity, lines(resources), reason(why))
