#!/bin/sh
# Builds the profile layer of hosts with dnf: everything they share above base and tools.
# Runs in mount and pid namespaces of its own, so nothing it mounts or starts outlives it.
# $1 lower layers  $2 upper (the layer)  $3 work  $4 mount point  $5 scratch (seed/, rpms/, offered, users.sh, after.sh)  $6 proxy
set -eu
lower=$1 upper=$2 work=$3 root=$4 scratch=$5 proxy=$6

mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/mnt"
mkdir "$root/run/lock" "$root/run/sshd"

cp -a "$scratch/seed/." "$root/"
cp "$scratch"/rpms/*.rpm "$scratch"/*.sh "$scratch/offered" "$root/mnt/"

cat > "$root/mnt/build.sh" <<'IN'
set -eu
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
sh /mnt/users.sh
rpm --initdb
# With dnf and not with rpm: its history is where it looks up why a package is there, and where from.
dnf -qy --setopt=proxy="$1" install $(cat /mnt/offered) /mnt/*.rpm
dnf -q clean packages
sh /mnt/after.sh
rm -f /var/log/dnf*.log /var/log/hawkey.log
IN
chroot "$root" /bin/sh /mnt/build.sh "$proxy" >&2
umount "$root/mnt" "$root/run" "$root/proc"
umount -l "$root/dev"
umount "$root"
