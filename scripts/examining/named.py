"""Looks at what the stage names and somebody else must have made: secrets, certificates, an issuer, a monitor."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from scripts.calling.errors import CredentialsError
from scripts.calling.issuer import Issuer
from scripts.examining import rights
from scripts.examining.configuration import Knob, knobs
from scripts.examining.examined import Examined
from scripts.examining.findings import Check, Finding, fine, unknown, wrong
from stacks.config import OidcAuthConfig
from stacks.regions import BILLING_REGION

_ABSENT = "ResourceNotFoundException"


def checks(stage: Examined) -> Iterator[Check]:
    """List what is looked at."""
    for knob in knobs(stage.config):
        if knob.name == "secret_arn" and knob.value:
            yield Check(knob.at, partial(_secret, stage, knob))
        if knob.name == "certificate_arn" and knob.value:
            yield Check(knob.at, partial(_certificate, stage, knob))
    if isinstance(stage.config.auth, OidcAuthConfig) and not stage.place.is_embedded:
        yield Check("auth.issuer", partial(_issuer, stage.config.auth))
    yield Check("Cost anomaly monitor", partial(_monitor, stage))


def _secret(stage: Examined, knob: Knob) -> Finding:
    """Look whether it is there; its value is nobody's business here."""
    try:
        secret = stage.asking.ask(rights.SECRET, SecretId=knob.value)
    except ClientError as fault:
        if fault.response["Error"]["Code"] != _ABSENT:
            raise
        return wrong(
            "no such secret",
            follows="what needs it cannot work: relays of a third party, or a provider's webhooks",
            do=f"create it, and put its complete ARN into {knob.at}",
        )
    if secret.get("DeletedDate"):
        return wrong(
            f"{secret['Name']} is scheduled for deletion",
            follows="nobody can read it any more",
            do="`aws secretsmanager restore-secret`, or name another",
        )
    return fine(f"{secret['Name']} is there")


def _certificate(stage: Examined, knob: Knob) -> Finding:
    arn, section = knob.value, knob.section
    host = str(getattr(section, "host_name", None) or getattr(section, "domain_name", None))
    do = f"request one for {host}, and put its ARN into {knob.at} when it is issued"
    try:
        certificate = stage.asking.ask(rights.CERTIFICATE, region=arn.split(":")[3], CertificateArn=arn)
    except ClientError as fault:
        if fault.response["Error"]["Code"] != _ABSENT:
            raise
        return wrong("no such certificate", follows="the stack that uses it fails", do=do)
    certificate = certificate["Certificate"]
    if certificate["Status"] != "ISSUED":
        return wrong(
            f"{certificate['Status'].lower().replace('_', ' ')}, not issued",
            follows="the stack that uses it fails",
            do="answer its validation, or " + do,
        )
    if not _covers(certificate, host):
        return wrong(
            f"issued, but not for {host}", follows="browsers and providers refuse the connection", do=do
        )
    return fine(f"issued for {host}")


def _covers(certificate: dict[str, Any], host: str) -> bool:
    """Say whether it is for *host*; a star stands for one label (RFC 9525, section 6.3)."""
    names = {certificate["DomainName"], *certificate.get("SubjectAlternativeNames", ())}
    return any(fnmatchcase(host, one) and host.count(".") == one.count(".") for one in names)


def _issuer(auth: OidcAuthConfig) -> Finding:
    """Ask the issuer itself, from here: API Gateway asks it from AWS."""
    try:
        Issuer.discover(auth.issuer)
    except CredentialsError as fault:
        return unknown(
            f"{fault}",
            do="look whether it can be reached from the internet: API Gateway refuses an issuer that it cannot discover",
        )
    return fine(f"{auth.issuer} describes itself")


def _monitor(stage: Examined) -> Finding:
    """Look for what CloudFormation would refuse with `AlreadyExists: null` (docs/decisions/cost-anomalies.md)."""
    named = stage.config.billing.anomaly_monitor_arn
    monitors = stage.asking.ask_all(rights.MONITORS, "AnomalyMonitors", region=BILLING_REGION)
    ours = f"Hotline-{stage.place.stage}"
    services = [one for one in monitors if one.get("MonitorDimension") == "SERVICE"]
    if named and named not in [one["MonitorArn"] for one in monitors]:
        return wrong(
            "billing.anomaly_monitor_arn names none that is there",
            follows="the Billing stack fails",
            do="leave it out" if not services else f"name {services[0]['MonitorArn']}",
        )
    others = [one for one in services if one["MonitorName"] != ours]
    if not named and others:
        return wrong(
            f"the account has one already, {others[0]['MonitorName']}, and can have no second",
            follows="the Billing stack fails with `AlreadyExists: null`",
            do=f"set billing.anomaly_monitor_arn to {others[0]['MonitorArn']}",
        )
    return fine("is there" if named or services else "the stage makes the account's first")
