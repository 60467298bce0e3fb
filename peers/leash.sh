#!/usr/bin/env bash
# leash.sh COMMAND...: runs COMMAND, and ends it with SIGTERM when standard input closes, that is, when whoever
# holds the other end is gone, however that ended; with SIGKILL when it then needs more than 15 s. Exit status:
# COMMAND's.
exec 3<&0
"$@" </dev/null 3<&- &
command=$!
(
  while read -r _; do :; done
  kill $command 2>/dev/null
  for _ in {1..150}; do sleep .1; done
  kill -KILL $command 2>/dev/null
) <&3 >/dev/null &
watcher=$!
# A terminal's Ctrl-C reaches the whole group: the end comes through standard input alone.
trap '' INT
wait $command
status=$?
kill $watcher 2>/dev/null
exit $status
