/** Who holds dnf's or rpm's lock, without root as far as it can be seen. */
export const LOCKS = String.raw`
MANAGERS = re.compile(r'(^|[/ ])(dnf|yum|rpm|microdnf|packagekitd?|dnf-automatic|dnf-3|rpmdb|python3?[0-9.]*|platform-python[0-9.]*)( |$)', re.I)

def command_of(pid):
    try:
        with open('%s/proc/%s/cmdline' % (ROOT, pid), 'rb') as file:
            return ' '.join(file.read(4000).replace(b'\0', b' ').decode('utf-8', 'replace').split())[:300]
    except OSError:
        return ''

def is_mine(pid):
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            with open('/proc/%d/stat' % pid) as file:
                pid = int(file.read().rsplit(')', 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            return False
    return False

# dnf writes its process into a file; a file of a process that is gone, or is no package manager any more, is no lock.
def pid_files(conf, cache):
    kept = ROOT + '/var/lib/dnf'
    return [cache + '/metadata_lock.pid', cache + '/download_lock.pid', kept + '/rpmdb_lock.pid', ROOT + '/var/run/dnf.pid', ROOT + '/var/run/yum.pid'] + glob.glob(glob.escape(cache) + '/*.pid')

def lock_holder(conf, cache):
    for path in pid_files(conf, cache):
        try:
            with open(path) as file:
                pid = int(file.read(20))
        except (OSError, ValueError):
            continue
        command = command_of(pid)
        if not is_mine(pid) and MANAGERS.search(command):
            return pid, command
    return fcntl_holder(ROOT + '/var/lib/rpm/.rpm.lock')

# rpm locks by fcntl. /proc/locks names device and inode of any user's process; on overlay file systems the device is not the
# one stat tells, so there the process's own open files count, where they can be read, else its command.
def fcntl_holder(path):
    try:
        found = os.stat(path)
        with open(ROOT + '/proc/locks') as file:
            lines = [line.split() for line in file]
    except OSError:
        return None
    for line in lines:
        if '->' in line or len(line) < 6 or line[3] != 'WRITE':
            continue
        try:
            pid, (major, minor, inode) = int(line[4]), line[5].split(':')
        except ValueError:
            continue
        if int(inode) != found.st_ino or pid <= 0 or is_mine(pid):
            continue
        command = command_of(pid)
        try:
            if not any(os.path.realpath(fd) == os.path.realpath(path) for fd in glob.glob('/proc/%d/fd/*' % pid)) and os.getuid() == 0:
                continue
            if os.getuid() != 0 and (int(major, 16), int(minor, 16)) != (os.major(found.st_dev), os.minor(found.st_dev)) and not MANAGERS.search(command):
                continue
        except OSError:
            continue
        return pid, command
    return None

def tell_lock(conf):
    if not os.access(ROOT + '/proc/locks', os.R_OK):
        out('unread', what='locks', text='')
    held = lock_holder(conf, system_cache(conf))
    if held:
        out('lock', pid=held[0], command=held[1])
`;
