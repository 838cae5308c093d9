"""Secrets that a deployer has put into Secrets Manager: the stage knows their ARNs and nothing of their content."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo


def _is_in_the_region(arn: str, info: ValidationInfo) -> str:
    region = (info.context or {}).get("region")
    if region and arn.split(":")[3] != region:
        raise ValueError(f"is in another Region than the stage ({region}); replicate the secret there")
    return arn


SecretArn = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}$"),
    AfterValidator(_is_in_the_region),
]
"""The complete ARN: with the six characters that Secrets Manager adds, without which a policy names other secrets too."""
