/**
 * The part every program for a dnf host shares. dnf has no dry run that can be relied on from a shell (`--assumeno` ends with
 * 1 on success, `-q` swallows the table, and tables are cut to the terminal's width), so the scripts run a small program on
 * the interpreter dnf itself runs on, over dnf's Python interface (dnf 4, Python 3.6 and newer).
 *
 * A program prints one JSON object a line, ASCII only, with its kind in `t`; the last is `end`. Read-only programs work on a
 * private folder: dnf's cache is linked into it and its history copied, so that an ordinary account sees what root sees, no
 * lock is taken, and nothing is left behind.
 */

import { GUARD_MARK } from '../../guard.ts';

/** Needs `REQUEST`, what was asked for, and in the environment `FROSTLINE_WORK`, a folder of our own. */
export const COMMON = String.raw`
import sys, os, json, re, glob, time, shutil, logging, subprocess, fnmatch
WORK = os.environ['FROSTLINE_WORK']
ROOT = os.environ.get('FROSTLINE_ROOT', '')
PRINT = os.fdopen(os.dup(1), 'w', 1, encoding='ascii', errors='backslashreplace')

def out(kind, **data):
    data['t'] = kind
    PRINT.write(json.dumps(data) + '\n')

def words(error):
    return ' '.join(str(error).split())[:1500]

def evr_text(epoch, version, release):
    return ('%d:' % int(epoch) if epoch and int(epoch) else '') + '%s-%s' % (version, release)

def evr(pkg):
    return evr_text(pkg.epoch, pkg.version, pkg.release)

def text(value):
    return value.decode('utf-8', 'replace') if isinstance(value, bytes) else value

try:
    import rpm, dnf, dnf.exceptions, dnf.lock, dnf.callback, dnf.const, dnf.repo, dnf.selector, dnf.subject, dnf.yum.misc, hawkey, libdnf
    from libdnf.transaction import TransactionItemReason_DEPENDENCY, TransactionItemReason_WEAK_DEPENDENCY, TransactionItemReason_USER
except Exception as error:
    out('fault', what='import', text=words(error))
    out('end')
    sys.exit(0)

NOBODYS = os.path.join(WORK, 'own')
# dnf makes a folder in /var/tmp for an ordinary account, and its locks there.
dnf.yum.misc.getCacheDir = lambda *a, **k: NOBODYS

class Talk(logging.Handler):
    def emit(self, record):
        out('said', text=words(record.getMessage()))

logging.getLogger('dnf').addHandler(Talk(logging.WARNING))

# Install-only: a new version comes beside the old one. The configuration may name more.
MULTI = {'kernel', 'kernel-PAE', 'installonlypkg(kernel)', 'installonlypkg(kernel-module)', 'installonlypkg(vm)', 'multiversion(kernel)'}

# A guard of ours counts for others and not for us: its block is left out, and what it put out of force is in force.
def unguarded(path):
    try:
        with open(path, encoding='utf-8', errors='surrogateescape') as lines:
            written = lines.read()
    except OSError:
        return path
    if '# ${GUARD_MARK} begin' not in written:
        return path
    plain = re.sub('(?ms)^# ${GUARD_MARK} begin.*?^# ${GUARD_MARK} end\n', '', written)
    mine = os.path.join(WORK, 'dnf.conf')
    with open(mine, 'w', encoding='utf-8', errors='surrogateescape') as lines:
        lines.write(re.sub('(?m)^#${GUARD_MARK}-off ', '', plain))
    return mine

def new_base():
    base = dnf.Base()
    conf = base.conf
    if ROOT:
        conf.installroot = ROOT
        conf.config_file_path = ROOT + '/etc/dnf/dnf.conf'
    conf.config_file_path = unguarded(conf.config_file_path)
    conf.read()
    MULTI.update(conf.installonlypkgs)
    conf.plugins = False
    conf.assumeyes = True
    conf.exit_on_lock = True
    if ROOT:
        conf.reposdir = [ROOT + '/etc/yum.repos.d']
        conf.persistdir = ROOT + '/var/lib/dnf'
    try:
        conf.substitutions.update_from_etc(conf.installroot, varsdir=conf.varsdir)
    except TypeError:
        conf.substitutions.update_from_etc(conf.installroot)
    return base

def system_cache(conf):
    if not conf.cachedir.startswith(NOBODYS):
        return conf.cachedir
    return ROOT + (getattr(conf, 'system_cachedir', None) or dnf.const.SYSTEM_CACHEDIR)

# dnf's cache by links, its history by copies, all else our own.
def make_private(conf):
    mine, persist, log = [os.path.join(WORK, name) for name in ('cache', 'persist', 'log')]
    cache = system_cache(conf)
    for folder in (mine, persist, log):
        os.makedirs(folder, exist_ok=True)
    for name in os.listdir(cache) if os.path.isdir(cache) else []:
        link = os.path.join(mine, name)
        if not name.endswith(('.pid', '.json')) and not os.path.lexists(link):
            os.symlink(os.path.join(cache, name), link)
    kept = conf.persistdir
    for name in os.listdir(kept) if os.path.isdir(kept) else []:
        try:
            if name.startswith('history.sqlite'):
                shutil.copyfile(os.path.join(kept, name), os.path.join(persist, name))
            elif name == 'modulefailsafe' and not os.path.exists(os.path.join(persist, name)):
                shutil.copytree(os.path.join(kept, name), os.path.join(persist, name))
        except OSError as error:
            out('unread', what='history', text=words(error))
    conf.cachedir, conf.persistdir, conf.logdir = mine, persist, log
    dnf.lock._fit_lock_dir = lambda folder: WORK

def cached_only(repo):
    repo._repo.setSyncStrategy(dnf.repo.SYNC_ONLY_CACHE)

# A base with what is installed and, as far as they are cached, the repositories. Those that are not are told.
def open_base(private=True, repos=True, tell=True, fetch=False):
    base = new_base()
    if private:
        make_private(base.conf)
    if repos:
        base.read_all_repos()
        for repo in list(base.repos.iter_enabled()):
            cached_only(repo)
            try:
                try:
                    repo.load()
                except dnf.exceptions.RepoError:
                    if not fetch:
                        raise
                    repo._repo.setSyncStrategy(dnf.repo.SYNC_TRY_CACHE)
                    repo.load()
                if tell:
                    out('repo', id=repo.id, at=int(repo._repo.getTimestamp() or 0), read=int(os.stat(os.path.join(repo._repo.getCachedir(), 'repodata', 'repomd.xml')).st_mtime))
            except (dnf.exceptions.RepoError, OSError) as error:
                if tell:
                    out('repo', id=repo.id, error=words(error))
                repo.disable()
    base.fill_sack(load_system_repo=True, load_available_repos=repos)
    if repos and REQUEST.get('pushed'):
        add_pushed(base)
    return base

# Installed packages straight from rpm's database: it answers also where dnf does not.
def installed_rows():
    try:
        new_base()
    except Exception as error:
        out('fault', what='configuration', text=words(error))
    ts = rpm.TransactionSet(ROOT or '/')
    ts.setVSFlags(-1)
    for h in ts.dbMatch():
        name = text(h[rpm.RPMTAG_NAME])
        if name == 'gpg-pubkey':
            continue
        yield {'name': name, 'arch': text(h[rpm.RPMTAG_ARCH]) or 'noarch',
               'version': evr_text(h[rpm.RPMTAG_EPOCH], text(h[rpm.RPMTAG_VERSION]), text(h[rpm.RPMTAG_RELEASE])),
               'source': text(h[rpm.RPMTAG_SOURCERPM]) or '', 'multi': is_multi(name, h[rpm.RPMTAG_PROVIDENAME])}

def is_multi(name, provides):
    return name in MULTI or any(text(p) in MULTI for p in provides)

class Named(object):
    def __init__(self, name, arch):
        self.name, self.arch = name, arch

def reason_of(base, name, arch):
    return base.history.rpm.get_reason(Named(name, arch))

def is_auto(base, name, arch):
    return reason_of(base, name, arch) in (TransactionItemReason_DEPENDENCY, TransactionItemReason_WEAK_DEPENDENCY)

def lock_file(conf):
    if not any(os.path.exists(os.path.join(p, 'versionlock.py')) for p in conf.pluginpath):
        return None
    import configparser
    for folder in conf.pluginconfpath:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(os.path.join(folder, 'versionlock.conf'))
            if not parser.getboolean('main', 'enabled', fallback=True):
                return None
            found = parser.get('main', 'locklist', fallback=None)
        except configparser.Error:
            found = None
        if found:
            return ROOT + found
    return ROOT + '/etc/dnf/plugins/versionlock.list'

def lock_patterns(conf):
    path = lock_file(conf)
    if not path or not os.path.exists(path):
        return []
    with open(path, errors='replace') as lines:
        return [line.strip() for line in lines if line.strip() and not line.startswith('#')]

LOCK_FORMS = [hawkey.FORM_NEVRA, hawkey.FORM_NEVR, hawkey.FORM_NEV, hawkey.FORM_NA, hawkey.FORM_NAME]

# What the versionlock plugin would hide; returns the names it locks. Other plugins are not asked: they are noise here.
def apply_locks(base):
    names, kept, hidden = set(), base.sack.query().filterm(empty=True), base.sack.query().filterm(empty=True)
    for pattern in lock_patterns(base.conf):
        for nevra in dnf.subject.Subject(pattern.lstrip('!')).get_nevra_possibilities(forms=LOCK_FORMS):
            found = nevra.to_query(base.sack)
            if pattern.startswith('!'):
                hidden = hidden.union(found)
            else:
                names.add(nevra.name)
                kept = kept.union(found)
            if found:
                break
    if names:
        hidden = hidden.union(base.sack.query().filter(name__glob=list(names)).difference(kept))
        hidden = hidden.union(base.sack.query().filterm(obsoletes=kept).difference(kept))
    hidden.filterm(reponame__neq=hawkey.SYSTEM_REPO_NAME)
    if hidden:
        base.sack.add_excludes(hidden)
    return names

def tell_installed(rows, base):
    locked = set()
    if base is not None:
        locked = apply_locks(base) | EXCLUDED
    for row in rows:
        auto = base is not None and is_auto(base, row['name'], row['arch'])
        held = any(fnmatch.fnmatchcase(row['name'], pattern) for pattern in locked)
        out('pkg', auto=auto, held=held, **row)

EXCLUDED = set()

# Excluded packages are known only before anything else is hidden.
def note_excluded(base):
    for pattern in base.conf.excludepkgs:
        for nevra in dnf.subject.Subject(pattern).get_nevra_possibilities(forms=LOCK_FORMS):
            EXCLUDED.add(nevra.name)
            break

def sha256_of(pkg):
    try:
        kind, digest = pkg.chksum
        return digest.hex() if hawkey.chksum_name(kind) == 'sha256' else None
    except Exception:
        return None

# The last transaction of dnf's history, where it never ended.
def interrupted(conf):
    import sqlite3
    path = os.path.join(conf.persistdir, 'history.sqlite')
    if not os.path.exists(path):
        return None
    db = sqlite3.connect(path)
    try:
        row = db.execute('select id, state from trans order by id desc limit 1').fetchone()
    finally:
        db.close()
    return row[0] if row and row[1] == 0 else None

def duplicates(rows):
    versions = {}
    for row in rows:
        if not row['multi']:
            versions.setdefault((row['name'], row['arch']), []).append(row['version'])
    return {key: found for key, found in versions.items() if len(found) > 1}

def tell_broken(rows, base):
    for (name, arch), found in sorted(duplicates(rows).items()):
        out('broken', name=name, state='installed more than once: ' + ', '.join(sorted(found)))
    if base is not None:
        tid = interrupted(base.conf)
        if tid is not None:
            out('broken', name='dnf', state='transaction %d of its history was interrupted' % tid)

# needs-restarting's own word, from the tool itself; only exit code 1 means yes.
RESTARTING = '''
import sys, dnf.const, dnf.yum.misc
work = sys.argv[1]
dnf.yum.misc.getCacheDir = lambda *a, **k: work + "/own"
import dnf.lock
dnf.lock._fit_lock_dir = lambda folder: work
from dnf.cli.main import main
options = ["-q", "-C", "--disablerepo=*", "--setopt=cachedir=" + work + "/restart", "--setopt=logdir=" + work + "/log", "--disableplugin=*", "--enableplugin=needs_restarting,needs-restarting"]
sys.exit(main(options + ["needs-restarting", "-r"]))
'''

def ask_restarting(base):
    if ROOT or not any(glob.glob(os.path.join(p, 'needs_restarting.py')) for p in base.conf.pluginpath):
        return None
    return subprocess.Popen([sys.executable, '-I', '-B', '-c', RESTARTING, WORK], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

def tell_restarting(child):
    if child is None:
        return
    said = child.communicate()[0].decode('utf-8', 'replace')
    names = [line.strip()[2:].strip() for line in said.splitlines() if line.strip().startswith('* ')]
    out('restart', code=child.returncode, names=names, text=words(said))
`;
