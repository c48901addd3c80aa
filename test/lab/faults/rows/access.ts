import { users } from '../../fleet/config.ts';
import type { Case } from '../case.ts';
import type { Row } from '../matrix.ts';
import { installShell } from '../shells.ts';
import { jobEnded } from './network.ts';

const group = 'Login, sudo and shells';
const well = { exit: 0, state: 'succeeded', packages: 'new' } as const;
const again = { by: 'run', state: 'compliant', packages: 'new' } as const;
const notBegun = { exit: 1, state: 'failed', packages: 'old' } as const;

/** Another start-up file or shell counts from the next connection on. */
const atNextLogin = (c: Case): Promise<void> => c.host.dropSshConnections();

const withShell = (shell: 'tcsh' | 'fish') => async (c: Case) => {
  const path = await installShell(c.host, shell);
  await c.host.output(`usermod -s ${path} admin`);
  await atNextLogin(c);
};

export const accessRows: readonly Row[] = [
  {
    id: 'banner',
    group,
    fault: 'A login banner and a message of the day of many lines',
    on: ['apt'],
    inject: async (c) => {
      const restore = await c.host.refuseSsh();
      await c.host.output(
        'for i in $(seq 500); do echo "@@ *** AUTHORISED USE ONLY *** line $i"; done > /etc/banner; cp /etc/banner /etc/motd; echo "Banner /etc/banner" > /etc/ssh/sshd_config.d/05-banner.conf',
      );
      await restore();
      await atNextLogin(c);
    },
    ends: well,
    next: again,
  },
  {
    id: 'chatty-bashrc',
    group,
    fault: 'A .bashrc that talks on both outputs, and sets traps and aliases',
    on: ['apt'],
    inject: async (c) => {
      await c.host.output(
        "printf '%s\\n' 'echo Welcome back; echo >&2 You have mail' 'printf \"\\033[2J@@ rc\\n\"' 'trap \"echo bye\" EXIT' 'alias sudo=echo; umask 077; set -u' | cat - /home/admin/.bashrc > /tmp/rc; cp /tmp/rc /home/admin/.bashrc",
      );
      await atNextLogin(c);
    },
    ends: well,
    next: again,
  },
  {
    id: 'endless-bashrc',
    group,
    fault: 'A .bashrc that prints without end',
    on: ['apt'],
    inject: async (c) => {
      await c.host.output(
        "printf 'yes\\n' | cat - /home/admin/.bashrc > /tmp/rc; cp /tmp/rc /home/admin/.bashrc",
      );
      await atNextLogin(c);
    },
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.output-too-large',
      message: 'The login shell of admin on HOST prints without end.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'the line taken out',
      mend: async (c) => void (await c.host.output('sed -i 1d /home/admin/.bashrc')),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'login-fish',
    group,
    fault: 'The login shell is fish',
    on: ['apt'],
    inject: withShell('fish'),
    ends: well,
    next: again,
  },
  {
    id: 'login-csh',
    group,
    fault: 'The login shell is csh',
    on: ['apt'],
    inject: withShell('tcsh'),
    ends: well,
    next: again,
  },
  {
    id: 'login-nologin',
    group,
    fault: 'The account has no shell any more (nologin)',
    on: ['apt'],
    inject: async (c) => {
      await c.host.output('usermod -s /usr/sbin/nologin admin');
      await atNextLogin(c);
    },
    ends: {
      exit: 1,
      state: 'failed',
      message: 'HOST starts no shell for admin: “This account is currently not available.”',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'shell given back',
      mend: async (c) => void (await c.host.output('usermod -s /bin/bash admin')),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'key-withdrawn',
    group,
    fault: 'The account’s key is taken away, and the connection ends, in mid-apply',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.output('mv /home/admin/.ssh /root/ssh');
      await c.host.dropSshConnections();
    },
    ends: {
      exit: 1,
      state: 'needs-attention',
      code: 'host.auth-failed',
      message: 'HOST does not let admin in with the key ….',
      packages: 'half',
    },
    next: {
      by: 'retry',
      after: 'key given back',
      mend: async (c) => {
        await c.host.output('mv /root/ssh /home/admin/.ssh');
        await c.letGo();
        await jobEnded(c);
      },
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'sudo-asks',
    group,
    fault: 'sudo asks for a password although it should not',
    on: ['apt'],
    inject: (c) => c.knowAs(`${c.host.name}-asked`, { user: 'asker', sudo: 'nopasswd' }),
    ends: { ...notBegun, message: 'sudo on HOST wants a password from asker.', code: 'host.sudo-password' },
    next: {
      by: 'run',
      after: 'NOPASSWD in sudoers',
      mend: async (c) =>
        void (await c.host.output("echo 'asker ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/zz")),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'sudo-wrong-password',
    group,
    fault: 'sudo does not accept the stored password',
    on: ['apt'],
    inject: (c) =>
      c.knowAs(`${c.host.name}-wrong`, { user: 'asker', sudo: 'password', sudoPassword: 'not it' }),
    ends: {
      ...notBegun,
      message: 'sudo on HOST does not accept the stored password of asker.',
      code: 'host.sudo-password',
    },
    next: {
      by: 'run',
      after: 'right password stored',
      mend: (c) => c.console.edit(c.name, '--sudo-password-file', c.console.secretFile(users.asker.password)),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'sudo-refuses',
    group,
    fault: 'sudo refuses the account',
    on: ['apt'],
    inject: async (c) => void (await c.host.output("sed -i '/^admin/d' /etc/sudoers.d/lab")),
    ends: { ...notBegun, message: 'sudo on HOST wants a password from admin.', code: 'host.sudo-password' },
    next: {
      by: 'run',
      after: 'allowed again',
      mend: async (c) =>
        void (await c.host.output("echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' >> /etc/sudoers.d/lab")),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'sudo-hangs',
    group,
    fault: 'sudo does not come back (its name service is away)',
    on: ['apt'],
    long: true,
    inject: async (c) =>
      void (await c.host.output(
        "mv /usr/bin/sudo /usr/bin/sudo.real; printf '#!/bin/sh\\nexec sleep 3600\\n' > /usr/bin/sudo; chmod 755 /usr/bin/sudo",
      )),
    ends: {
      ...notBegun,
      message: 'sudo on HOST waits for something Frostline cannot give.',
      code: 'host.sudo-refused',
    },
    next: {
      by: 'run',
      after: 'sudo well again',
      mend: async (c) => void (await c.host.output('mv /usr/bin/sudo.real /usr/bin/sudo')),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'sudo-withdrawn',
    group,
    fault: 'sudo is taken away from the account in mid-apply',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.output("sed -i '/^admin/d' /etc/sudoers.d/lab");
      await c.host.dropSshConnections();
    },
    ends: {
      exit: 1,
      state: 'needs-attention',
      code: 'host.sudo-password',
      message: 'sudo on HOST wants a password from admin.',
      packages: 'half',
    },
    next: {
      by: 'retry',
      after: 'allowed again',
      mend: async (c) => {
        await c.host.output("echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' >> /etc/sudoers.d/lab");
        await c.letGo();
        await jobEnded(c);
      },
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'sudo-requiretty',
    group,
    fault: 'sudo wants a terminal (requiretty)',
    on: ['apt'],
    inject: async (c) => void (await c.host.output("echo 'Defaults requiretty' > /etc/sudoers.d/zz")),
    ends: {
      ...notBegun,
      message: 'sudo on HOST refuses admin: “sudo: sorry, you must have a tty to run sudo”',
      code: 'host.sudo-refused',
    },
    next: {
      by: 'run',
      after: 'requiretty taken out',
      mend: async (c) => void (await c.host.output('rm /etc/sudoers.d/zz')),
      state: 'succeeded',
      packages: 'new',
    },
  },
];
