#!/bin/sh
# mmdebstrap customize hook: $1 is the new root. Hosts need no manuals, and every host has its own keys and ids.
set -eu
root=$1
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/locale/*
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/apt/sources.list "$root"/etc/apt/apt.conf.d/99mmdebstrap
rm -f "$root"/etc/apt/sources.list.d/*
: > "$root"/etc/machine-id
echo force-unsafe-io > "$root"/etc/dpkg/dpkg.cfg.d/lab
