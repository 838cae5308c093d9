"""What a test's agent is told; each test replaces what it is about."""

from runtime.settings.agent import RuntimeSettings

AGENT = RuntimeSettings(
    stage="test",
    region="us-east-1",
    model_id="amazon.nova-2-5-sonic",
    voice_id="tiffany",
    endpointing_sensitivity="HIGH",
    idle_seconds=60,
    call_seconds=900,
    call_cost_usd=1.0,
    orders_table="orders",
    ledger_table="ledger",
)
