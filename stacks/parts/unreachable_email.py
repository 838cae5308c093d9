"""Keeps a stage from being deployed while its alarms would reach nobody."""

from aws_cdk import Annotations, Aws, CfnRule, CfnRuleAssertion, Fn, Stack

from stacks.reserved_domains import is_unreachable


def refuse_unreachable(stack: Stack, address: str, *, knob: str) -> None:
    """Make CloudFormation refuse *stack* before it creates anything if *address* is a placeholder.

    The shipped stages must synthesise as they are, on any machine, and must not page a stranger.  So their
    address is a reserved one, synthesis warns, and a rule of the template says no to every way of
    deploying it: `cdk deploy`, a pipeline, the console.
    """
    if not is_unreachable(address):
        return
    demand = f"Set {knob} in cdk.json to an address that somebody reads; {address} reaches nobody."
    Annotations.of(stack).add_warning_v2(
        f"hotline:{knob}", f"{demand} CloudFormation will refuse this stack."
    )
    never = Fn.condition_equals(Aws.REGION, "nowhere")
    CfnRule(
        stack, "AlarmsReachSomebody", assertions=[CfnRuleAssertion(assert_=never, assert_description=demand)]
    )
