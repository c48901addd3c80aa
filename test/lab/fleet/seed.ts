import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { users } from './config.ts';
import { must } from './process.ts';

/** What profile layers of all kinds have in common. */

const here = import.meta.dirname;
export const script = (name: string): string => join(here, 'sh', name);

/** `plain`: tini and a few lines of sh as init, for fleets of hundreds. `systemd`: the real thing as PID 1. */
export type Flavour = 'plain' | 'systemd';

/** Runs a build step in namespaces of its own: its mounts and processes end with it, and it ends with this process. */
export const contained = (command: readonly string[], input = ''): Promise<string> =>
  must(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--mount-proc', '--pid', '--fork', '--kill-child=KILL', ...command],
    { input },
  );

/** Puts one file into a tree: absolute path within it, content, mode. */
export type Put = (path: string, content: string, mode: number) => Promise<void>;

export const putInto =
  (tree: string): Put =>
  async (path, content, mode) => {
    await mkdir(dirname(join(tree, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(tree, path), content);
    await chmod(join(tree, path), mode);
  };

const sshdConfig = `# One key type, so that a host can be seen to change it.
HostKey /etc/ssh/ssh_host_key
MaxStartups 200:30:400
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication yes
`;

/** The files that hosts have whatever their package manager is. */
export const putCommonFiles = async (put: Put, flavour: Flavour): Promise<void> => {
  await put('/etc/ssh/sshd_config.d/20-lab.conf', sshdConfig, 0o644);
  const sudoers = Object.values(users).flatMap((user) => {
    if (user.sudo === 'nopasswd') return [`${user.name} ALL=(ALL:ALL) NOPASSWD: ALL`];
    return user.sudo === 'password' ? [`${user.name} ALL=(ALL:ALL) ALL`] : [];
  });
  await put('/etc/sudoers.d/lab', `${sudoers.join('\n')}\n`, 0o440);
  await put('/usr/local/bin/uname', await readFile(script('uname.sh'), 'utf8'), 0o755);
  if (flavour === 'systemd') return;
  await put('/usr/local/lib/lab/init', await readFile(script('init.sh'), 'utf8'), 0o755);
  for (const name of ['reboot', 'shutdown', 'poweroff', 'halt'])
    await put(`/usr/sbin/${name}`, await readFile(script('shutdown.sh'), 'utf8'), 0o755);
};

/** Makes the users, with their passwords and the keys in `keys`; only the host's own programs can. */
export const usersScript = async (keys: string): Promise<string> => {
  const authorized = await Promise.all(
    ['client', 'protected'].map((name) => readFile(join(keys, `${name}.pub`), 'utf8')),
  );
  const lines: string[] = [];
  for (const user of Object.values(users)) {
    const home = user.name === 'root' ? '/root' : `/home/${user.name}`;
    if (user.name !== 'root') lines.push(`useradd -m -s /bin/bash ${user.name}`);
    if ('password' in user)
      lines.push(`chpasswd -c SHA512 -s 1000 <<'PASSWORD'\n${user.name}:${user.password}\nPASSWORD`);
    lines.push(
      `install -d -m 700 -o ${user.name} -g ${user.name} ${home}/.ssh`,
      `cat > ${home}/.ssh/authorized_keys <<'KEYS'\n${authorized.join('')}KEYS`,
      `chown ${user.name}: ${home}/.ssh/authorized_keys`,
      `chmod 600 ${home}/.ssh/authorized_keys`,
    );
  }
  return `${lines.join('\n')}\n`;
};
