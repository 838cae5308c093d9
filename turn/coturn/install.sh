#!/bin/bash
# Runs once, at the first boot, as the end of user data, which has put relay.json into /etc/hotline and our files
# into /opt/hotline (stacks/parts/relay_user_data.py); coturn and its libraries came with the image (build.sh).
set -euo pipefail

chgrp turnserver /etc/hotline
chmod 0750 /etc/hotline
install --mode=0644 /opt/hotline/turn/coturn/units/* /etc/systemd/system/
install --mode=0644 /opt/hotline/turn/coturn/sysctl.conf /etc/sysctl.d/60-hotline.conf
sysctl --quiet --load /etc/sysctl.d/60-hotline.conf

mkdir --parents /etc/systemd/system/hotline-relay.service.d
printf '[Service]\nTimeoutStopSec=%s\n' "$DRAIN_SECONDS" > /etc/systemd/system/hotline-relay.service.d/drain.conf

# Security updates install themselves each day (the image's default).  A kernel waits for a reboot: at an hour of
# its own, so that two relays are never away together, and with the drain that every stop of the relay has.
token=$(curl --fail --silent --show-error --max-time 3 --retry 5 --request PUT \
  --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
tag() {
  curl --fail --silent --show-error --max-time 3 --retry 5 --header "X-aws-ec2-metadata-token: $token" \
    "http://169.254.169.254/latest/meta-data/tags/instance/$1"
}
cat > /etc/apt/apt.conf.d/60hotline <<END
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "$(tag hotline-reboot-time)";
END

systemctl daemon-reload
if [ "$TLS" = true ]; then
  tag hotline-name > /etc/hotline/name
  # coturn needs some certificate to begin with.  Nobody believes this one, so until the real one is there
  # callers whose network blocks UDP use another relay.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=not-yet \
    -keyout /etc/hotline/private.key -out /etc/hotline/certificate.pem
  chgrp turnserver /etc/hotline/private.key /etc/hotline/certificate.pem
  chmod 0640 /etc/hotline/private.key /etc/hotline/certificate.pem
  systemctl enable --now hotline-certificate.timer
fi
systemctl enable --now --no-block hotline-boot.service
