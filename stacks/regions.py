"""Where the kit can run: which Region has the model, the platform and which Availability Zones.

AWS adds to these lists; a Region or zone that is missing here but listed on the page named beside the
table is added by editing the table.
"""

from collections.abc import Mapping

BILLING_REGION = "us-east-1"
"""Where AWS has billing metrics and tells of budgets, whichever Region is billed.

Source: "Create a billing alarm to monitor your estimated AWS charges", CloudWatch user guide.
"""

# Model cards of Nova 2 Sonic and Nova 2.5 Sonic, Bedrock user guide, October 2026: in-Region only, no
# inference profile.
SONIC_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-north-1", "ap-northeast-1"})

# "How it works", AgentCore developer guide, section on platform version V2, October 2026.
AGENTCORE_V2_REGIONS = frozenset({"us-east-1", "us-east-2", "us-west-2", "eu-west-1", "ap-northeast-1"})

DEPLOYABLE_REGIONS = SONIC_REGIONS & AGENTCORE_V2_REGIONS

# Through which inference profile a text model is asked: by the profile's prefix and where it may be served.  In
# us-east-1 the models are there themselves.  Transcribe's streams and Polly's neural and generative voices are in all
# of these.  Source: "Supported Regions and models for inference profiles", Bedrock user guide; "Amazon Transcribe
# endpoints and quotas" and "Amazon Polly endpoints and quotas", AWS General Reference; October 2026.
CASCADE_PROFILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "us-east-1": ("", ("us-east-1",)),
    "us-west-2": ("us.", ("us-east-1", "us-east-2", "us-west-2")),
}

# "Supported Availability Zones", agentcore-vpc.md of the AgentCore developer guide, October 2026.  Zone
# *ids*: `us-east-1a` is another building in every account, `use1-az1` is not.
AGENTCORE_ZONE_IDS = {
    "ap-northeast-1": ("apne1-az1", "apne1-az2", "apne1-az4"),
    "us-east-1": ("use1-az1", "use1-az2", "use1-az4"),
    "us-west-2": ("usw2-az1", "usw2-az2", "usw2-az3"),
}
