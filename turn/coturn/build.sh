#!/bin/bash
# Builds coturn into the image that relays boot from, on a machine that is thrown away afterwards.
#
# No distribution packages a version without known holes: Ubuntu 24.04 and Debian 12 have 4.6.1, Amazon Linux 2023
# has none.  So it is upstream's release, pinned by the hash that Arch Linux and Homebrew, who fetched it
# independently, publish for it (extra/coturn PKGBUILD 4.18.0-1; Formula/c/coturn.rb, September 2026).
# To take a newer one: change both lines, compare the hash with two packagers' likewise, deploy.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

VERSION=${VERSION:-4.18.0}
SHA256=${SHA256:-28d55294ac596fbd129b293a85e7bb1c5dc4bd15b7fb55c500f355149e5f4e28}

TOOLS=(build-essential pkg-config libevent-dev libssl-dev libsqlite3-dev)
NEEDED=(
  certbot python3-certbot-dns-route53 python3-boto3 nftables openssl curl unattended-upgrades
  libevent-2.1-7t64 libevent-core-2.1-7t64 libevent-extra-2.1-7t64 libevent-openssl-2.1-7t64 libevent-pthreads-2.1-7t64
  libsqlite3-0
)

# A new machine updates itself while we would: its timers are kept from starting, and what they have started ends first.
cloud-init status --wait || true
systemctl stop apt-daily.timer apt-daily-upgrade.timer
systemd-run --quiet --wait --property='After=apt-daily.service apt-daily-upgrade.service' /bin/true
apt-get update
apt-get --yes upgrade
apt-get --yes install --no-install-recommends "${NEEDED[@]}" "${TOOLS[@]}"

work=$(mktemp --directory)
cd "$work"
curl --fail --silent --show-error --location --proto '=https' --max-time 120 --retry 3 \
  --output coturn.tar.gz "https://github.com/coturn/coturn/archive/refs/tags/$VERSION.tar.gz"
echo "$SHA256  coturn.tar.gz" | sha256sum --check
tar --extract --gzip --file coturn.tar.gz --strip-components=1

# No databases but SQLite, no Prometheus, nothing of systemd: what is not compiled needs no care.
export TURN_NO_PROMETHEUS=1 TURN_NO_MYSQL=1 TURN_NO_PQ=1 TURN_NO_MONGO=1 TURN_NO_HIREDIS=1 TURN_NO_SYSTEMD=1
export CFLAGS='-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=3 -fPIE' LDFLAGS='-pie -Wl,-z,relro,-z,now'
./configure --prefix=/usr/local --disable-rpath
make --jobs="$(nproc)" bin/turnserver
install --mode=0755 bin/turnserver /usr/local/bin/turnserver
cd /
rm --recursive --force "$work"

useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin turnserver

# A relay has no compiler, no SSH and no timer of certbot beside ours.
apt-get --yes purge "${TOOLS[@]}" openssh-server
apt-get --yes autoremove --purge
systemctl disable --now certbot.timer
apt-get clean

# The image is no good without these.
if ldd /usr/local/bin/turnserver | grep 'not found'; then exit 1; fi
test "$(turnserver --version | grep --only-matching '[0-9.]*$' | tail --lines=1)" = "$VERSION"
python3 -c 'import boto3'
certbot plugins | grep --quiet dns-route53
