import pytest

from turn.errors import TurnSettingsError
from turn.external import CloudflareIceServers, StaticIceServers, TwilioIceServers
from turn.fallback import FallbackIceServers
from turn.managed import ManagedIceServers
from turn.settings import CoturnSettings, ExternalTurnSettings, ManagedTurnSettings
from turn.shared_secret import SharedSecretIceServers
from turn.sources import ice_servers_from

SECRET_ARN = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:relays-AbCdEf"
MANAGED = ManagedTurnSettings(channel_arns=("arn:aws:kinesisvideo:eu-north-1:1:channel/a/1",))
COTURN = CoturnSettings(addresses=("192.0.2.1",), realm="turn.example", secret_arn=SECRET_ARN)


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        (MANAGED, ManagedIceServers),
        (COTURN, SharedSecretIceServers),
        (ExternalTurnSettings(provider="cloudflare", secret_arn=SECRET_ARN), CloudflareIceServers),
        (ExternalTurnSettings(provider="twilio", secret_arn=SECRET_ARN), TwilioIceServers),
        (ExternalTurnSettings(provider="static", secret_arn=SECRET_ARN), StaticIceServers),
    ],
)
def test_every_kind_of_settings_has_its_source(settings, source):
    """What a stack can deploy, the door can use."""
    assert type(ice_servers_from(settings)) is source


def test_a_fallback_is_asked_in_order():
    """The deployer's order is the order of asking."""
    source = ice_servers_from(MANAGED, fallback=[COTURN])

    assert isinstance(source, FallbackIceServers)
    assert [type(one) for one in source._sources] == [ManagedIceServers, SharedSecretIceServers]


def test_an_unknown_provider_is_refused_by_name():
    """A typing error in a variable is found at the start, not at the first call."""
    with pytest.raises(TurnSettingsError, match="'xirsys' is no provider"):
        ice_servers_from(ExternalTurnSettings(provider="xirsys", secret_arn=SECRET_ARN))
