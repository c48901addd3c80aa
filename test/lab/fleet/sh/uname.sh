#!/bin/sh
# A host's uname: every host runs the machine's kernel, and this tells the release of the one it pretends to have booted.
said=$(/usr/bin/uname "$@") || exit
real=$(/usr/bin/uname -r)
read -r release < /proc/sys/kernel/osrelease
case "$said" in
  *"$real"*) printf '%s%s%s\n' "${said%%"$real"*}" "$release" "${said#*"$real"}" ;;
  *) printf '%s\n' "$said" ;;
esac
