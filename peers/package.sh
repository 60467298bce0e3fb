#!/usr/bin/env bash
# package.sh DEB [DEBIAN]: shows that the package sets a machine up and takes itself away again, from a clean Debian 12.
#
# DEBIAN is the folder of a debootstrap (made there when it is not there; default: artifacts/package/debian); nothing in it is changed: all of it happens in
# an overlay, in namespaces of their own, on a network of its own once the packages are there. systemd does not run there, so the services are started by the
# ExecStart lines of their units, with the units' users and capabilities.
#
#   clean Debian -> apt-get install xrdp and DEB -> roles install -> root ceremony, activation, key pack, invitation -> a real xfreerdp sees the desktop,
#   first on a temporary, then on a permanent CAL -> roles remove: xrdp's and PAM's files are byte for byte as they were.
#
# Needs root, debootstrap, a Debian mirror, and xfreerdp, Xvfb and imagemagick of the machine. Exit 0: all of that was so. Exit 77: there is no such mirror, or
# no overlay can be mounted here, so that nothing could be tried; it says which.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
say() { printf '\n== %s\n' "$*"; }
# not_here WHY: nothing of ours was tried.
not_here() {
  echo "package.sh: not tried: $*" >&2
  exit 77
}
die() {
  echo "package.sh: $*" >&2
  exit 1
}

if [ "${OSTIARY_STAGE:-}" = "" ]; then
  [ $# -ge 1 ] && [ -f "$1" ] || die "usage: package.sh DEB [DEBIAN]"
  [ "$(id -u)" = 0 ] || die "needs root"
  deb=$(realpath "$1")
  debian=$(realpath -m "${2:-$here/../artifacts/package/debian}")
  if [ ! -e "$debian/etc/debian_version" ]; then
    say "debootstrap into $debian"
    mkdir -p "$debian"
    debootstrap --variant=minbase bookworm "$debian" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$debian.log" 2>&1 || {
      tail -n 5 "$debian.log"
      rm -rf "$debian"
      not_here "debootstrap could not make a Debian"
    }
  fi
  scratch=$(mktemp -d /tmp/ostiary-package.XXXX)
  trap 'rm -rf "$scratch"' EXIT
  OSTIARY_STAGE=packages unshare --mount bash "$here/package.sh" "$deb" "$debian" "$scratch"
  exit
fi

deb=$1 debian=$2 scratch=$3
root=$scratch/root

