# try: what ./run try does once everything runs; sourced by it. Uses its $ostiary, $port, $password, $short, $keep,
# $scratch and $log, and its functions.

try() {
  local device home screen stored
  device=try-$(openssl rand -hex 3)
  home=$scratch/home
  start_screen
  mkdir -p "$home"

  tail -n +1 -f --pid=$$ "$log" 8>&- > >(grep --line-buffered -iE "$steps" | sed -u 's/^/    | /') &
  following=$!

  say "1. $device connects for the first time, without a CAL"
  connect "$device" "$home" "$screen"
  await 20 "$log" "$device holds a temporary CAL over which demo has logged on" has_cal "$device" temporary
  "$ostiary" cals list --state "$short"
  stored=$(stored_license "$home")
  say "   the client stored a temporary CAL"
  show_license "$stored"
  cp "$stored" "$scratch/temporary"
  disconnect

  say "2. it connects again, with that CAL"
  connect "$device" "$home" "$screen"
  await 20 "$log" "$device holds a permanent CAL" has_cal "$device" active
  "$ostiary" cals list --state "$short"
  stored=$(stored_license "$home")
  ! cmp -s "$stored" "$scratch/temporary" || die "the client still stores the temporary CAL"
  cp "$stored" "$keep/permanent.pem"
  say "   the client stored the permanent CAL (a copy: $keep/permanent.pem)"
  show_license "$stored"
  DISPLAY=$screen import -window root "$PWD/.run/desktop.png"
  disconnect

  say "3. the desktop that it saw: $PWD/.run/desktop.png"
}

# Which lines of the roles' log are licensing steps.
steps='licens|\bCAL\b|logon|challenge|activat|key pack'

say() { printf '\n%s\n' "$*"; }

# Starts a screen and sets $screen to its name.
start_screen() {
  leashed "$scratch/screen" "$PWD/peers/leash.sh" Xvfb -displayfd 1 -screen 0 1024x768x24 -nolisten tcp
  await 15 "$scratch/screen" "Xvfb starts" grep -qE '^[0-9]+$' "$scratch/screen"
  screen=:$(grep -E '^[0-9]+$' "$scratch/screen")
}

# connect DEVICE HOME SCREEN: a real client, until its desktop is there.
connect() {
  client_log=$scratch/client.log
  leashed "$client_log" env DISPLAY="$3" HOME="$2" "$PWD/peers/leash.sh" xfreerdp \
    /v:127.0.0.1:"$port" /u:demo /p:"$password" /client-hostname:"$1" /cert:ignore /size:1024x768 /bpp:32
  client=$!
  await 40 "$client_log" "the desktop appears" shows_desktop "$3"
}

# The end of the client alone: its pid is the leash's only other child.
disconnect() {
  local child
  for child in $(cat "/proc/$client/task/$client/children"); do
    [ "$(cat "/proc/$child/comm" 2>/dev/null)" != xfreerdp ] || kill "$child"
  done
  wait "$client" || true # xfreerdp's status on SIGTERM says nothing.
  unset 'running[-1]'
}

# More than a third of the screen in the colour of the desktop.
shows_desktop() {
  local share
  share=$(DISPLAY=$1 import -window root -depth 8 ppm:- \
    | convert ppm:- -fill black +opaque '#336699' -fill white -opaque '#336699' -format '%[fx:mean > 0.33]' info:)
  [ "$share" = 1 ]
}

# has_cal DEVICE STATUS: as the license server's own list says.
has_cal() {
  "$ostiary" cals list --state "$short" --json \
    | jq -e --arg device "$1" --arg status "$2" 'any(.items[]; .device == $device and .status == $status)' >/dev/null
}

stored_license() {
  local files=("$1"/.config/freerdp/licenses/*.cal)
  [ ${#files[@]} = 1 ] && [ -s "${files[0]}" ] || die "the client has stored no license in $1/.config/freerdp/licenses"
  echo "${files[0]}"
}

# show_license FILE: openssl's view of it, and that it leads to the published root.
show_license() {
  local root_certificate=$short/root/root.pem
  echo "   file      $1"
  openssl x509 -in "$1" -noout -subject -issuer -serial -dates | sed 's/^/   /'
  openssl verify -no-CApath -CAfile "$root_certificate" -untrusted "$1" "$1" | sed "s|^.*: |   verified against $root_certificate: |" \
    || die "openssl does not verify $1"
}
