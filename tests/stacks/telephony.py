"""A stage that takes calls from phones."""

ACCOUNT = "111122223333"


def secret(provider: str) -> str:
    return f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hotline/{provider}-a1B2c3"


TELEPHONY = {
    "vonage": {"secret_arn": secret("vonage"), "numbers": ["+14155550123"]},
    "telnyx": {"secret_arn": secret("telnyx"), "numbers": ["+14155550124", "+442079460000"]},
    "plivo": {"secret_arn": secret("plivo"), "numbers": ["+14155550125"]},
    "caller_countries": ["US", "GB"],
}

BRIDGE = {
    "kind": "fargate",
    "host_name": "phones.corp.example",
    "certificate_arn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/00000000-0000-4000-8000-000000000000",
    "image": f"public.ecr.aws/docker/library/python@sha256:{'0' * 64}",
}

BRIDGED = {
    **TELEPHONY,
    "twilio": {"secret_arn": secret("twilio"), "numbers": ["+14155550126"]},
    "bridge": BRIDGE,
}
"""With a provider that needs a bridge, and the bridge."""
