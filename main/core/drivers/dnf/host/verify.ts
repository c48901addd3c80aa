/** What is installed now, with marks and locks, and whether a restart is wanted. */
export const VERIFY = `
def main():
    rows = list(installed_rows())
    base = None
    try:
        base = open_base(repos=False)
        note_excluded(base)
        restarting = ask_restarting(base)
    except Exception as error:
        base = None
        out('fault', what='dnf', text=words(error))
    tell_installed(rows, base)
    if base is not None:
        tell_restarting(restarting)
    out('end')

main()
`;
