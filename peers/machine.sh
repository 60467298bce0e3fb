# What ./run and ./test share; to be sourced. Needs the .NET SDK, and root or sudo.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Everything that is installed on the machine, and what for.
packages=(
  xrdp xorgxrdp                             # the RDP host behind the gateway
  dbus-x11 openbox x11-xserver-utils xauth xterm # its desktop
  freerdp2-x11 rdesktop                     # real clients
  imagemagick xdotool xvfb                  # their screens, without a screen
  slapd ldap-utils nslcd libnss-ldapd       # a directory with people, and a host that knows them
  chromium fonts-dejavu-core zbar-tools       # the pages in a browser, and a QR picture read from its pixels
  postgresql                                # the tests start clusters of their own
  openssh-server openssh-client             # a logon that is not xrdp's
  iproute2 procps util-linux                # namespaces, and a look at sockets and processes
  faketime jq openssl                       # time travel, reading JSON, a second opinion on certificates
  clang zlib1g-dev                          # compiles the logon helper to native code
  debootstrap                               # a clean Debian, to install the package on
)

note() { printf '%s\n' "$*" >&2; }

die() {
  note "$*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo env "PATH=$PATH" "DOTNET_ROOT=$DOTNET_ROOT" "$@"
  fi
}

# Native programs of .NET find their runtime by DOTNET_ROOT; nothing of a build may stay running.
prepare_dotnet() {
  local dotnet
  dotnet=$(command -v dotnet) || die "dotnet is not on the PATH: install the .NET SDK 10 first"
  DOTNET_ROOT=$(dirname "$(readlink -f "$dotnet")")
  export DOTNET_ROOT DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
  export DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
}

# Installs what is missing. No service starts, neither now nor at the next boot.
install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  note "installing with apt-get: ${missing[*]}"
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "that needs root, and there is no sudo"
  fi
  as_root bash -s -- "${missing[@]}" <<'ROOT' >&2
set -euo pipefail
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# dpkg's report of each package goes to a file that is shown only when something fails.
log=$(mktemp)
apt-get -qq install -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null || { tail -n 30 "$log"; exit 1; }
rm -f "$log"
# The package postgresql makes a cluster that nobody asked for: it does not start by itself.
for conf in /etc/postgresql/*/main/start.conf; do
  case " $* " in *" postgresql "*) [ ! -e "$conf" ] || echo manual >"$conf" ;; esac
done
for package in "$@"; do
  case $package in
    xrdp) services=(xrdp.service xrdp-sesman.service) ;;
    slapd | nslcd) services=("$package.service") ;;
    openssh-server) services=(ssh.service) ;;
    postgresql) services=(postgresql.service) ;;
    *) continue ;;
  esac
  ! command -v systemctl >/dev/null || systemctl --quiet disable "${services[@]}"
done
ROOT
}

publish_logon_helper() {
  dotnet publish "$root/src/LogonHelper" -c Release -o "$root/artifacts/logon" -v quiet
}
