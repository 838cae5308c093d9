"""Where browsers reach a deployed distribution: what CloudFront's edge locations and its name are on AWS."""
