#!/bin/sh
# Builds the layer that makes an RPM host of the Debian base: dnf or zypper and rpm, and no sign of dpkg and apt.
# Runs in mount and pid namespaces of its own, so nothing it mounts or starts outlives it.
# $1 base (read-only)  $2 upper (the layer)  $3 work  $4 mount point  $5 the .deb files  $6 the manager
set -eu
base=$1 upper=$2 work=$3 root=$4 debs=$5 manager=$6

mount -t overlay overlay -o "lowerdir=$base,upperdir=$upper,workdir=$work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount --bind "$debs" "$root/mnt"

cat > "$root/run/build.sh" <<'IN'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get -qy -o APT::Sandbox::User=root --no-install-recommends install /mnt/*.deb
IN
chroot "$root" /bin/sh /run/build.sh >&2
cd "$root"
rm -rf usr/share/doc/* usr/share/man/* usr/share/info/* usr/share/locale/* var/log/apt var/log/dpkg.log
# As far as a program on the host can tell, this was never a Debian. start-stop-daemon stays, for want of another.
rm -rf etc/apt etc/dpkg etc/debian_version var/lib/dpkg var/lib/apt var/cache/apt usr/lib/apt usr/lib/dpkg usr/share/dpkg \
  etc/cron.daily/dpkg etc/cron.daily/apt-compat usr/bin/apt usr/bin/apt-* usr/bin/dpkg usr/bin/dpkg-* usr/bin/deb-* \
  usr/sbin/dpkg-* usr/sbin/policy-rc.d
if [ "$manager" = dnf ]; then
  ln -s dnf usr/bin/yum
  rm -f etc/dnf/dnf.conf etc/yum.repos.d/*
  # dnf imports every plugin with each start. Besides those that are looked at here they cost a sixth of it, and some crash.
  find usr/lib/python3/dist-packages/dnf-plugins -type f ! -name 'versionlock*' ! -name 'needs_restarting*' -delete
else
  rm -f etc/zypp/repos.d/*
fi
cd /
umount "$root/mnt" "$root/run" "$root/proc"
umount -l "$root/dev"
umount "$root"
