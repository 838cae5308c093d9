"""Takes a whole stage away, in the order in which its stacks can go."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from scripts.deploying.asking import UnansweredError
from scripts.deploying.place import Place
from scripts.deploying.stacks import LEAVES, StackName, stack_names
from scripts.destroying.deletion import Deletion, Outcome
from scripts.destroying.deployer import Deployer
from scripts.destroying.hang_up import hang_up
from scripts.destroying.interfaces import LONGEST_HOURS, Interfaces
from scripts.destroying.telling import Telling

POLL_SECONDS = 5.0
"""CloudFormation allows few questions a second, of everybody in the account together."""
INTERFACES_POLL_SECONDS = 30.0
"""They go within hours; nobody needs to know to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long, and by which clock.

    Attributes:
        seconds: For network interfaces that AgentCore has not given back.
    """

    seconds: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


class Destruction:
    """Deletes the stacks of one stage.

    Args:
        place: Where the stage is.
        telling: Told what happens.
        waiting: How long to wait for what AgentCore still holds.
    """

    def __init__(self, place: Place, telling: Telling, waiting: Waiting) -> None:
        self._place = place
        self._telling = telling
        self._waiting = waiting
        self._deployer = Deployer(place, clock=waiting.clock)
        # Nobody else asks the cloud on this machine.
        poll_seconds = POLL_SECONDS / 20 if place.is_embedded else POLL_SECONDS
        self._deletion = Deletion(self._deployer, telling, lambda: waiting.sleep(poll_seconds))

    def there(self) -> list[StackName]:
        """Return the stacks that there are, in the order of deletion.

        Raises:
            ClientError: CloudFormation does not tell.
        """
        return [one for one in stack_names(self._place) if self._deployer.find(one.name, one.region)]

    def run(self) -> list[Outcome]:
        """Delete every stack that can go, and return what became of each: those behind a failed one are not tried.

        Raises:
            ClientError: CloudFormation does not tell what there is.
        """
        outcomes: list[Outcome] = []
        self._hang_up()
        for stack in self.there():
            if stack.part == "Runtime":
                self._hang_up()  # now that there is no door to open others
            outcomes.append(self._network(stack) if stack.part == "Network" else self._deletion.run(stack))
            if outcomes[-1].faults and stack.part not in LEAVES:
                break
        return outcomes

    def _hang_up(self) -> None:
        for stack in stack_names(self._place):
            if stack.part == "Runtime":
                hang_up(self._place, self._deployer.find(stack.name, stack.region), self._telling.line)

    def _network(self, network: StackName) -> Outcome:
        """Delete the network: what costs at once, and the rest when AgentCore has let go of it."""
        interfaces = Interfaces(self._place, network)
        deadline = self._waiting.clock() + self._waiting.seconds
        while (outcome := self._deletion.run(network)).faults:
            try:
                freed = self._wait_for(interfaces, deadline)
            except UnansweredError as fault:
                return Outcome(network, (*outcome.faults, str(fault)))
            if not freed:
                return Outcome(network, (*outcome.faults, *_why(interfaces.left())))
        return outcome

    def _wait_for(self, interfaces: Interfaces, deadline: float) -> bool:
        """Wait until none is left, and say whether there were some and they went.

        Raises:
            UnansweredError: EC2 does not tell.
        """
        waited = False
        while left := interfaces.left():
            seconds = deadline - self._waiting.clock()
            if seconds <= 0:
                return False
            self._telling.line(
                f"Waiting up to {ceil(seconds / 60)} min for what AgentCore gives back within {LONGEST_HOURS} hours: "
                f"{', '.join(left)}"
            )
            self._waiting.sleep(min(INTERFACES_POLL_SECONDS, seconds))
            waited = True
        return waited


def _why(left: Sequence[str]) -> tuple[str, ...]:
    if not left:
        return ()
    why = (
        f"{', '.join(left)} in its VPC: AgentCore gives its network interfaces back within {LONGEST_HOURS} hours after its "
        "runtime is gone, and neither they nor the subnets and security groups that wait for them cost anything; any "
        "other is somebody's own"
    )
    return (why,)
