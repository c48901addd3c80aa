/** Downloading and checking of package files: for staging, capturing and the jobs. */
import { PUSHED_FOLDER } from '../../pushed.ts';

export const FETCH = `
import hashlib
PUSHED_FOLDER = '${PUSHED_FOLDER}'
${String.raw`

# What words of dnf or rpm say went wrong; None when they name no such cause.
def cause_name(said):
    if re.search(r'No space left on device|more space needed on|needs \d+[KMG]?B( more space)? on the|not enough (free )?(disk )?space|Failed writing received data to disk', said, re.I):
        return 'diskFull'
    if re.search(r'Read-only file system', said, re.I):
        return 'readOnly'
    if re.search(r'already locked by|transaction lock', said, re.I):
        return 'lockTimeout'
    return None

class NotFetched(Exception):
    pass

class Download(dnf.callback.DownloadProgress):
    def __init__(self, tell, talk):
        self.tell, self.talk, self.total, self.sizes, self.last = tell, talk, 1, {}, -5

    def start(self, total_files, total_size, total_drpms=0):
        self.total = max(1, total_size)

    def progress(self, payload, done):
        self.sizes[str(payload)] = done
        percent = int(min(100, 100.0 * sum(self.sizes.values()) / self.total))
        if percent >= self.last + 5:
            self.last = percent
            self.tell(percent)

    def end(self, payload, status, msg):
        if msg and status == dnf.callback.STATUS_FAILED:
            self.talk('%s: %s' % (payload, words(msg)))

def fetch_packages(base, pkgs, tell=lambda percent: None, talk=lambda line: None):
    try:
        base.download_packages(pkgs, Download(tell, talk))
    except (dnf.exceptions.Error, OSError) as error:
        raise NotFetched(words(error))
    for pkg in pkgs:
        if pkg.reponame != hawkey.CMDLINE_REPO_NAME:
            check_signature(base, pkg)

# A key that the distribution itself put on the host is taken into rpm's ring, as dnf does; no other is.
def check_signature(base, pkg):
    result, said = base.package_signature_check(pkg)
    if result == 1 and pkg.repo.gpgkey and all(key.startswith('file://') for key in pkg.repo.gpgkey):
        try:
            base.package_import_key(pkg, fullaskcb=lambda data: True)
            result, said = base.package_signature_check(pkg)
        except (dnf.exceptions.Error, ValueError) as error:
            said = error
    if result != 0:
        raise NotFetched('%s is not signed by a key this host trusts: %s' % (pkg, words(said)))

def sha_of(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()

def header_of(path):
    ts = rpm.TransactionSet()
    ts.setVSFlags(-1)
    with open(path, 'rb') as file:
        h = ts.hdrFromFdno(file.fileno())
    return text(h[rpm.RPMTAG_NAME]), text(h[rpm.RPMTAG_ARCH]), evr_text(h[rpm.RPMTAG_EPOCH], text(h[rpm.RPMTAG_VERSION]), text(h[rpm.RPMTAG_RELEASE]))

class NotPushed(Exception):
    pass

# Package files that the console brought count as if a repository offered them. Each is hashed right before it is used.
def add_pushed(base):
    folder, paths = ROOT + PUSHED_FOLDER, []
    if os.path.islink(folder) or not os.path.isdir(folder) or os.stat(folder).st_uid != os.geteuid():
        raise NotPushed('%s is not a folder of root alone' % folder)
    for digest in REQUEST['pushed']:
        path = os.path.join(folder, digest + '.rpm')
        if os.path.islink(path) or not os.path.isfile(path) or sha_of(path) != digest:
            raise NotPushed('a package file that the console brought is not there any more')
        paths.append(path)
    for pkg in base.add_remote_rpms(paths):
        result, said = base.package_signature_check(pkg) if base.conf.localpkg_gpgcheck else (0, '')
        if result != 0:
            raise NotPushed('%s is not signed by a key this host trusts: %s' % (pkg, words(said)))

# Header and payload are what the package's own digests say.
def is_whole(path):
    return subprocess.run(['rpmkeys', '-K', '--nosignature', path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

def file_name(name, arch, version):
    return '%s-%s.%s.rpm' % (name, version.split(':')[-1], arch)

# Where a package's file may lie on the host already.
def file_places(cache, key):
    name = glob.escape(file_name(*key))
    return glob.glob(glob.escape(ROOT) + '/var/lib/frostline/jobs/*/old/' + name) + glob.glob(os.path.join(glob.escape(cache), '*', 'packages', name))
`}`;
