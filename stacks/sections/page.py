"""The knobs of the call page, and of what stands before it and the API."""

from typing import Literal, Self

from pydantic import Field, model_validator

from stacks.sections.section import Section, price

# A call asks the door about 30 times in five minutes (opening, signaling, its figures every ten seconds);
# an office of fifteen callers behind one address, and the pages that they load, stay below.
OFFICE_REQUESTS = 1_000


class PageConfig(Section):
    """The page that people call with, and the CloudFront distribution before it and the API."""

    enabled: bool = Field(
        True,
        description="Whether there is a page at all; without it, programs call the API at its own address.",
        json_schema_extra=price(
            "nothing below 1 TB and 10 million requests a month, then from US$0.085 per GB "
            "(aws.amazon.com/cloudfront/pricing)"
        ),
    )
    before_call: Literal["path", "agent", "nothing"] = Field(
        "path",
        description="What is ready before the caller presses Call: the whole path through the relays, the agent alone, or "
        "nothing; each joins later than the one before.  Guests always have nothing: their invite is good for one "
        "session.",
        json_schema_extra=price(
            "while a page waits, at most `door.join_seconds` at a time: `agent` an idle agent, `path` relay "
            "allocations too; for 1,000 waiting pages in docs/media-costs.md"
        ),
    )
    # Edge locations of North America, Europe and Israel; with Asia, Africa and the Gulf; all (CloudFront's pricing page).
    price_class: Literal["100", "200", "all"] = Field(
        "100",
        description="Where CloudFront answers from: the cheapest places, more, or all; the others are then served "
        "from farther away.",
    )
    domain_name: str | None = Field(
        None,
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        description="The page's own name, which you point (CNAME or alias) to the output `DistributionName`; none "
        "uses CloudFront's, for which AWS also accepts TLS older than 1.2.",
    )
    # "Requirements for using SSL/TLS certificates with CloudFront": ACM's us-east-1, whichever Region is served.
    certificate_arn: str | None = Field(
        None,
        pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/[0-9a-f-]{36}$",
        description="Certificate for `domain_name`, in ACM in us-east-1.",
    )
    waf: bool = Field(
        False,
        description="Whether AWS WAF judges requests to the page's address: AWS's common rules, its known bad inputs, "
        "and a limit per address.  The API's own address has its throttles and authorizers alone: WAF cannot stand "
        "before an HTTP API.",
        json_schema_extra=price(
            "US$8 a month (web ACL US$5, three rules US$1 each), US$0.60 per million requests "
            "(aws.amazon.com/waf/pricing)"
        ),
    )
    # Rate-based rules take 10 to 2,000,000,000 (wafv2, service model).
    waf_requests_per_five_minutes: int = Field(
        OFFICE_REQUESTS,
        ge=10,
        le=2_000_000_000,
        description="Requests that one address may send in five minutes before WAF refuses it.",
    )
    reserved_concurrency: int = Field(
        0,
        ge=0,
        le=500,
        description="Requests at once that the page's function can always serve, and never more; 0 shares the "
        "account's quota, which is all that a new account allows.",
    )

    @model_validator(mode="after")
    def _names_with_certificates(self) -> Self:
        if (self.domain_name is None) != (self.certificate_arn is None):
            raise ValueError(
                "domain_name and certificate_arn are of use together only: CloudFront serves a name of yours with "
                "your certificate for it; give both or neither"
            )
        return self
