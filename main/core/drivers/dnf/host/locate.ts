/** Where dnf would download from what a request installs. Only over http and https; the hash is the metadata's. */
export const LOCATE = `
def main():
    base = open_base(tell=False)
    note_excluded(base)
    apply_locks(base)
    asked = [want for stage in REQUEST['stages'] for want in stage]
    missing, hidden = ask(base, asked)
    if not missing and not hidden:
        base.resolve()
        for pkg in base.transaction.install_set:
            url, digest = pkg.remote_location(schemes=('https', 'http')), sha256_of(pkg)
            if url and digest:
                out('at', name=pkg.name, arch=pkg.arch, version=evr(pkg), url=url, bytes=pkg.downloadsize, sha256=digest)

try:
    main()
except Exception as error:
    out('fault', what='locate', text=words(error))
out('end')
`;
