# The inner half of xrdp.sh: first process of the pid namespace. $1 is DIR, the rest comes by environment.
set -euo pipefail
dir=$1
exec 9<&-
fail() { echo "failed $*"; exit 1; }
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
for name in "${!XRDP_@}"; do export -n "$name"; done # for this shell alone: no session inherits passwords or paths

# A tmpfs on /mnt carries everything that is private; it goes with the mount namespace.
private=/mnt
mount -t tmpfs -o mode=755 tmpfs $private
mkdir $private/{etc,work,run,log,home}
mkdir -m 1777 $private/tmp

# What may be hidden by the mounts below is brought in first.
if [ -n "${XRDP_HOOK:-}" ]; then
  install -m 755 "$XRDP_HOOK" $private/run/ostiary-logon
  mkdir $private/run/logon
  mount --bind "$(dirname "$XRDP_HOOK_SOCKET")" $private/run/logon
fi
case $dir in
  /tmp/*)
    mkdir -p "$private$dir"
    mount --bind "$dir" "$private$dir"
    ;;
esac

mount -t overlay overlay -o lowerdir=/etc,upperdir=$private/etc,workdir=$private/work /etc
mount --bind $private/log /var/log
mount --bind $private/home /home
mount --rbind $private/run /run
mount --rbind $private/tmp /tmp
mkdir -m 1777 /tmp/.X11-unix
[ "${XRDP_NET:-private}" = host ] || ip link set lo up
hostname xrdphost

while IFS=: read -r name password; do
  [ -n "$name" ] || continue
  useradd --create-home --shell /bin/bash "$name" || fail "no user $name"
  echo "$name:$password" | chpasswd
done <<<"${XRDP_USERS:-}"

case ${XRDP_LISTEN:-unix} in
  unix) port=unix://.$dir/rdp.sock ;;
  *) port=tcp://.:$XRDP_LISTEN ;;
esac
if [ "${XRDP_SECURITY:-rdp}" != rdp ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=xrdp.test \
    -keyout /etc/xrdp/key.pem -out /etc/xrdp/cert.pem 2>/dev/null
fi
sed -i \
  -e "s#^port=3389#port=$port#" \
  -e "s#^security_layer=.*#security_layer=${XRDP_SECURITY:-rdp}#" \
  -e "s#^crypt_level=.*#crypt_level=${XRDP_CRYPT:-none}#" \
  -e 's#^certificate=.*#certificate=/etc/xrdp/cert.pem#' \
  -e 's#^key_file=.*#key_file=/etc/xrdp/key.pem#' \
  -e 's#^autorun=.*#autorun=Xorg#' \
  -e 's#^EnableSyslog=.*#EnableSyslog=false#' \
  -e 's#^LogFile=.*#LogFile=/var/log/xrdp.log#' /etc/xrdp/xrdp.ini
sed -i \
  -e 's#^EnableUserWindowManager=.*#EnableUserWindowManager=false#' \
  -e 's#^DefaultWindowManager=.*#DefaultWindowManager=/etc/xrdp/desktop.sh#' \
  -e 's#^EnableSyslog=.*#EnableSyslog=false#' \
  -e 's#^LogFile=.*#LogFile=/var/log/xrdp-sesman.log#' \
  -e "s#^ListenPort=.*#ListenPort=${XRDP_SESMAN_PORT:-3350}#" \
  -e "s#^X11DisplayOffset=.*#X11DisplayOffset=${XRDP_DISPLAY:-10}#" /etc/xrdp/sesman.ini
cat >/etc/xrdp/desktop.sh <<'DESKTOP'
#!/bin/sh
xsetroot -solid '#336699'
# A terminal that comes up while the window manager takes over may never be shown: it is started when that is done.
exec openbox --startup xterm
DESKTOP
chmod 755 /etc/xrdp/desktop.sh
if [ -n "${XRDP_HOOK:-}" ]; then
  sed -i "s#^@include common-account#&\naccount required pam_exec.so quiet stdout /run/ostiary-logon pam /run/logon/$(basename "$XRDP_HOOK_SOCKET")#" \
    /etc/pam.d/xrdp-sesman
  grep -q '^account required pam_exec.so' /etc/pam.d/xrdp-sesman || fail "no account phase in /etc/pam.d/xrdp-sesman"
fi
eval "${XRDP_EXTRA:-}"

sh /usr/share/xrdp/socksetup
# pam_exec closes every descriptor up to the hard limit before it starts a hook: with 20,000 that is 20 ms of each logon.
(
  ulimit -n 4096 2>/dev/null || true
  exec /usr/sbin/xrdp-sesman -n
) </dev/null >/var/log/sesman.out 2>&1 &
/usr/sbin/xrdp -n </dev/null >/var/log/xrdp.out 2>&1 &
xrdp=$!

listening() {
  grep -q xrdp_listen_pp.done /var/log/xrdp.log 2>/dev/null \
    && grep -qi "$(printf ':%04X 0*:0000 0A' "${XRDP_SESMAN_PORT:-3350}")" /proc/net/tcp /proc/net/tcp6
}
for _ in $(seq 200); do
  listening && break
  kill -0 $xrdp 2>/dev/null || fail "xrdp ended: $(tail -n 3 /var/log/xrdp.log /var/log/xrdp.out 2>&1 | tr '\n' ' ')"
  sleep .05
done
listening || fail "xrdp or sesman is not listening after 10 s"
cp /etc/xrdp/xrdp.ini "$dir/xrdp.ini" # for whoever looks after the session host
chmod 644 "$dir/xrdp.ini"
if [ "${XRDP_LISTEN:-unix}" = unix ]; then
  chgrp "${XRDP_GROUP:-0}" "$dir/rdp.sock"
  chmod 660 "$dir/rdp.sock"
fi

trap - ERR
set +e
echo ready
while read -r token command; do
  (eval "$command") </dev/null 2>&1
  printf '\n%s %d\n' "$token" $?
done
