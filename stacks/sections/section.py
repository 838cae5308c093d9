"""What every section of a stage is made of."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

# Retentions that CloudWatch Logs accepts, up to two years (PutRetentionPolicy, API reference).
type RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]

LOG_PRICE = "US$0.50 per GB written, US$0.03 per GB and month kept (aws.amazon.com/cloudwatch/pricing)"
SECRET_PRICE = "US$0.40 a month for the secret (aws.amazon.com/secrets-manager/pricing)"  # noqa: S105 - a price

COUNTED_SESSIONS = 1_000
"""Most sessions that one item of the ledger counts: those of a caller, of all guests, of all phones.

An entry has at most 89 bytes, so the item has 89 KB and each session that comes or goes costs 87 write units.  An item
takes 1,000 of those a second and 400 KB at most ("Quotas", Amazon DynamoDB developer guide), so 5,000 entries would be
refused, and 4,000 would take three a second.  The stage's own places are in many items (runtime/door/places.py).
"""


class Section(BaseModel):
    """Values that cannot change and hold no key that nobody reads."""

    # Built when a stage is read, once and whole, instead of section by section before that.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def price(text: str) -> dict[str, Any]:
    """Say what a knob costs: US list prices of October 2026, there to compare choices.

    Whoever names a price names AWS's page of it (`tests/contract/test_config_docs.py`).
    """
    return {"price": text}
