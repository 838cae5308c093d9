#!/bin/bash
# Has a certificate for this relay's name issued, or renewed when it is due, and hands it to coturn.
#
# Let's Encrypt sees that the name is ours by a record in its Route 53 zone; no port has to be opened for it.
set -euo pipefail

folder=/etc/hotline
name=$(cat "$folder/name")
live=/etc/letsencrypt/live/relay

# An account without a mail address: CertificateExpiring tells, and the authority writes no more reminders.
certbot certonly --non-interactive --agree-tos --register-unsafely-without-email \
  --dns-route53 --keep-until-expiring --cert-name relay --domain "$name"

if ! cmp --silent "$live/fullchain.pem" "$folder/certificate.pem"; then
  install --owner=root --group=turnserver --mode=0640 "$live/privkey.pem" "$folder/private.key"
  install --owner=root --group=turnserver --mode=0640 "$live/fullchain.pem" "$folder/certificate.pem"
  # Read again, without ending a call.
  systemctl kill --signal=USR2 hotline-relay.service
fi
