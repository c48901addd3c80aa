#!/bin/sh
# Stands in for reboot, poweroff, halt and shutdown of a host whose init is sh/init.sh.
me=${0##*/}
action=poweroff
[ "$me" = reboot ] && action=reboot
when=now
for word in "$@"; do
  case "$word" in
    -r|--reboot) action=reboot ;;
    -h|-H|-P|--halt|--poweroff) action=poweroff ;;
    -c)
      [ -r /run/lab/shutdown.pid ] && kill "$(cat /run/lab/shutdown.pid)" 2>/dev/null
      exit 0
      ;;
    now|+[0-9]*) when=$word ;;
    -*) ;;
  esac
done
if [ "$(id -u)" != 0 ]; then
  echo "$me: must be root" >&2
  exit 1
fi
# Detached in any case: the caller's session ends before the host does, as on a real one.
minutes=${when#+}
[ "$when" = now ] && minutes=0
setsid sh -c 'echo $$ > /run/lab/shutdown.pid; [ "$1" = 0 ] && sleep 0.2 || sleep "$(($1 * 60))"; echo "$2" > /run/lab/control' \
  sh "$minutes" "$action" < /dev/null > /dev/null 2>&1 &
exit 0