if [ "$OSTIARY_STAGE" = packages ]; then
  mkdir -p "$root" "$scratch/over"
  mount -t tmpfs tmpfs "$scratch/over"
  mkdir "$scratch/over/up" "$scratch/over/work"
  mount -t overlay overlay -o lowerdir="$debian",upperdir="$scratch/over/up",workdir="$scratch/over/work" "$root" || not_here "no overlay can be mounted"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # No service starts by itself.
  chmod 755 "$root/usr/sbin/policy-rc.d"
  cp "$deb" "$root/tmp/"
  say "apt-get install: xrdp, a small desktop, $(basename "$deb")"
  # The machine's own sources and proxy, where it has some.
  cp /etc/apt/apt.conf.d/*proxy* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
  chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C bash -c "
    apt-get -qq update && apt-get -qq install -y --no-install-recommends xrdp xorgxrdp openbox xterm x11-xserver-utils xauth dbus-x11" >"$scratch/apt.log" 2>&1 </dev/null || {
    tail -n 20 "$scratch/apt.log"
    not_here "Debian's own packages could not be installed"
  }
  chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq install -y --no-install-recommends "/tmp/$(basename "$deb")" >"$scratch/apt.log" 2>&1 </dev/null || {
    tail -n 20 "$scratch/apt.log"
    die "apt-get failed"
  }
  trap 'echo "package.sh: line $LINENO: $BASH_COMMAND" >&2' ERR
  grep "roles install" "$scratch/apt.log" || die "the package does not say how to go on"
  OSTIARY_STAGE=run exec unshare --net --pid --ipc --uts --fork --kill-child=KILL bash "$here/package.sh" "$deb" "$debian" "$scratch"
fi

trap 'echo "package.sh: line $LINENO: $BASH_COMMAND" >&2' ERR
# -- first process of the pid namespace: with it everything ends ---------------------------------------------------
umount "$root/proc"
mount -t proc proc "$root/proc"
mount -t proc proc /proc
ip link set lo up
hostname xrdphost
echo "127.0.0.1 localhost xrdphost" >"$root/etc/hosts"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C TERM=dumb "$@"; }
# The same for a background job: its pid is the program's own, so that ending it ends the program.
become() { exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C TERM=dumb "$@"; }
await() {
  local what=$1 end=$((SECONDS + 120))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || {
      tail -n 25 "$scratch"/*.out "$root"/var/log/xrdp*.log 2>/dev/null || true
      die "it is not so that $what"
    }
    sleep .3
  done
}

# start UNIT: by its ExecStart line, with its user, folders and capabilities.
declare -A started=()
start() {
  local unit=$1 file=$root/etc/systemd/system/$1.service user exec folder
  [ -f "$file" ] || die "there is no unit $unit"
  user=$(sed -n 's/^User=//p' "$file")
  exec=$(sed -n 's/^ExecStart=//p' "$file")
  for folder in $(sed -n 's/^RuntimeDirectory=//p' "$file"); do inside install -d -m "$(sed -n 's/^RuntimeDirectoryMode=//p' "$file")" "/run/$folder"; done
  for folder in $(sed -n 's/^StateDirectory=//p' "$file"); do inside install -d -m 700 -o "$user" -g "$user" "/var/lib/$folder"; done
  local bounding=-all capability
  for capability in $(sed -n 's/^CapabilityBoundingSet=//p' "$file"); do bounding+=,+$(tr 'A-Z' 'a-z' <<<"${capability#CAP_}"); done
  echo "   $unit: $exec (as ${user:-root}, capabilities $bounding)"
  local identity=()
  [ -z "$user" ] || identity=(--reuid "$user" --regid "$user" --init-groups)
  # shellcheck disable=SC2086 # The line is words, as systemd reads it.
  # As Restart=on-failure does.
  (
    trap 'kill $program 2>/dev/null; wait $program; exit 0' TERM
    while :; do
      (trap - ERR TERM && become setpriv "${identity[@]}" --no-new-privs --bounding-set=$bounding $exec) &
      program=$!
      wait $program && break
      sleep 2
    done
  ) </dev/null >"$scratch/$unit.out" 2>&1 &
  started[$unit]=$!
}
stop() {
  local unit child
  for unit in "$@"; do
    kill "${started[$unit]}"
    wait "${started[$unit]}" || true
  done
}
start_xrdp() {
  inside sh /usr/share/xrdp/socksetup
  (ulimit -Sn 1024 && ulimit -Hn 16384 && become /usr/sbin/xrdp-sesman -n) </dev/null >"$scratch/sesman.out" 2>&1 &
  started[sesman]=$!
  (become setpriv --reuid xrdp --regid xrdp --init-groups /usr/sbin/xrdp -n) </dev/null >"$scratch/xrdp.out" 2>&1 &
  started[xrdp]=$!
}

say "the machine as its owner has it"
sed -i -e 's/^autorun=.*/autorun=Xorg/' "$root/etc/xrdp/xrdp.ini"
sed -i -e 's#^EnableUserWindowManager=.*#EnableUserWindowManager=false#' -e 's#^DefaultWindowManager=.*#DefaultWindowManager=/etc/xrdp/desktop.sh#' "$root/etc/xrdp/sesman.ini"
printf '#!/bin/sh\nxsetroot -solid "#336699"\nexec openbox --startup xterm\n' >"$root/etc/xrdp/desktop.sh"
chmod 755 "$root/etc/xrdp/desktop.sh"
password=$(openssl rand -hex 8)
inside useradd --create-home --shell /bin/bash demo
echo "demo:$password" | inside chpasswd
# Every file below /etc, with its mode, owner and content, and who is there.
picture() (
  cd "$root/etc"
  shopt -s nullglob
  for folder in xrdp pam.d systemd/system tmpfiles.d sysusers.d ostiary; do
    [ ! -d "$folder" ] || find "$folder" -printf '%p %M %u:%g %l\n' -type f -exec sha256sum {} +
  done | sort
)
# Who is there.
people() { cut -d: -f 1 "$root/etc/passwd" "$root/etc/group"; }
people >"$scratch/people"
picture >"$scratch/before"
cp "$root/etc/xrdp/xrdp.ini" "$scratch/xrdp.ini"
cp "$root/etc/pam.d/xrdp-sesman" "$scratch/pam"

say "roles install: what is missing is said"
mv "$root/etc/pam.d/xrdp-sesman" "$scratch/away"
! inside ostiary roles install session-host >"$scratch/missing" || die "a machine without xrdp's PAM file was set up"
grep -q 'MISSING' "$scratch/missing" && grep -q 'apt-get install' "$scratch/missing" || die "what is missing is not said: $(cat "$scratch/missing")"
mv "$scratch/away" "$root/etc/pam.d/xrdp-sesman"

