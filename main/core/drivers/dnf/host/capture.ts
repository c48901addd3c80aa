/** As root, before anything changes: what is installed, and the old packages of everything the plan touches, put aside. */
export const CAPTURE = `
def good(path, key, sha):
    try:
        if header_of(path) != key or not is_whole(path):
            return None
        found = sha_of(path)
        return found if sha is None or found == sha else None
    except Exception:
        return None

def put_aside(path, folder, key):
    target = os.path.join(folder, file_name(*key))
    if os.path.abspath(path) != os.path.abspath(target):
        if os.path.lexists(target):
            os.unlink(target)
        try:
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)
    return target

def secure(base, key, folder, cache):
    offered = [] if base is None else [pkg for pkg in matching(base, *key, flags=hawkey.IGNORE_EXCLUDES) if pkg.arch == key[1]]
    known = sha256_of(offered[0]) if offered else None
    for path in [os.path.join(folder, file_name(*key))] + file_places(cache, key):
        sha = good(path, key, known)
        if sha is not None:
            return put_aside(path, folder, key), sha, 'host', bool(offered), None
    if not offered:
        return None, None, None, False, 'no repository of this host offers %s any more' % key[2]
    try:
        fetch_packages(base, offered[:1])
        path = offered[0].localPkg()
        sha = good(path, key, known)
        if sha is None:
            return None, None, None, True, 'what the repository gave is not that package'
        return put_aside(path, folder, key), sha, 'repository', True, None
    except (NotFetched, OSError) as error:
        return None, None, None, True, words(error)

# As installed now: an update may have changed the architecture to noarch or from it.
def still_installed(rows, old):
    for row in rows:
        if row['name'] == old['name'] and row['version'] == old['version'] and (row['arch'] == old['arch'] or 'noarch' in (row['arch'], old['arch'])):
            return row['name'], row['arch'], row['version']
    return None

def main():
    rows = list(installed_rows())
    base, cache = None, ROOT + dnf.const.SYSTEM_CACHEDIR
    try:
        cache = system_cache(new_base().conf)
        base = open_base(fetch=True)
        note_excluded(base)
    except Exception as error:
        out('fault', what='dnf', text=words(error))
    tell_installed(rows, base)
    for old in REQUEST['old']:
        key = still_installed(rows, old)
        if key is None:
            continue
        path, sha, source, offered, reason = secure(base, key, REQUEST['folder'], cache)
        data = {'name': key[0], 'arch': key[1], 'version': key[2], 'offered': offered}
        if path is not None:
            out('secured', path=path, sha256=sha, source=source, bytes=os.path.getsize(path), **data)
        else:
            out('unsecured', reason=reason, **data)
    out('end')

main()
`;
