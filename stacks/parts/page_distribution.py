"""CloudFront before the call page and the API, so that both have one name and one origin."""

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct

from stacks.config import PageConfig
from stacks.parts.acknowledge import acknowledge

# What answers each caller for themselves: never cached, every method, and the token passed on.
CALLERS_PATHS = ("/sessions*", "/guest*", "/invites*")

# Errors that CloudFront would keep for ten seconds on its own, under a key that does not hold the token:
# what one caller may not see would then be gone for its owner, too.
# Source: "HTTP 4xx and 5xx status codes that CloudFront caches", CloudFront developer guide.
KEPT_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)

# How long browsers ask by https alone: a year, as RFC 6797 has in its examples.
HTTPS_SECONDS = Duration.days(365)

_PRICE_CLASSES = {
    "100": cloudfront.PriceClass.PRICE_CLASS_100,
    "200": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}


class PageDistribution(Construct):
    """Caches the page's files as their own headers say, and nothing of the API."""

    url: str
    """Origin of the page."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: PageConfig,
        api: apigateway.IHttpApi,
        web_acl_arn: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        # Spelt out: an origin is a host name, and the API reports its address as a URL.
        host = f"{api.api_id}.execute-api.{Stack.of(self).region}.{Aws.URL_SUFFIX}"
        origin = origins.HttpOrigin(host)
        headers = self._headers()
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Hotline: the call page and the door's API",
            default_behavior=_kept(origin, headers),
            additional_behaviors=dict.fromkeys(CALLERS_PATHS, _passed_on(origin, headers)),
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0))
                for status in KEPT_ERRORS
            ],
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            # Of a name of the page's own; that of cloudfront.net is AWS's to set.
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021
            if config.domain_name
            else None,
            price_class=_PRICE_CLASSES[config.price_class],
            domain_names=[config.domain_name] if config.domain_name else None,
            certificate=self._certificate(config),
            web_acl_id=web_acl_arn,
        )
        self.url = f"https://{config.domain_name or distribution.distribution_domain_name}"
        self._excuse(distribution, config)
        self._tell(distribution)

    def _certificate(self, config: PageConfig) -> acm.ICertificate | None:
        if not config.certificate_arn:
            return None
        return acm.Certificate.from_certificate_arn(self, "Certificate", config.certificate_arn)

    def _headers(self) -> cloudfront.ResponseHeadersPolicy:
        """Guard what has no headers of its own: the API's answers, and CloudFront's own pages."""
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            comment="Hotline: what every answer carries",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                # The page's own policy allows more than none, and stays.
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy="default-src 'none'; frame-ancestors 'none'", override=False
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=HTTPS_SECONDS, override=True
                ),
            ),
        )

    def _excuse(self, distribution: cloudfront.Distribution, config: PageConfig) -> None:
        acknowledge(
            distribution,
            "AwsSolutions-CFR1",
            "Where callers may be is not known here; who they are is, by the API's authorizers.",
        )
        acknowledge(
            distribution,
            "AwsSolutions-CFR3",
            "The API logs every request that reaches it, without caller and query.  CloudFront's log would hold "
            "both: addresses, and the codes that issuers send back to the page.",
        )
        if not config.waf:
            acknowledge(
                distribution, "AwsSolutions-CFR2", "The stage's owner chose page.waf false; prod has it."
            )
        if not config.domain_name:
            acknowledge(
                distribution,
                "AwsSolutions-CFR4",
                "AWS sets the TLS versions of its own name, cloudfront.net, which this stage uses; with "
                "page.domain_name they are 1.2 and newer.",
            )

    def _tell(self, distribution: cloudfront.Distribution) -> None:
        for name, value, description in (
            ("PageUrl", self.url, "The call page"),
            (
                "DistributionName",
                distribution.distribution_domain_name,
                "What a name of the page's own points to",
            ),
        ):
            CfnOutput(self, name, value=value, description=description).override_logical_id(name)


def _kept(
    origin: cloudfront.IOrigin, headers: cloudfront.IResponseHeadersPolicy
) -> cloudfront.BehaviorOptions:
    """Serve files from the cache.

    Neither query string nor cookie reaches the origin: what an issuer sends back stays in the browser.
    """
    return cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
        cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
        response_headers_policy=headers,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    )


def _passed_on(
    origin: cloudfront.IOrigin, headers: cloudfront.IResponseHeadersPolicy
) -> cloudfront.BehaviorOptions:
    """Pass every request on, with its token, and keep no answer."""
    return cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
        cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        response_headers_policy=headers,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
    )
