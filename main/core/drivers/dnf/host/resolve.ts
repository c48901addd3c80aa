/** A transaction as dnf would do it: the same functions for the simulation, the download and the jobs. */
export const RESOLVE = `
# The packages on offer that are exactly this one; one that came to be, or ceased to be, noarch is still the same package.
def matching(base, name, arch, version, flags=0):
    found = [pkg for pkg in base.sack.query(flags=flags).available().filterm(name=name) if evr(pkg) == version]
    return [pkg for pkg in found if pkg.arch == arch] or [pkg for pkg in found if 'noarch' in (pkg.arch, arch)]

def select(base, pkgs):
    selector = dnf.selector.Selector(base.sack)
    selector.set(pkg=pkgs)
    base.goal.install(select=selector, optional=False)

# Asks for every package in its exact version. Returns those nobody offers, and those that are excluded or locked.
def ask(base, wants):
    base.reset(goal=True)
    missing, hidden = [], []
    for want in wants:
        found = matching(base, want['name'], want['arch'], want['version'])
        if found:
            select(base, found)
        elif matching(base, want['name'], want['arch'], want['version'], hawkey.IGNORE_REGULAR_EXCLUDES):
            hidden.append(want)
        else:
            missing.append(want)
    return missing, hidden

# Everything the resolved goal would change: ('install'|'upgrade'|'downgrade'|'reinstall', new, old) and ('remove', None, old).
def changes(base):
    goal, found, replaced = base.goal, [], set()
    for action, pkgs in (('upgrade', goal.list_upgrades()), ('downgrade', goal.list_downgrades()), ('reinstall', goal.list_reinstalls()), ('install', goal.list_installs())):
        for pkg in pkgs:
            old = None
            for one in goal.obsoleted_by_package(pkg):
                if one.name == pkg.name and old is None:
                    old = one
                    replaced.add((one.name, one.arch, evr(one)))
            found.append((action if old is not None or action == 'install' else 'install', pkg, old))
    for pkg in goal.list_obsoleted() + goal.list_erasures():
        key = (pkg.name, pkg.arch, evr(pkg))
        if key not in replaced:
            replaced.add(key)
            found.append(('remove', None, pkg))
    return found
`;
