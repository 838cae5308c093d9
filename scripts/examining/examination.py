"""Everything that the doctor looks at, in the order in which it matters."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from scripts.deploying.asking import UnansweredError
from scripts.deploying.place import Place
from scripts.examining import account, configuration, named, quotas, region, relays
from scripts.examining.examined import Examined
from scripts.examining.findings import Check, Finding, State, unknown

AT_ONCE = 8
"""Questions under way; Service Quotas throttles whoever asks many more."""

NOT_LOOKED = "not looked at: {} comes first"


def examine(place: Place) -> list[Finding]:
    """Look at everything, changing nothing, and return a line for each."""
    config, written = configuration.configured(place)
    findings = [replace(written, checked=configuration.CHECKED)]
    if config is not None and not place.is_embedded:
        place = replace(place, region=config.region)
    who = replace(account.identity(place), checked="Credentials")
    findings.insert(0, who)
    if who.state is State.WRONG or config is None:
        first = "who asks" if who.state is State.WRONG else "the configuration"
        return [*findings, replace(unknown(NOT_LOOKED.format(first)), checked="The account")]
    stage = Examined(place, config)
    parts = (account.checks, region.checks, quotas.checks, relays.checks, named.checks)
    every = [check for part in parts for check in part(stage)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*findings, *pool.map(_look, every)]


def _look(check: Check) -> Finding:
    try:
        found = check.look()
    except UnansweredError as fault:
        found = unknown(str(fault))
    except ClientError as fault:
        # Not its message: that of a refusal names the account and the one who asks.
        found = unknown(f"could not look: AWS answered {fault.response['Error'].get('Code') or 'an error'}")
    except BotoCoreError as fault:
        found = unknown(f"could not look: {fault}")
    return replace(found, checked=check.name)


def in_the_way(findings: Sequence[Finding]) -> list[Finding]:
    """Return those that keep the stage from being deployed, or from taking calls."""
    return [one for one in findings if one.state is State.WRONG]
