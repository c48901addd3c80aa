/** The request that leads back: for the simulation and for the rollback itself. */
export const BACK = `
# Resolves: these package files in, these packages out. Locks, excludes and what newer packages replace count for nothing on
# the way back. Returns what stands in the way, or None.
def way_back(base, paths, removals, offered=()):
    base.conf.disable_excludes = ['all']
    base.conf.obsoletes = False
    base.conf.best = False
    base.conf.install_weak_deps = False
    base.conf.clean_requirements_on_remove = False
    base.conf.installonly_limit = 0
    base.sack.reset_excludes()
    base.reset(goal=True)
    files = base.add_remote_rpms(paths) if paths else []
    base.sack.reset_excludes()
    for pkg in list(files) + list(offered):
        select(base, [pkg])
    for name, arch, version in removals:
        for pkg in base.sack.query().installed().filterm(name=name, arch=arch):
            if evr(pkg) == version:
                base.goal.erase(pkg)
    try:
        base.resolve()
    except dnf.exceptions.Error as error:
        return words(error)
    return None
`;
