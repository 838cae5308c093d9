"""How a second terminal finds the cloud of the first."""

import json
import stat

import pytest

from scripts.calling import running
from scripts.calling.errors import NotDeployedError
from scripts.embedded.cloud import EmbeddedCloud


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "CACHE", tmp_path)
    return tmp_path


def test_the_keys_are_for_their_user_alone_and_for_no_longer_than_the_cloud(cache):
    """They open nothing but loopback, but a shared machine has other users on loopback."""
    cloud = EmbeddedCloud(base_port=4999)
    cloud.trust_file, cloud.relay_program = cache / "ca.pem", "coturn"
    path = running.running_file(4999)
    path.write_text("left by a cloud that was killed, readable by all")

    with running.announced(cloud, "embedded"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text())["environment"] == cloud.environment
    assert not list(cache.iterdir())


@pytest.mark.parametrize("content", [None, "half a fi", '{"process": 4194305}'])
def test_a_cloud_that_is_gone_is_not_dialled(cache, content):
    """A file that a killed cloud left must not lead to a connection error without a word of advice."""
    if content:
        (cache / "embedded-4999.json").write_text(content)

    with pytest.raises(NotDeployedError, match=r"running at port 4999.*scripts/local"):
        running.find_running(4999)
