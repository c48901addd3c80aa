#!/bin/sh
# The first thing in a host's namespaces: builds its file system, moves into it and becomes its PID 1.
# $1 lower layers (colon-separated)  $2 the host's directory (rw/ is its tmpfs, root/ a mount point, boot_id a file)  $3 name
# $4 flavour: plain or systemd
set -eu
lower=$1 dir=$2 name=$3 flavour=$4
hostname "$name"
root=$dir/root
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$dir/rw/upper,workdir=$dir/rw/work" "$root"
cd "$root"
mount -t proc -o nosuid,nodev,noexec proc proc
# A host is root on the real kernel: its sysctls, and above all its sysrq-trigger, belong to the machine.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
[ ! -e proc/sysrq-trigger ] || mount --bind /dev/null proc/sysrq-trigger
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o nosuid,nodev,mode=755,size=64m tmpfs run
mount -t tmpfs -o nosuid,mode=755,size=1m tmpfs dev
for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  set -- $(echo "$node" | tr : ' ')
  mknod -m 666 "dev/$1" c "$2" "$3"
done
mkdir dev/pts dev/shm run/lock run/sshd run/lab
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
chmod 1777 dev/shm run/lock
chmod 700 run/lab
mkfifo -m 600 run/lab/control
# Keeps the inode, whose times tell when the host was booted (dnf goes by them), from being forgotten and made anew.
mkdir run/lab/init
mount --bind proc/1 run/lab/init
# Bound from /run and not from where it was written: a mount of a device of its own would show up in the host's df.
cp "$dir/boot_id" run/lab/boot_id
chmod 444 run/lab/boot_id
mount --bind run/lab/boot_id proc/sys/kernel/random/boot_id
# As its boot loader would: the kernel named as the default, or else the newest one in /boot. It is not more than a name (sh/uname.sh).
kernel=$(cat etc/lab-boot-kernel 2> /dev/null || true)
[ -n "$kernel" ] && [ -e "boot/vmlinuz-$kernel" ] || kernel=$(ls boot | sed -n 's/^vmlinuz-//p' | sort -V | tail -n 1)
if [ -n "$kernel" ]; then
  echo "$kernel" > run/lab/osrelease
  chmod 444 run/lab/osrelease
  mount --bind run/lab/osrelease proc/sys/kernel/osrelease
fi
if [ "$flavour" = systemd ]; then
  # In a cgroup namespace of its own, the root of this is the host's group.
  mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
  init="container=frostline-lab /lib/systemd/systemd"
else
  init="tini -g -- /usr/local/lib/lab/init"
fi
# pivot_root, not chroot: the machine's mounts, other fleets' among them, must not live on in this namespace.
pivot_root . mnt
exec chroot . /bin/sh -c "umount -l /mnt && exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin $init" \
  < /dev/null
