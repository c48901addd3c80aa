/** The apply job's program: stages in order, one transaction each, compared with the plan before and judged by packages after. */
export const APPLY = `
# Expected: ['I', name, arch, version] and ['R', name, arch, version]. Those not true yet.
def pending(expected, rows):
    has, multi = by_key(rows), {(row['name'], row['arch']) for row in rows if row['multi']}
    left = []
    for kind, name, arch, version in expected:
        here = has.get((name, arch), set())
        if kind == 'I' and (version not in here or (len(here) > 1 and (name, arch) not in multi)):
            left.append([kind, name, arch, version])
        if kind == 'R' and version in here:
            left.append([kind, name, arch, version])
    return left

def states(left, rows):
    has = by_key(rows)
    return ' '.join('%s (%s)' % (name, ', '.join(sorted(has.get((name, arch), ()))) or 'not installed') for kind, name, arch, version in left)

def line_of(change):
    action, new, old = change
    return ('I', new.name, new.arch, evr(new)) if new is not None else ('R', old.name, old.arch, evr(old))

# A cut-off transaction leaves two versions of a package: the new one is put there again, with its scripts, the old one goes.
def mend(expected, rows):
    doubled = duplicates(rows)
    torn = [item for item in expected if item[0] == 'I' and item[3] in doubled.get((item[1], item[2]), ())]
    if not torn:
        return False
    note('phase:recovering')
    say('mending what a cut-off transaction left:' + ''.join(' ' + item[1] for item in torn))
    base = open_base(private=False, fetch=True)
    found = [pkg for item in torn for pkg in matching(base, *item[1:], flags=hawkey.IGNORE_EXCLUDES)[:1]]
    fetch(base, found)
    direct([pkg.localPkg() for pkg in found], [])
    base.close()
    close_history()
    return True

def apply_stage(stage):
    label, expected = stage['stage'], stage['expected']
    if os.path.exists(os.path.join(D, 'stop')):
        say('stopped before stage %d, as asked' % label)
        raise Ended(EXIT['stopped'])
    note('phase:checking')
    wait_for_lock()
    check_writable()
    rows = list(installed_rows())
    if mend(expected, rows):
        rows = list(installed_rows())
    left = pending(expected, rows)
    if not left:
        say('stage %d: nothing left to do' % label)
        return
    names = {item[1] for item in left}
    base = open_base(private=False, fetch=True)
    note_excluded(base)
    apply_locks(base)
    missing, hidden = ask(base, [want for want in stage['packages'] if want['name'] in names])
    if missing or hidden:
        say('stage %d: not on offer any more, or locked: %s' % (label, ' '.join(want['name'] for want in missing + hidden)))
        raise Ended(EXIT['drifted'])
    try:
        base.resolve()
    except dnf.exceptions.Error as error:
        quoted([words(error)])
        say('stage %d: dnf no longer agrees to it' % label)
        raise Ended(EXIT['drifted'])
    now, plan = {line_of(change) for change in changes(base)}, {tuple(item) for item in left}
    if now != plan:
        say('stage %d: dnf would do otherwise than the plan showed (< plan, > now): %s' % (label, '; '.join(['< ' + ' '.join(item) for item in sorted(plan - now)] + ['> ' + ' '.join(item) for item in sorted(now - plan)])[:1500]))
        raise Ended(EXIT['drifted'])
    say('stage %d: %d changes' % (label, len(left)))
    note('phase:applying')
    failed, said = run(base)
    base.close()
    rows = list(installed_rows())
    left = pending(expected, rows)
    for name in sorted(failed):
        say('script failed: %s: %s' % (name, failed[name]))
    if left:
        if mend(expected, rows):
            left = pending(expected, list(installed_rows()))
    if left:
        say('failed: ' + states(left, rows))
        raise Ended(cause(said) or EXIT['stageFailed'])
    if failed:
        say('stage %d is in place, but scripts failed: %s' % (label, ' '.join(sorted(failed))))
        raise Ended(EXIT['scriptFailed'])

def main():
    for index, stage in enumerate(REQUEST['stages']):
        POSITION[0] = index + 1
        apply_stage(stage)

run_job(main)
`;
