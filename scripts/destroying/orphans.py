"""What belonged to a stage and is no stack's any more."""

from collections.abc import Collection, Iterator

from botocore.exceptions import ClientError

from scripts.costs import idle
from scripts.deploying.asking import Asking, Right
from scripts.destroying.remainder import Remainder

POOL = Right("cognito-idp:DescribeUserPool", "cognito-idp", "describe_user_pool")
KEY = Right("kms:DescribeKey", "kms", "describe_key")
LOGS = Right("logs:DescribeLogGroups", "logs", "describe_log_groups")

IMAGES = Right("ec2:DescribeImages", "ec2", "describe_images")

SNAPSHOT_USD_PER_GB = 0.05
"""Kept for a month (aws.amazon.com/ebs/pricing), of what is written: an image's disk is the most that it can be."""
LOG_USD_PER_GB = 0.03
"""Kept for a month (aws.amazon.com/cloudwatch/pricing)."""
GB = 1e9

_ABSENT = frozenset({"ResourceNotFoundException", "NotFoundException"})


class Orphans:
    """Judges them in one Region: whether they are there, why, and what they cost.

    Args:
        asking: Puts the questions.
        region: Where they are.
    """

    def __init__(self, asking: Asking, region: str) -> None:
        self._asking = asking
        self._region = region

    def judge(self, arn: str, *, of_a_stack: bool) -> Iterator[Remainder]:
        """Say what is left behind an ARN: the tagging API lists for a while what is gone.

        Args:
            arn: What was listed.
            of_a_stack: Whether a stack made it, which is gone now.

        Raises:
            UnansweredError: AWS does not tell.
            ClientError: The same, in AWS's words.
        """
        service, name = arn.split(":")[2], arn.split(":", 5)[5]
        try:
            match service, name.replace(":", "/").partition("/")[0]:
                case "cognito-idp", "userpool":
                    yield self._pool(name.removeprefix("userpool/"))
                case "kms", "key":
                    yield self._key(name.removeprefix("key/"))
                case "logs", "log-group":
                    group = name.removeprefix("log-group:").removesuffix(":*")
                    yield from (one for one in self.logs(group) if f" {group} " in one.what)
                case _ if not of_a_stack:  # with a stack all goes that it is not told to keep
                    why = "has the stage's tag, and no stack made it; AWS goes on listing what was deleted for a while"
                    yield Remainder(what=arn, why=why, usd_a_month=None)
        except ClientError as fault:
            if fault.response["Error"].get("Code") not in _ABSENT:
                raise

    def logs(self, prefix: str, *, but: Collection[str | None] = ()) -> Iterator[Remainder]:
        """Go through the log groups whose names begin with *prefix*.

        Raises:
            UnansweredError: AWS does not tell.
            ClientError: The same, in AWS's words.
        """
        found = self._asking.ask_all(LOGS, "logGroups", region=self._region, logGroupNamePrefix=prefix)
        for one in found:
            name, stored = one["logGroupName"], one.get("storedBytes", 0)
            if name not in but:
                yield Remainder(
                    what=f"log group {name} in {self._region}, {stored / GB:.3f} GB",
                    why="made by the service that wrote it, and no stack's",
                    usd_a_month=stored / GB * LOG_USD_PER_GB,
                    do=f"`aws logs delete-log-group --region {self._region} --log-group-name {name}`",
                )

    def images(self, stage: str) -> Iterator[Remainder]:
        """Go through the machine images of the stage's relays, of every revision.

        Image Builder deletes its own record of them with the stack, not the images (DeleteImage, API reference).

        Raises:
            UnansweredError: AWS does not tell.
            ClientError: The same, in AWS's words.
        """
        built = {"Name": "tag:Ec2ImageBuilderArn", "Values": [f"arn:*:image/hotline-{stage}-relay-*"]}
        for one in self._asking.ask_all(
            IMAGES, "Images", region=self._region, Owners=["self"], Filters=[built]
        ):
            disks = [disk["Ebs"].get("VolumeSize", 0) for disk in one["BlockDeviceMappings"] if "Ebs" in disk]
            image = one["ImageId"]
            yield Remainder(
                what=f"image {image} of relays in {self._region}, at most {sum(disks)} GB",
                why="EC2 Image Builder does not delete what it built",
                usd_a_month=sum(disks) * SNAPSHOT_USD_PER_GB,
                do=f"`aws ec2 deregister-image --region {self._region} --image-id {image} "
                "--delete-associated-snapshots`",
            )

    def _pool(self, pool: str) -> Remainder:
        found = self._asking.ask(POOL, region=self._region, UserPoolId=pool)["UserPool"]
        where = f"--region {self._region} --user-pool-id {pool}"
        protected = found.get("DeletionProtection") == "ACTIVE"
        unprotect = f"`aws cognito-idp update-user-pool {where} --deletion-protection INACTIVE`, then "
        return Remainder(
            what=f"user pool {pool} in {self._region}, about {found.get('EstimatedNumberOfUsers', 0)} people",
            why="kept on purpose (auth.deletion_protection), so that people outlive the stage",
            usd_a_month=0.0,  # billed by who signs in
            do=f"{unprotect if protected else ''}`aws cognito-idp delete-user-pool {where}`",
        )

    def _key(self, key: str) -> Remainder:
        found = self._asking.ask(KEY, region=self._region, KeyId=key)["KeyMetadata"]
        if found["KeyState"] == "PendingDeletion":
            due = found.get("DeletionDate")
            return Remainder(
                what=f"key {key} in {self._region}",
                why=f"KMS deletes it on {due:%Y-%m-%d}, and not sooner"
                if due
                else "KMS deletes it in a few days",
                usd_a_month=0.0,  # "Deleting keys", KMS developer guide
            )
        return Remainder(
            what=f"key {key} in {self._region}",
            why=f"no stack has it any more, and it is {found['KeyState'].lower()}",
            usd_a_month=idle.KEY_USD,
            do=f"`aws kms schedule-key-deletion --region {self._region} --key-id {key}`",
        )
