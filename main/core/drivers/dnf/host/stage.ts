/** As root: downloads what the job will need into dnf's own cache. */
export const STAGE = `
def fetch_all(asked):
    base = open_base(private=False, fetch=True)
    try:
        note_excluded(base)
        apply_locks(base)
        missing, hidden = ask(base, asked)
        for want in missing + hidden:
            out('missing', **want)
        if missing or hidden:
            return False
        base.resolve()
        pkgs = list(base.transaction.install_set)
        new = [pkg for pkg in pkgs if not os.path.exists(pkg.localPkg())]
        fetch_packages(base, pkgs)
        out('fetched', bytes=sum(pkg.downloadsize for pkg in new))
        return True
    finally:
        base.close()

def main():
    until, asked = time.time() + REQUEST['lockSeconds'], []
    for stage in REQUEST['stages']:
        asked += stage
        while True:
            try:
                if not fetch_all(asked):
                    return
                break
            except dnf.exceptions.LockError as error:
                if time.time() >= until:
                    out('failed', cause='lockTimeout', text=words(error))
                    tell_lock(new_base().conf)
                    return
                time.sleep(1)
            except (NotFetched, dnf.exceptions.Error, OSError) as error:
                if cause_name(str(error)) == 'lockTimeout' and time.time() < until:
                    time.sleep(1)
                    continue
                unsolved = isinstance(error, dnf.exceptions.DepsolveError)
                out('failed', cause=cause_name(str(error)) or ('unsolved' if unsolved else 'repository'), text=words(error))
                return

try:
    main()
except Exception as error:
    out('failed', cause=cause_name(str(error)) or 'broke', text=words(error))
out('end')
`;
