#!/bin/sh
# A host's init, below tini. Starts the services and waits for the one command that ends it. Its exit code tells the supervisor
# outside what to do: 81 boot again, 80 stay off; anything else is a power cut.
umask 022
find /tmp -mindepth 1 -delete
for service in /etc/rc2.d/S*lab-*; do
  [ -x "$service" ] && "$service" start
done
/usr/sbin/sshd -E /var/log/sshd.log
read -r action < /run/lab/control
# Like a real shutdown: ask, wait a moment, and let the kernel end what is left.
trap '' TERM
kill -TERM -1
for _ in 1 2 3 4 5; do
  [ "$(ls -d /proc/[0-9]* | wc -l)" -le 3 ] && break
  sleep 0.1
done
[ "$action" = reboot ] && exit 81
exit 80
