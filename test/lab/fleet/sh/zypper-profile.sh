#!/bin/sh
# Builds the profile layer of hosts with zypper: everything they share above base and tools.
# Runs in mount and pid namespaces of its own, so nothing it mounts or starts outlives it.
# $1 lower layers  $2 upper (the layer)  $3 work  $4 mount point  $5 scratch (seed/, rpms/, offered, users.sh, after.sh)  $6 the repository's server
set -eu
lower=$1 upper=$2 work=$3 root=$4 scratch=$5 server=$6

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
# While the image is built its repository is at another address; what is read of it now, the hosts have from the start.
mkdir -p /etc/zypp/repos.d
printf '[lab]\nname=Lab Leap\nenabled=1\nautorefresh=1\nbaseurl=%s/rpm/\ntype=rpm-md\ngpgcheck=0\n' "$1" > /etc/zypp/repos.d/lab.repo
zypper -qn refresh
zypper -qn install --no-recommends --allow-unsigned-rpm $(cat /mnt/offered) /mnt/*.rpm
sh /mnt/after.sh
rm -rf /var/log/zypper.log /var/log/zypp /var/cache/zypp/packages /var/tmp/*
IN
chroot "$root" /bin/sh /mnt/build.sh "$server" >&2
umount "$root/mnt" "$root/run" "$root/proc"
umount -l "$root/dev"
umount "$root"
