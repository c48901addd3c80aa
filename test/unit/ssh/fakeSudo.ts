/** A `sudo` for the front of PATH that behaves like the real one on stdin, stderr and exit code; `mode` picks the host's policy. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type SudoMode =
  | 'asks'
  | 'nopasswd'
  | 'not-in-sudoers'
  | 'not-allowed'
  | 'requiretty'
  | 'expired'
  | 'one-try'
  | 'asks-something-else'
  | 'sudo-rs'
  | 'traced';

export const SUDO_PASSWORD = 'tr0ub4dor §& "quoted" $HOME `id`';

const SCRIPT = (mode: SudoMode, dir: string) => `#!/bin/sh
MODE=${mode}
noask= ; stdin= ; prompt='[sudo] password: '
while [ $# -gt 0 ]; do
  case $1 in
    -n) noask=1; shift;;
    -S) stdin=1; shift;;
    -p) prompt=$2; shift 2;;
    --) shift; break;;
    *) echo "sudo: invalid option $1" >&2; exit 1;;
  esac
done
shown=$(printf '%s' "$prompt" | sed 's/%%/%/g')
[ "$MODE" = traced ] && { echo "+ exec env LC_ALL=C sudo -S -p $prompt -- $*" >&2; sleep 0.3; MODE=nopasswd; }
case $MODE in
  nopasswd) exec "$@";;
  requiretty) echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1;;
  expired) echo 'sudo: Account or password is expired, reset your password and try again' >&2; exit 1;;
  asks-something-else) printf 'Verification code: ' >&2; read -r answer; echo "$answer" >> '${dir}/received'; exit 1;;
esac
if [ -n "$noask" ]; then echo 'sudo: a password is required' >&2; exit 1; fi
[ -n "$stdin" ] || { echo 'sudo: a terminal is required to read the password' >&2; exit 1; }
echo '
We trust you have received the usual lecture from the local System
Administrator. It usually boils down to these three things:

    #1) Respect the privacy of others.
' >&2
tries=3; [ "$MODE" = one-try ] && tries=1
while [ $tries -gt 0 ]; do
  if [ "$MODE" = sudo-rs ]; then printf '[sudo: %s] Password: ' "$prompt" >&2; else printf '%s' "$shown" >&2; fi
  IFS= read -r given || { echo 'sudo: no password was provided' >&2; exit 1; }
  printf '%s\\n' "$given" >> '${dir}/received'
  if [ "$given" = "$(cat '${dir}/password')" ]; then
    case $MODE in
      not-in-sudoers) echo "admin is not in the sudoers file.  This incident will be reported." >&2; exit 1;;
      not-allowed) echo "Sorry, user admin is not allowed to execute '$*' as root on host." >&2; exit 1;;
    esac
    exec "$@"
  fi
  tries=$((tries - 1))
  [ $tries -gt 0 ] && printf '\\nSorry, try again.\\n' >&2
done
echo "sudo: 1 incorrect password attempt" >&2
exit 1
`;

/** `traced` waits a moment after its false prompt, so that an answer to it would come in time to do harm. Returns PATH; what sudo was given on stdin is appended to `<dir>/received`. */
export const fakeSudo = (dir: string, mode: SudoMode): string => {
  const bin = join(dir, `bin-${mode}`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(dir, 'password'), SUDO_PASSWORD);
  writeFileSync(join(bin, 'sudo'), SCRIPT(mode, dir));
  chmodSync(join(bin, 'sudo'), 0o755);
  return `${bin}:/usr/bin:/bin`;
};

/** A PATH on which there is no sudo at all. */
export const withoutSudo = (dir: string): string => {
  const bin = join(dir, 'bin-bare');
  mkdirSync(bin, { recursive: true });
  for (const tool of ['env', 'cat', 'id']) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
  return bin;
};
