"""The app that `scripts/bench synth` compares ours with: one stack with one VPC, nothing else.

Like `app.py` it leaves out CDK's built-in check of CloudFormation schemas and its tree of constructs, which
would make this app slower and our ratio look better.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

app = cdk.App(builtin_cloud_formation_validation=False, tree_metadata=False)
ec2.Vpc(cdk.Stack(app, "Empty"), "Vpc")
app.synth()
