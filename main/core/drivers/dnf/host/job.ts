/**
 * What the apply and the rollback job share. They run as root, detached (core/jobs/job.ts), with `FROSTLINE_JOB` naming their
 * folder; their output is the log. Our own lines begin with `frostline: `; what others say comes after `| `, so that no
 * package's script can speak for us. Progress: `frostline:<stage>:<stages>:<what>`, where what is `phase:<name>`,
 * `wait:<holder>`, `dl:<percent>` or `pm:<package>:<percent>`.
 */
export const JOB = String.raw`
import signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
D = os.environ['FROSTLINE_JOB']
LOCK_SECONDS, EXIT = REQUEST['lockSeconds'], REQUEST['exit']
POSITION = [1, max(1, len(REQUEST.get('stages', [1])))]

def say(line):
    PRINT.write('frostline: %s\n' % ' '.join(str(line).split()))

def quoted(lines):
    for line in lines:
        PRINT.write('| %s\n' % line[:2000])

def out(kind, **data):
    if kind == 'said':
        quoted([data['text']])
    elif kind in ('fault', 'unread'):
        say('%s: %s' % (data['what'], data['text']))
    elif kind == 'repo' and 'error' in data:
        say('repository %s: %s' % (data['id'], data['error']))

def note(what):
    with open(os.path.join(D, 'progress'), 'a', encoding='ascii', errors='backslashreplace') as file:
        file.write('frostline:%d:%d:%s\n' % (POSITION[0], POSITION[1], ' '.join(what.split())))

class Ended(Exception):
    def __init__(self, code):
        self.code = code

def titled(held):
    return 'pid %d%s' % (held[0], ' (%s)' % held[1] if held[1] else '')

def wait_for_lock():
    until, last, conf = time.time() + LOCK_SECONDS, None, new_base().conf
    while True:
        held = lock_holder(conf, system_cache(conf))
        if held is None:
            if last is not None:
                note('phase:waited')
            return
        if held != last:
            last = held
            say("waiting for the package manager's lock, held by " + titled(held))
            note('wait:' + titled(held))
        if time.time() >= until:
            say('the lock was not released within %d s: %s' % (LOCK_SECONDS, titled(held)))
            raise Ended(EXIT['lockTimeout'])
        if os.path.exists(os.path.join(D, 'stop')):
            say('stopped while waiting for the lock, as asked')
            raise Ended(EXIT['stopped'])
        time.sleep(1)

def check_writable():
    for path in ('/usr', '/var/lib/rpm', '/etc'):
        if os.path.isdir(ROOT + path) and not os.access(ROOT + path, os.W_OK):
            say(path + ' is not writable')
            raise Ended(EXIT['readOnly'])

def cause(said):
    name = cause_name(said)
    return None if name is None else EXIT[name]

class Progress(dnf.callback.TransactionProgress):
    def __init__(self):
        super(Progress, self).__init__()
        self.failed, self.all, self.current, self.last = {}, [], '', None

    def progress(self, package, action, ti_done, ti_total, ts_done, ts_total):
        name = getattr(package, 'name', None)
        if name is None or action == dnf.callback.PKG_VERIFY:
            return
        self.current = name
        share = (max(0, (ts_done or 1) - 1) + (float(ti_done or 0) / ti_total if ti_total else 0)) / (ts_total or 1)
        told = (name, int(share * 50))
        if told != self.last:
            self.last = told
            note('pm:%s:%.1f' % (name, min(100, share * 100)))

    def scriptout(self, msgs):
        if msgs:
            lines = [line for line in text(msgs).splitlines() if line.strip()]
            self.all += lines
            quoted(['%s: %s' % (self.current, line) for line in lines])

    # dnf's own log has it too, which is quoted.
    def error(self, message):
        self.all.append(words(message))
        found = re.search(r'rpm package ([A-Za-z0-9.+_-]+)', str(message))
        if found:
            self.failed[found.group(1)] = words(message)

def fetch(base, pkgs):
    try:
        fetch_packages(base, pkgs, lambda percent: note('dl:%d' % percent), lambda line: quoted([line]))
    except NotFetched as error:
        say('could not be fetched: ' + words(error))
        raise Ended(cause(str(error)) or EXIT['repository'])

# Runs what is resolved. Returns what scripts failed, by package, and everything that was said.
def run(base):
    fetch(base, list(base.transaction.install_set))
    base.conf.rpmverbosity = 'warning'
    until = time.time() + LOCK_SECONDS
    while True:
        display, said = Progress(), ''
        try:
            base.do_transaction(display)
        except dnf.exceptions.LockError as error:
            say(words(error))
            if time.time() < until:
                wait_for_lock()
                time.sleep(1)
                continue
            raise Ended(EXIT['lockTimeout'])
        except (dnf.exceptions.Error, OSError) as error:
            said = words(error)
            quoted([said])
        return display.failed, ' '.join(display.all) + ' ' + said

def by_key(rows):
    found = {}
    for row in rows:
        found.setdefault((row['name'], row['arch']), set()).add(row['version'])
    return found

# Package files straight through rpm, in one transaction: for states dnf will not work on. Every other version of them goes.
def direct(paths, removals):
    ts = rpm.TransactionSet(ROOT or '/')
    ts.setVSFlags(rpm._RPMVSF_NOSIGNATURES)
    ts.setProbFilter(rpm.RPMPROB_FILTER_OLDPACKAGE | rpm.RPMPROB_FILTER_REPLACEPKG | rpm.RPMPROB_FILTER_REPLACEOLDFILES)
    files, count = {}, [0]
    # What scripts print goes through us: it must not look like words of ours.
    said = open(os.path.join(WORK, 'said'), 'w+b')
    ts.scriptFd = said.fileno()
    rpm.setLogFile(said)
    for path in paths:
        with open(path, 'rb') as file:
            ts.addInstall(ts.hdrFromFdno(file.fileno()), path, 'u')
    for name, arch, version in removals:
        for h in ts.dbMatch('name', name):
            if text(h[rpm.RPMTAG_ARCH]) == arch and evr_text(h[rpm.RPMTAG_EPOCH], text(h[rpm.RPMTAG_VERSION]), text(h[rpm.RPMTAG_RELEASE])) == version:
                ts.addErase(h.dbinstance if hasattr(h, 'dbinstance') else h)
    problems = ts.check()
    if problems:
        quoted([words(problem) for problem in problems][:20])
        return False
    ts.order()

    def callback(what, amount, total, key, data):
        if what == rpm.RPMCALLBACK_INST_OPEN_FILE:
            files[key] = open(key, 'rb')
            count[0] += 1
            note('pm:%s:%.1f' % (os.path.basename(key).rsplit('-', 2)[0], 100.0 * count[0] / (len(paths) + 1)))
            return files[key].fileno()
        if what == rpm.RPMCALLBACK_INST_CLOSE_FILE:
            files.pop(key).close()
        return None

    problems = ts.run(callback, '')
    rpm.setLogFile(sys.stderr)
    said.seek(0)
    quoted([line for line in text(said.read()).splitlines() if line.strip()])
    said.close()
    if problems:
        quoted([words(problem[0] if isinstance(problem, tuple) else problem) for problem in problems][:20])
    return not problems

# An ended transaction after one that never ended, so that dnf's history says how the host is.
def close_history(marks=()):
    base = open_base(private=False, repos=False)
    try:
        last = base.history.last()
        for name, arch, auto in marks:
            for pkg in base.sack.query().installed().filterm(name=name, arch=arch):
                if is_auto(base, name, arch) != auto:
                    base.history.set_reason(pkg, TransactionItemReason_DEPENDENCY if auto else TransactionItemReason_USER)
        base.history.beg(base._ts.dbCookie() if last is None else last.end_rpmdb_version, [], [], 'frostline')
        base.history.end(base._ts.dbCookie())
    finally:
        base.close()

def wrong_marks(marks):
    base = open_base(private=False, repos=False)
    try:
        return [mark for mark in marks if is_auto(base, mark[0], mark[1]) != mark[2]]
    finally:
        base.close()

def finish(code):
    if code == 0:
        note('phase:finished')
    say('ended with %d' % code)
    shutil.rmtree(WORK, ignore_errors=True)
    sys.exit(code)

def run_job(main):
    try:
        main()
        code = 0
    except Ended as end:
        code = end.code
    except (Exception, KeyboardInterrupt) as error:
        say('failed inside: %s: %s' % (type(error).__name__, words(error)))
        code = cause(str(error)) or EXIT['broke']
    finish(code)
`;
