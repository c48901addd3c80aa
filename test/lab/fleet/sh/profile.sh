#!/bin/sh
# Builds the profile layer: everything that all hosts of a fleet share above the plain Debian base.
# Runs in mount and pid namespaces of its own, so nothing it mounts or starts outlives it.
# $1 base (read-only)  $2 upper (the layer)  $3 work  $4 mount point  $5 scratch (seed/, debs/, users.sh, after.sh)  $6 proxy
set -eu
base=$1 upper=$2 work=$3 root=$4 scratch=$5 proxy=$6

mount -t overlay overlay -o "lowerdir=$base,upperdir=$upper,workdir=$work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/mnt"
mkdir "$root/run/lock" "$root/run/sshd"

# No service may start while the layer is being built.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

cp -a "$scratch/seed/." "$root/"
cp "$scratch"/debs/*.deb "$scratch"/*.sh "$root/mnt/"

cat > "$root/mnt/build.sh" <<'IN'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
sh /mnt/users.sh
dpkg -i /mnt/*.deb
sh /mnt/after.sh
apt-get -q -o "Acquire::http::Proxy=$1" update
# Builds apt's binary caches, so that the first command on a host need not.
apt-get check
rm -rf /var/cache/apt/archives/*.deb /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
IN
chroot "$root" /bin/sh /mnt/build.sh "$proxy" >&2
# Without a real init invoke-rc.d blocks everything by default; on a host packages do restart their services.
printf '#!/bin/sh\nexit 0\n' > "$root/usr/sbin/policy-rc.d"
umount "$root/mnt" "$root/run" "$root/proc"
umount -l "$root/dev"
umount "$root"
