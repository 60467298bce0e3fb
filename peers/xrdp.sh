#!/usr/bin/env bash
# xrdp.sh DIR: a private xrdp and sesman, in namespaces of their own (pid, mount, uts, ipc, and net unless
# XRDP_NET=host). Users, /etc, /home, /run, /tmp and logs are private; nothing of the machine's own xrdp is
# touched, and nothing is left when it ends. Needs root.
#
# It lives as long as its standard input stays open: close it (or kill -9 this process) and all is gone.
# SIGTERM and SIGINT are ignored by unshare. It prints "ready" or "failed REASON" (other lines may come
# before), and then runs commands: a line "TOKEN COMMAND" is answered by the command's output, a line feed,
# and a line "TOKEN EXITSTATUS". Seen from outside, its only child is the first process inside:
# /proc/CHILD/root shows the private files, nsenter -t CHILD -a enters.
#
# DIR is absolute, short (a unix socket's path holds 107 characters), and not below /etc, /home, /mnt, /run
# or /var/log, which are hidden inside.
#
#   XRDP_NET          private (default) or host
#   XRDP_LISTEN       unix (default: DIR/rdp.sock, 0660) or a TCP port
#   XRDP_GROUP        group id that may open DIR/rdp.sock (default 0)
#   XRDP_SECURITY     security_layer: rdp (default), tls, negotiate
#   XRDP_CRYPT        crypt_level: none (default), low, medium, high, fips
#   XRDP_SESMAN_PORT  3350
#   XRDP_DISPLAY      first X display, 10
#   XRDP_USERS        lines NAME:PASSWORD
#   XRDP_HOOK         the ostiary-logon executable; with it, every logon asks XRDP_HOOK_SOCKET
#   XRDP_HOOK_SOCKET  the session host's logon socket; its folder must exist, the socket need not yet
#   XRDP_EXTRA        shell commands that change the private /etc before the start
set -euo pipefail

fail() { echo "failed $*"; exit 1; }

[ $# = 1 ] || fail "usage: xrdp.sh DIR"
dir=$1
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || fail "a private xrdp needs root"
case $dir in
  /etc/* | /home/* | /mnt/* | /run/* | /var/log/* | /var/run/*) fail "$dir is hidden inside" ;;
  /*) ;;
  *) fail "$dir is not an absolute path" ;;
esac
[ ${#dir} -le 98 ] || fail "$dir/rdp.sock is longer than a unix socket's 107 characters"
[ -d "$dir" ] || fail "$dir is not a folder"
case ${XRDP_NET:-private} in
  private) net=--net ;;
  host) net= ;;
  *) fail "XRDP_NET is private or host" ;;
esac

# The inner script is given as an open file: its path may be hidden inside.
exec 9<"$here/xrdp-inside.sh"
exec unshare --mount $net --pid --ipc --uts --fork --kill-child=KILL --mount-proc bash /dev/fd/9 "$dir"