say "roles install clearinghouse, and its root ceremony"
inside ostiary roles install clearinghouse
inside install -d -m 700 -o ostiary-clearinghouse -g ostiary-clearinghouse /media/root-key
inside setpriv --reuid ostiary-clearinghouse --regid ostiary-clearinghouse --init-groups ostiary clearinghouse init --publisher Shown --root /media/root-key
inside install -D -m 644 /media/root-key/root.pem /srv/root.pem
start ostiary-signer
await "the signer listens" test -S "$root/var/lib/ostiary/signer/signer.sock"
start ostiary-clearinghouse
await "the clearinghouse answers" inside ostiary keys list

say "roles install license-server session-host"
inside ostiary roles install license-server session-host \
  --set LicenseServer:Listen=127.0.0.1:7402 --set LicenseServer:Clearinghouse=https://127.0.0.1:7401 --set LicenseServer:RootFile=/srv/root.pem
inside ostiary roles install session-host # Again: nothing is other than before.
inside ostiary roles list
start ostiary-license-server
start ostiary-kernel
await "the kernel helper listens" test -S "$root/run/ostiary/kernel.sock"
start_xrdp
await "xrdp listens on its socket" test -S "$root/run/ostiary-rdp/rdp.sock"
[ "$(ss -Hltn 'sport = :3389' | wc -l)" = 0 ] || die "xrdp still listens on TCP"
folder=$(inside stat -c '%A %U %G' /run/ostiary-rdp)
[ "$folder" = "drwxr-s--- xrdp ostiary-session-host" ] || die "the socket's folder is open: $folder"
! inside setpriv --reuid demo --regid demo --init-groups test -r /run/ostiary-rdp/rdp.sock || die "a user of the machine reaches xrdp around the gateway"
start ostiary-session-host

say "activate, install a key pack, join"
await "the license server answers" inside ostiary server status
inside ostiary server activate --first-name Ada --last-name Lovelace --company Shown --country CA
key=$(inside ostiary keys mint --quantity 2 --json | jq -r '.keys[0].productKey')
inside ostiary packs install "$key"
await "the session host answers" inside ostiary sessions list
inside ostiary hosts join "$(inside ostiary hosts invite --json | jq -r .invitation)"
inside ostiary policy show

# connect: a real client of the machine, until the desktop is there; then its pid is $client.
mkdir "$scratch/home"
Xvfb -displayfd 5 -screen 0 1024x768x24 -nolisten tcp 5>"$scratch/display" >"$scratch/xvfb.out" 2>&1 &
await "Xvfb starts" test -s "$scratch/display"
screen=:$(cat "$scratch/display")
desktop() {
  [ "$(DISPLAY=$screen import -window root -depth 8 ppm:- | convert ppm:- -fill black +opaque '#336699' -fill white -opaque '#336699' -format '%[fx:mean > 0.33]' info:)" = 1 ]
}
connect() {
  DISPLAY=$screen HOME=$scratch/home xfreerdp /v:127.0.0.1:3389 /u:demo /p:"$password" /client-hostname:KIOSK-1 /cert:ignore /size:1024x768 /bpp:32 >"$scratch/client.out" 2>&1 </dev/null &
  client=$!
  await "the desktop appears" desktop
}
cal() { inside ostiary cals list --json | jq -e --arg status "$1" 'any(.items[]; .device == "KIOSK-1" and .status == $status)'; }

say "a real client, without a CAL"
connect
await "KIOSK-1 holds a temporary CAL over which demo has logged on" cal temporary
kill $client
wait $client || true
say "again"
connect
await "KIOSK-1 holds a permanent CAL" cal active
inside ostiary sessions list
inside ostiary policy update --force --role session-host
kill -0 $client && desktop || die "a policy update has ended the session"
kill $client
wait $client || true

say "roles remove"
stop ostiary-session-host ostiary-kernel ostiary-license-server ostiary-clearinghouse ostiary-signer xrdp sesman
! inside dpkg --remove ostiary >"$scratch/dpkg" 2>&1 || die "the package goes while xrdp is behind the gateway"
inside ostiary roles remove session-host license-server clearinghouse
cmp "$scratch/xrdp.ini" "$root/etc/xrdp/xrdp.ini"
cmp "$scratch/pam" "$root/etc/pam.d/xrdp-sesman"
picture >"$scratch/after"
diff "$scratch/before" "$scratch/after" || die "something is other than before"
[ -e "$root/var/lib/ostiary/license-server/license-server.key" ] || die "the state is gone"
inside ostiary roles remove session-host license-server clearinghouse --purge
[ ! -e "$root/var/lib/ostiary" ] || die "--purge leaves something: $(find "$root/var/lib/ostiary")"
people | diff "$scratch/people" - || die "--purge leaves users"
picture | diff "$scratch/before" - || die "--purge leaves files"
inside dpkg --remove ostiary
say "xrdp alone, as before"
start_xrdp
await "xrdp listens on TCP" bash -c '[ -n "$(ss -Hltn "sport = :3389")" ]'
say "shown: installed, activated, admitted, removed"
