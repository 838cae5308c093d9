# Turns a fresh Ubuntu 24.04 instance into a relay.  The stack puts the variables below in front of this
# text, and its neighbours into /etc/hotline/; the result is the instance's user data, so it holds no secret.
#
#   AWS_DEFAULT_REGION SECRET_ARN REALM RELAY_PORTS_FIRST RELAY_PORTS_LAST TOTAL_QUOTA
set -euo pipefail
umask 077

apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends coturn nftables python3-boto3
systemctl stop coturn

METADATA=http://169.254.169.254/latest
TOKEN=$(curl --fail --silent --show-error --max-time 3 --retry 5 --request PUT "$METADATA/api/token" \
  --header 'X-aws-ec2-metadata-token-ttl-seconds: 300')
metadata() {
  curl --fail --silent --show-error --max-time 3 --retry 5 \
    --header "X-aws-ec2-metadata-token: $TOKEN" "$METADATA/meta-data/$1"
}

PRIVATE_IP=$(metadata local-ipv4)
INSTANCE_ID=$(metadata instance-id)
ADDRESS_ID=$(metadata tags/instance/hotline-address-id)
PUBLIC_IP=$(metadata tags/instance/hotline-address)
# Without a certificate the relay offers plain TCP on port 443 instead of TLS.
CERTIFICATE=
PRIVATE_KEY=
export PRIVATE_IP PUBLIC_IP INSTANCE_ID ADDRESS_ID CERTIFICATE PRIVATE_KEY

# Take the address that belongs to this relay, also from a predecessor that is being replaced, then write
# the configuration.  The secret goes from the API into the file: no command line, no environment, no log.
python3 - <<'PYTHON'
import os
import sys
from pathlib import Path

import boto3

sys.path.insert(0, "/etc/hotline")
from render import render

boto3.client("ec2").associate_address(
    AllocationId=os.environ["ADDRESS_ID"], InstanceId=os.environ["INSTANCE_ID"], AllowReassociation=True
)
secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_ARN"])["SecretString"]
values = {**os.environ, "SECRET": secret}
for template, target in (("turnserver.conf", "/etc/turnserver.conf"), ("host.nft", "/etc/nftables.conf")):
    Path(target).write_text(render(Path("/etc/hotline", template).read_text(), values))
PYTHON
chown root:turnserver /etc/turnserver.conf
chmod 640 /etc/turnserver.conf
# As a service, because updates reboot the instance and this script runs only once.
systemctl enable nftables
systemctl restart nftables

# Port 443 without root.
mkdir -p /etc/systemd/system/coturn.service.d
printf '[Service]\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n' > /etc/systemd/system/coturn.service.d/port.conf
systemctl daemon-reload
systemctl enable --now coturn
