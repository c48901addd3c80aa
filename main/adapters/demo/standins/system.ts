/** Stand-ins for the rest of a machine: who one is, what it is called, how full its disks are. */
import { script } from './script.ts';

/** Passwordless. It remembers being root in the environment, where the other stand-ins look. */
export const SUDO = script`#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    -n|-S|-k|-E|-H) shift ;;
    -p|-u|-g) shift; [ $# -eq 0 ] || shift ;;
    --) shift; break ;;
    -*) echo "sudo: unknown option $1" >&2; exit 1 ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || exit 0
FROSTLINE_DEMO_UID=0 SUDO_USER=demo HOME=$FROSTLINE_ROOT/root
export FROSTLINE_DEMO_UID SUDO_USER HOME
exec "$@"
`;

export const ID = script`#!/bin/sh
if [ "$FROSTLINE_DEMO_UID" = 0 ]; then uid=0 name=root; else uid=1000 name=demo; fi
case $1 in
  -u|-g|-G) echo "$uid" ;;
  -un|-gn|-nu) echo "$name" ;;
  *) echo "uid=$uid($name) gid=$uid($name) groups=$uid($name)" ;;
esac
`;

export const UNAME = script`#!/bin/sh
name=$(cat "$FROSTLINE_ROOT/etc/hostname"); kernel=$(cat "$FROSTLINE_ROOT/proc/sys/kernel/osrelease")
case "$*" in
  '-n -r -m') echo "$name $kernel x86_64" ;;
  -n) echo "$name" ;;
  -r) echo "$kernel" ;;
  -m) echo x86_64 ;;
  -a) echo "Linux $name $kernel x86_64 GNU/Linux" ;;
  *) echo Linux ;;
esac
`;

export const HOSTNAME = script`#!/bin/sh
cat "$FROSTLINE_ROOT/etc/hostname"
`;

/** Sizes in KiB from a file of the host: mount point, size, used. */
export const DF = script`#!/bin/sh
path=
for word in "$@"; do case $word in -*) ;; *) path=$word ;; esac; done
PLACE=@{path#"$FROSTLINE_ROOT"} awk '
BEGIN { place = ENVIRON["PLACE"]; if (place == "") place = "/"; print "Filesystem 1024-blocks Used Available Capacity Mounted on" }
{ if (index(place "/", ($1 == "/" ? "/" : $1 "/")) == 1 && length($1) >= length(best)) { best = $1; size = $2; used = $3; disk = NR } }
END { printf "/dev/vda%d %d %d %d %d%% %s\n", disk, size, used, size - used, used * 100 / size, best }' "$FROSTLINE_ROOT/etc/frostline-demo/disks"
`;

export const NEEDRESTART = script`#!/bin/sh
kernel=$(cat "$FROSTLINE_ROOT/proc/sys/kernel/osrelease")
newest=$(awk '/^Package: linux-image-[0-9]/ { print substr($2, 13) }' "$FROSTLINE_ROOT/var/lib/dpkg/status" | sort -t . -k 3 -V 2>/dev/null | tail -n 1)
[ -n "$newest" ] || newest=$kernel
echo "NEEDRESTART-VER: 3.6"
echo "NEEDRESTART-KCUR: $kernel"
echo "NEEDRESTART-KEXP: $newest"
if [ "$kernel" = "$newest" ]; then echo "NEEDRESTART-KSTA: 1"; else echo "NEEDRESTART-KSTA: 3"; fi
[ ! -f "$FROSTLINE_ROOT/run/frostline-demo-services" ] || sort -u "$FROSTLINE_ROOT/run/frostline-demo-services" | sed 's/^/NEEDRESTART-SVC: /'
`;

/** Where a host's own restart stands, below its root. */
export const REBOOT_PROGRAM = 'sbin/frostline-reboot';
/** Below the host's root: there from when it was asked to restart until it goes down. */
export const REBOOT_ASKED = 'run/frostline-demo-reboot';

/** As the real one it asks and returns; going down is done to it, by the fleet that the host is part of. */
export const REBOOT = script`#!/bin/sh
[ "$FROSTLINE_DEMO_UID" = 0 ] || { echo "Failed to set wall message, ignoring: Interactive authentication required." >&2; exit 1; }
[ -n "$FROSTLINE_ROOT" ] || exit 127
: >"$FROSTLINE_ROOT/run/frostline-demo-reboot"
`;
