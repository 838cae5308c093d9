"""Clients of the embedded cloud on the machine of somebody who works with AWS."""

from scripts.embedded.clients import make_session


def test_a_profile_of_the_users_changes_nothing(monkeypatch, tmp_path):
    """AWS_PROFILE is set on every deployer's machine, and may name what is not there or has other keys."""
    config = tmp_path / "config"
    config.write_text("[profile work]\nregion = eu-west-1\nendpoint_url = https://company.invalid\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    for profile in ("work", "missing"):
        monkeypatch.setenv("AWS_PROFILE", profile)
        session = make_session(region="us-east-1", access_key="key", secret="word")

        assert session.get_credentials().access_key == "key"
        assert session.client("sts").meta.region_name == "us-east-1"
        assert "company" not in session.client("sts").meta.endpoint_url
