"""The embedded cloud's OpenID Connect issuer: what a company's own, or Cognito, is on AWS."""
