/** The rollback job's program: every touched package back to its captured version, mark and lock, in one transaction. */
export const ROLLBACK = String.raw`
# The file put aside for a package, if it is still what was put aside.
def own_file(item):
    try:
        return item['path'] if item.get('path') and sha_of(item['path']) == item['sha256'] else None
    except OSError:
        return None

# Captured packages that are not there as captured; and what must go: versions of theirs, and packages that were not there.
def look():
    rows = list(installed_rows())
    has, multi = by_key(rows), {(row['name'], row['arch']) for row in rows if row['multi']}
    undone, gone = [], []
    for item in REQUEST['back']:
        key = (item['name'], item['arch'])
        extra = set() if key in multi else {(name, arch, version) for (name, arch), versions in has.items() if name == key[0] and 'noarch' in (arch, key[1]) or (name, arch) == key for version in versions} - {key + (item['version'],)}
        if item['version'] not in has.get(key, ()) or extra:
            undone.append(item)
            gone += sorted(extra)
    for item in REQUEST['added']:
        for version in sorted(has.get((item['name'], item['arch']), ())):
            if version == item['version'] or (item['only'] and (item['name'], item['arch']) not in multi):
                gone.append((item['name'], item['arch'], version))
    return undone, gone, has

def torn(undone, has):
    return any(item['version'] in has.get((item['name'], item['arch']), ()) for item in undone)

def restore(undone, gone, has):
    note('phase:restoring')
    base = open_base(private=False, fetch=True)
    paths, offered, lost = [], [], []
    for item in undone:
        path = own_file(item)
        if path:
            paths.append(path)
            continue
        found = [pkg for pkg in matching(base, item['name'], item['arch'], item['version'], hawkey.IGNORE_EXCLUDES) if pkg.arch == item['arch']]
        if found:
            offered.append(found[0])
        else:
            lost.append(item)
            say('no package of %s %s to be had' % (item['name'], item['version']))
    replaced = {item['name'] for item in undone}
    wanted = {(item['name'], item['arch'], item['version']) for item in undone}
    said, clean = '', not torn(undone, has)
    if clean and (paths or offered or gone):
        problem = way_back(base, paths, [key for key in gone if key[0] not in replaced], offered)
        if problem is None:
            done = changes(base)
            others = sorted({line for change in done for line in lines_of(change)} - wanted - set(gone))
            if others:
                say('going back would also change:' + ''.join(' %s %s' % (key[0], key[2]) for key in others))
                raise Ended(EXIT['wouldChangeOthers'])
            failed, said = run(base)
            for name in sorted(failed):
                say('script failed: %s: %s' % (name, failed[name]))
        else:
            quoted([problem])
            say('dnf does not see a way back from here')
    left, still, has = look()
    if [item for item in left if item not in lost] or [key for key in still if key[0] not in {item['name'] for item in lost}]:
        say('restoring the old packages with rpm')
        fetch(base, offered)
        here = paths + [pkg.localPkg() for pkg in offered]
        direct(here, [key for key in still if key[0] not in {item['name'] for item in left}])
        close_history()
        left, still, has = look()
    base.close()
    if not left and not still:
        return 0
    say('not restored: ' + ' '.join(sorted({item['name'] for item in left} | {key[0] for key in still})))
    return EXIT['artefactMissing'] if lost else cause(said) or EXIT['notRestored']

def lines_of(change):
    action, new, old = change
    return [(pkg.name, pkg.arch, evr(pkg)) for pkg in (new, old) if pkg is not None]

# Locks as captured, of the packages concerned only.
def restore_locks():
    base = new_base()
    note_excluded(base)
    path = lock_file(base.conf)
    if path is None:
        return
    lines = open(path, errors='replace').read().splitlines() if os.path.exists(path) else []
    def names(line):
        forms = dnf.subject.Subject(line.strip()).get_nevra_possibilities(forms=LOCK_FORMS)
        return {forms[0].name} if line.strip() and not line.startswith(('#', '!')) and forms else set()
    kept = list(lines)
    for item in REQUEST['marks']:
        locked = any(any(fnmatch.fnmatchcase(item['name'], one) for one in names(line)) for line in kept)
        if item['held'] and not locked and not any(fnmatch.fnmatchcase(item['name'], one) for one in EXCLUDED):
            epoch, rest = item['version'].split(':') if ':' in item['version'] else ('0', item['version'])
            kept.append('%s-%s:%s.*' % (item['name'], epoch, rest))
        elif not item['held'] and locked:
            kept = [line for line in kept if item['name'] not in names(line)]
    if kept != lines:
        with open(path + '.new', 'w') as file:
            file.write('\n'.join(kept) + '\n')
        os.chmod(path + '.new', 0o644)
        os.rename(path + '.new', path)

def main():
    note('phase:checking')
    wait_for_lock()
    check_writable()
    undone, gone, has = look()
    code = 0
    if undone or gone:
        code = restore(undone, gone, has)
    else:
        say('every package is at its captured version already')
    note('phase:marks')
    marks = [(item['name'], item['arch'], item['auto']) for item in REQUEST['marks']]
    if wrong_marks(marks) or interrupted(new_base().conf) is not None:
        close_history(marks)
    restore_locks()
    if code:
        raise Ended(code)

run_job(main)
`;
