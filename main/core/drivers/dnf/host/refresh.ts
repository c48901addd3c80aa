/** As root: the repositories' metadata, read again. What could not be read is told, repository by repository. */
export const REFRESH = `
def refresh():
    base = new_base()
    base.read_all_repos()
    until = time.time() + 60
    while True:
        try:
            with dnf.lock.build_metadata_lock(base.conf.cachedir, True):
                for repo in list(base.repos.iter_enabled()):
                    repo._repo.expire()
                    try:
                        repo.load()
                    except dnf.exceptions.RepoError as error:
                        out('refresh', id=repo.id, error=words(error))
                        repo.disable()
            break
        except dnf.exceptions.LockError as error:
            if time.time() > until:
                out('refresh', id='*', error=words(error))
                break
            time.sleep(2)
    base.close()

def refresh_if_asked():
    if REQUEST.get('refresh'):
        try:
            refresh()
        except Exception as error:
            out('refresh', id='*', error=words(error))
`;
