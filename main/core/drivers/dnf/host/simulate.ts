/** What asking for the stages would do, and whether there is a way back: the program of the simulation. */
export const SIMULATE = `
def tell_change(index, action, new, old):
    pkg = new if new is not None else old
    out('act', stage=index, action=action, name=pkg.name, arch=pkg.arch, old=None if old is None else evr(old), new=None if new is None else evr(new),
        was=None if old is None else old.arch, repo='' if new is None else new.reponame, down=0 if new is None else new.downloadsize,
        size=0 if new is None else new.installsize, freed=0 if old is None else old.installsize,
        multi=is_multi(pkg.name, [str(p).split(' ')[0] for p in pkg.provides]))

def tell_old(base, cache, old):
    key = (old.name, old.arch, evr(old))
    for path in file_places(cache, key):
        try:
            if header_of(path) == key:
                out('kept', name=key[0], arch=key[1], version=key[2], path=path)
                break
        except Exception:
            pass
    for pkg in matching(base, *key, flags=hawkey.IGNORE_REGULAR_EXCLUDES):
        if pkg.arch == old.arch:
            out('offered', name=key[0], arch=key[1], version=key[2], repo=pkg.reponame)

# Packages that the host's own configuration of needs-restarting names.
def tell_restarts():
    for path in glob.glob(glob.escape(ROOT) + '/etc/dnf/plugins/needs-restarting.d/*.conf'):
        with open(path, errors='replace') as lines:
            for line in list(lines)[:1000]:
                if line.strip():
                    out('restarts', name=line.strip())

def main():
    rows = list(installed_rows())
    base = None
    refresh_if_asked()
    try:
        cache = system_cache(new_base().conf)
        base = open_base()
        note_excluded(base)
        restarting = ask_restarting(base)
        tell_restarts()
    except Exception as error:
        base = None
        out('fault', what='dnf', text=words(error))
    tell_installed(rows, base)
    tell_broken(rows, base)
    tell_lock(new_base().conf)
    asked, last, olds = [], [], {}
    for index, stage in enumerate(REQUEST['stages'] if base is not None else []):
        asked += stage
        missing, hidden = ask(base, asked)
        for want in missing:
            offers = sorted({evr(pkg) for pkg in base.sack.query(flags=hawkey.IGNORE_EXCLUDES).available().filterm(name=want['name'])})
            out('missing', stage=index, offers=offers[-5:], **want)
        for want in hidden:
            out('hidden', stage=index, **want)
        if missing or hidden:
            break
        try:
            base.resolve()
        except dnf.exceptions.Error as error:
            out('unsolved', stage=index, text=words(error))
            break
        last = changes(base)
        for action, new, old in last:
            tell_change(index, action, new, old)
            if old is not None:
                olds[(old.name, old.arch, evr(old))] = old
        out('solved', stage=index)
    if base is not None:
        tell_restarting(restarting)
    for key in sorted(olds):
        tell_old(base, cache, olds[key])
    if last:
        try:
            tell_reverse(base, last)
        except Exception as error:
            out('reverse', ok=False, text=words(error))
    out('end', version=dnf.VERSION, rpm=rpm.__version__)

main()
`;
