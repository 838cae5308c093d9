"""What the report says of cdk-nag's findings."""

import dataclasses

import pytest

from scripts.reporting.deviations import DEVIATIONS
from scripts.reporting.errors import ReportError
from scripts.reporting.findings import PACKS, found
from scripts.reporting.pages import NOT_EXPLAINED
from tests.scripts.reporting.stages import ALL, assembly_of, report_of, report_on, with_finding
from tests.stacks.deployment import STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_every_pack_is_asked(stage):
    """A pack that did not take part finds nothing, too."""
    assert [one["pluginName"] for one in assembly_of(stage).nag] == list(PACKS)
    assert {one.pack for one in report_of(stage).findings} == set(PACKS)


def test_a_pack_that_was_not_asked_has_no_report():
    """Its silence would read as if it had found nothing."""
    assembly = assembly_of("prod")
    silent = dataclasses.replace(assembly, nag=assembly.nag[:-1])

    with pytest.raises(ReportError, match="Serverless did not take part"):
        found(silent)


@pytest.mark.parametrize(("stage", "overrides"), ALL)
def test_a_stage_as_it_is_shipped_may_be_signed(stage, overrides):
    report = report_of(stage, overrides)

    assert report.faults == []
    assert [(one.rule, one.resource) for one in report.findings if not one.reason] == []


def test_every_reason_is_of_a_rule_that_fires():
    """One that is about nothing would excuse whatever comes to be of its name."""
    fired = {(one.rule, one.resource) for stage in ALL for one in report_of(*stage).findings}
    needed = {
        next(one for one in DEVIATIONS if one.covers(rule, resource))
        for rule, resource in fired
        if any(one.covers(rule, resource) for one in DEVIATIONS)
    }

    assert needed == set(DEVIATIONS)
    for one in DEVIATIONS:
        assert one.reason.endswith((".", ").")), one.reason


def test_a_finding_that_nobody_explains_is_open_and_does_not_fail_the_report():
    """The packs of regulations are for whoever answers for the regulation."""
    report = report_on(with_finding(assembly_of("prod"), "PCI.DSS.321", "SomethingNew"))
    (page,) = [one for one in report.pages if one.name == "findings"]
    rows = [row for table in page.tables for row in table.rows if row[0].text == "SomethingNew"]

    assert [row[-1].text for row in rows] == [NOT_EXPLAINED]
    assert report.faults == []
    assert "1 open" in [row[-1].text for row in report.pages[0].tables[0].rows]


def test_a_finding_of_aws_solutions_is_excused_on_its_construct_alone():
    """No table beside the code may excuse what fails a deployment."""
    rule = DEVIATIONS[0].rule
    report = report_on(with_finding(assembly_of("prod"), "AwsSolutions", rule))

    assert report.faults == [f"{rule} at Door/Surprise: It is not as it should be."]


def test_an_acknowledgement_is_listed_with_its_reason():
    reasons = {(one.rule, one.resource): one.reason for one in report_of("prod").findings}

    assert (
        reasons["DDB3", "Runtime/Orders/Table"]
        == "Five invented orders that a deployment writes: nothing to recover."
    )
