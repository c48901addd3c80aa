/**
 * The way back, played by dnf's own solver on a host as it would be afterwards: a copy of rpm's database (headers only, cut
 * to what dependencies need) with the transaction applied, the old packages offered as package files (headers without
 * payload), the very request the rollback makes. Without root, in the private folder.
 */
export const REVERSE = String.raw`
KEPT_TAGS = [getattr(rpm, 'RPMTAG_' + name) for name in (
    'NAME EPOCH VERSION RELEASE ARCH OS SIZE SUMMARY SOURCERPM VENDOR INSTALLTIME BUILDTIME SIGMD5 '
    'PROVIDENAME PROVIDEFLAGS PROVIDEVERSION REQUIRENAME REQUIREFLAGS REQUIREVERSION CONFLICTNAME CONFLICTFLAGS CONFLICTVERSION '
    'OBSOLETENAME OBSOLETEFLAGS OBSOLETEVERSION BASENAMES DIRNAMES DIRINDEXES FILEMODES').split()]
HEADER_MAGIC = b'\x8e\xad\xe8\x01\x00\x00\x00\x00'
FLAGS = {'': 0, '<': rpm.RPMSENSE_LESS, '>': rpm.RPMSENSE_GREATER, '=': rpm.RPMSENSE_EQUAL,
         '<=': rpm.RPMSENSE_LESS | rpm.RPMSENSE_EQUAL, '>=': rpm.RPMSENSE_GREATER | rpm.RPMSENSE_EQUAL}

def cut(h):
    small = rpm.hdr()
    for tag in KEPT_TAGS:
        value = h[tag]
        if value is not None and value != []:
            small[tag] = value
    return small

# A header for a package of a repository, out of its metadata.
def header_from(pkg):
    h = rpm.hdr()
    h[rpm.RPMTAG_NAME], h[rpm.RPMTAG_VERSION], h[rpm.RPMTAG_RELEASE] = pkg.name, pkg.version, pkg.release
    if pkg.epoch:
        h[rpm.RPMTAG_EPOCH] = pkg.epoch
    h[rpm.RPMTAG_ARCH], h[rpm.RPMTAG_OS], h[rpm.RPMTAG_SUMMARY] = pkg.arch, 'linux', pkg.name
    h[rpm.RPMTAG_SIZE], h[rpm.RPMTAG_VENDOR] = min(pkg.installsize, 2 ** 31), pkg.vendor or ''
    for name, deps in (('PROVIDE', pkg.provides), ('REQUIRE', pkg.requires), ('CONFLICT', pkg.conflicts), ('OBSOLETE', pkg.obsoletes)):
        parts = [(str(dep) if str(dep).startswith('(') else None, str(dep).split(' ')) for dep in deps]
        parts = [(rich, '', '') if rich else (w[0], w[1] if len(w) == 3 else '', w[2] if len(w) == 3 else '') for rich, w in parts]
        if parts:
            h[getattr(rpm, 'RPMTAG_%sNAME' % name)] = [p[0] for p in parts]
            h[getattr(rpm, 'RPMTAG_%sFLAGS' % name)] = [FLAGS[p[1]] for p in parts]
            h[getattr(rpm, 'RPMTAG_%sVERSION' % name)] = [p[2] for p in parts]
    files = [f for f in pkg.files if f.startswith('/')]
    if files:
        dirs = sorted({f.rsplit('/', 1)[0] + '/' for f in files})
        h[rpm.RPMTAG_BASENAMES] = [f.rsplit('/', 1)[1] for f in files]
        h[rpm.RPMTAG_DIRNAMES] = dirs
        h[rpm.RPMTAG_DIRINDEXES] = [dirs.index(f.rsplit('/', 1)[0] + '/') for f in files]
    return h

# What the solver reads of a package file: lead, an empty signature, the header.
def write_package(path, h):
    lead = b'\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01' + b'fl'.ljust(66, b'\0') + b'\x00\x01\x00\x05' + b'\0' * 16
    with open(path, 'wb') as file:
        file.write(lead + HEADER_MAGIC + b'\0' * 8 + HEADER_MAGIC + h.unload())

def after(last, folder):
    gone = {(old.name, old.arch, evr(old)) for action, new, old in last if old is not None}
    ts = rpm.TransactionSet(ROOT or '/')
    ts.setVSFlags(-1)
    listed, paths = os.path.join(folder, 'headers'), []
    with open(listed, 'wb') as file:
        for h in ts.dbMatch():
            key = (text(h[rpm.RPMTAG_NAME]), text(h[rpm.RPMTAG_ARCH]), evr_text(h[rpm.RPMTAG_EPOCH], text(h[rpm.RPMTAG_VERSION]), text(h[rpm.RPMTAG_RELEASE])))
            if key[0] == 'gpg-pubkey':
                continue
            if key in gone:
                paths.append(os.path.join(folder, file_name(*key)))
                write_package(paths[-1], cut(h))
            else:
                file.write(HEADER_MAGIC + cut(h).unload())
        for action, new, old in last:
            if new is not None:
                file.write(HEADER_MAGIC + header_from(new).unload())
    db = os.path.join(folder, 'db')
    os.makedirs(db)
    with open(listed, 'rb') as file:
        made = subprocess.run(['rpmdb', '--dbpath', db, '--importdb'], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.unlink(listed)
    if made.returncode != 0:
        raise RuntimeError('no copy of the package database could be made: ' + words(made.stdout.decode('utf-8', 'replace')))
    return db, paths, gone

def tell_reverse(base, last):
    folder = os.path.join(WORK, 'reverse')
    os.makedirs(folder)
    news = {(new.name, new.arch, evr(new)) for action, new, old in last if new is not None}
    added = {(new.name, new.arch, evr(new)) for action, new, old in last if action == 'install'}
    db, paths, gone = after(last, folder)
    base.close()
    rpm.addMacro('_dbpath', db)
    try:
        base = open_base(tell=False)
        problem = way_back(base, paths, added)
        if problem is not None:
            problem = 'dnf sees no way back: ' + problem
        else:
            done = changes(base)
            back = {(new.name, new.arch, evr(new)) for action, new, old in done if new is not None}
            left = {(old.name, old.arch, evr(old)) for action, new, old in done if old is not None}
            others = sorted((back - gone) | (left - news))
            short = sorted((gone - back) | (news - left))
            if others:
                problem = 'going back would also change ' + ', '.join(sorted({key[0] for key in others})[:5])
            elif short:
                problem = 'going back would not restore ' + ', '.join(sorted({key[0] for key in short})[:5])
        out('reverse', ok=problem is None, text=problem or '')
    finally:
        rpm.delMacro('_dbpath')
`;
