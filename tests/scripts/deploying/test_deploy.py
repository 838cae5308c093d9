"""`scripts/deploy` and `scripts/destroy`, as far as they go before anything is deployed or deleted."""

import io
import json
import sys
from argparse import Namespace
from dataclasses import replace

import pytest
from rich.console import Console

from scripts.commands import deploy, destroy
from scripts.deploying import deployment
from scripts.deploying.place import Place
from scripts.embedded.cdk import CdkError
from scripts.examining.findings import fine, wrong
from tests.scripts.simulated_aws import SimulatedAws

ABSENT = "ValidationError: Stack with id X does not exist"


@pytest.fixture
def aws():
    simulated = SimulatedAws()
    me = {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/deployer"}
    simulated.answer("sts", "GetCallerIdentity", me)
    simulated.answer("cloudformation", "DescribeStacks", ABSENT)
    simulated.answer("cloudformation", "ListStackResources", ABSENT)
    return simulated


@pytest.fixture
def dev(aws):
    return Place(stage="dev", typed="dev", region="us-east-1", session=aws.session)


@pytest.fixture
def cdk(monkeypatch, tmp_path):
    """A CDK that writes down how it was run, and ends as told."""
    told, program = tmp_path / "told.json", tmp_path / "cdk"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"open({str(told)!r}, 'w').write(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]))\n"
        "sys.exit(int(os.environ.get('EXIT', 0)))\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(deployment, "cdk_cli", lambda: program)
    return lambda: json.loads(told.read_text()) if told.exists() else None


def run_deploy(monkeypatch, place, findings, **options):
    monkeypatch.setattr(deploy, "find_place", lambda _: place)
    monkeypatch.setattr(deploy, "examine", lambda _: findings)
    said = io.StringIO()
    given = Namespace(**{"anyway": False, "cdk": [], **options})
    return deploy.run(given, Console(file=said, width=200)), said.getvalue()


BAD = wrong("0 of 15 needed", follows="no call is answered", do="ask for more")


def test_nothing_is_deployed_where_something_is_in_the_way(monkeypatch, capsys, dev, cdk):
    """Ten minutes later the same would have been said by a rollback."""
    code, said = run_deploy(monkeypatch, dev, [BAD])

    assert (code, cdk()) == (1, None)
    assert "ask for more" in said
    assert "scripts/deploy dev --anyway" in capsys.readouterr().out


def test_the_cdk_runs_with_its_own_questions(monkeypatch, dev, cdk):
    """Nobody but the deployer says yes to wider rights: `--require-approval` is left at what the CDK has."""
    code, said = run_deploy(monkeypatch, dev, [fine("there")])

    words, folder, environment = cdk()
    assert (code, words) == (0, ["deploy", "--all", "--context", "stage=dev"])
    assert folder == str(deployment.ROOT)
    assert environment["CDK_DISABLE_CLI_TELEMETRY"] == "true"
    assert "scripts/call dev" in said


def test_whoever_knows_better_goes_on(monkeypatch, dev, cdk):
    """A quota that was raised a minute ago, and a pipeline that nobody can ask."""
    options = deploy.parse_arguments(["dev", "--anyway", "--", "--require-approval", "never"])

    code, _ = run_deploy(monkeypatch, dev, [BAD], anyway=options.anyway, cdk=options.cdk)

    assert code == 0
    assert cdk()[0][-2:] == ["--require-approval", "never"]


def test_a_deployment_that_fails_says_how_to_go_on(monkeypatch, dev, cdk):
    """The CDK has said why."""
    monkeypatch.setenv("EXIT", "3")

    with pytest.raises(CdkError, match=r"exit code 3.*Run this again"):
        run_deploy(monkeypatch, dev, [fine("there")])
    assert cdk()


def test_an_embedded_cloud_is_deployed_to_as_before(monkeypatch, dev, cdk):
    """With its own variables and knobs, and without a question: its roles are nobody's."""
    told = []

    class Recorded:
        def __init__(self, folder, environment, _progress):
            told.append((folder.is_dir(), environment))

        def deploy(self, stage, overrides):
            told.append((stage, overrides))

    monkeypatch.setattr(deployment, "Cdk", Recorded)
    variables, knobs = {"AWS_REGION": "us-east-1"}, {"door": {"concurrency": 3}}
    place = replace(dev, services_url="http://localhost:1", environment=variables, overrides=knobs)

    deployment.deploy(place, [], print)

    assert told == [(True, variables), ("dev", knobs)]
    assert cdk() is None


def test_an_embedded_cloud_takes_no_words_for_the_cdk():
    """It asks nothing that could be answered."""
    with pytest.raises(SystemExit) as left:
        deploy.parse_arguments(["--embedded", "--", "--require-approval", "never"])
    assert left.value.code == 2


@pytest.fixture
def there(aws):
    """One stack, and a note of whether somebody deleted it."""
    deleted = []
    stack = {
        "StackId": "x",
        "StackName": "Hotline-dev-Turn",
        "CreationTime": 0,
        "StackStatus": "UPDATE_COMPLETE",
    }

    def describe(params):
        if "Turn" in params["StackName"]:
            return {"Stacks": [stack]}
        return ABSENT

    aws.answer("cloudformation", "DescribeStacks", describe)
    aws.answer("cloudformation", "DeleteStack", lambda params: deleted.append(params["StackName"]) or {})
    return deleted


@pytest.mark.parametrize(
    ("yes", "typed", "said"),
    [
        (None, "prod", "'prod' is not 'dev'; nothing was deleted"),
        (None, "", "'' is not 'dev'; nothing was deleted"),
        (None, None, "add `--yes dev`"),
        ("prod", None, "--yes names 'prod' and the stage is 'dev'; nothing was deleted"),
    ],
)
def test_a_stage_that_was_not_named_is_not_deleted(type_it, there, yes, typed, said):
    """One letter lies between some stages; `y` lies on every keyboard."""
    code, error = type_it(yes, typed)

    assert code == 2
    assert said in error
    assert there == []


@pytest.fixture
def type_it(monkeypatch, capsys, dev):
    """Run `scripts/destroy dev`, with somebody at the terminal or nobody; return exit code and standard error."""

    def run(yes, typed):
        monkeypatch.setattr(destroy, "find_place", lambda _: dev)
        monkeypatch.setattr(sys, "argv", ["destroy", "dev", *(["--yes", yes] if yes else [])])
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        monkeypatch.setattr("builtins.input", lambda _question: typed)
        return destroy.main(), capsys.readouterr().err

    return run


class Terminal(io.StringIO):
    """Somebody who types, or nobody."""

    def __init__(self, typed):
        super().__init__(typed or "")
        self._is_there = typed is not None

    def isatty(self):
        return self._is_there


@pytest.mark.parametrize("stage", ["old", "dev"])
def test_a_stage_that_is_not_where_cdk_json_says_can_be_named_with_its_region(stage):
    """Its stacks outlive its entry, and stay where they are when the entry moves."""
    options = destroy.parse_arguments([stage, "--region", "us-west-2"])
    place = destroy._place(options)

    assert (place.stage, place.region, place.regions) == (stage, "us-west-2", ("us-west-2", "us-east-1"))


@pytest.mark.parametrize("words", [["nowhere"], ["../x", "--region", "us-west-2"]])
def test_a_stage_that_nobody_knows_makes_no_sense(monkeypatch, capsys, words):
    """Exit code 2, and nothing was asked."""
    monkeypatch.setattr(sys, "argv", ["destroy", *words])

    assert destroy.main() == 2
    assert "no" in capsys.readouterr().err


def test_credentials_that_aws_does_not_take_are_said(monkeypatch, capsys, aws, dev):
    """Before anybody types a name."""
    aws.answer("sts", "GetCallerIdentity", "ExpiredToken")
    monkeypatch.setattr(destroy, "find_place", lambda _: dev)
    monkeypatch.setattr(sys, "argv", ["destroy", "dev"])

    assert destroy.main() == 1
    assert "aws sso login" in capsys.readouterr().err


def test_a_stage_that_is_not_there_is_no_fault(monkeypatch, capsys, dev):
    """Nobody is asked, and the exit code is that of a stage that went."""
    monkeypatch.setattr(destroy, "find_place", lambda _: dev)
    monkeypatch.setattr(sys, "argv", ["destroy", "dev", "--json"])

    assert destroy.main() == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["gone"], told["failed"], told["not_tried"]) == ([], {}, [])
