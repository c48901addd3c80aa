/** What is installed and what could be: the program of the scan. Needs `RELATIONS`. */
export const SCAN = `
ADVISORY_TYPES = {hawkey.ADVISORY_SECURITY: 'security', hawkey.ADVISORY_BUGFIX: 'bugfix', hawkey.ADVISORY_ENHANCEMENT: 'enhancement', hawkey.ADVISORY_NEWPACKAGE: 'enhancement'}

# Advisories that name a version above the installed one and up to the candidate.
def advisories(base, pkg, old):
    found = []
    start = old if old is not None else pkg
    for advisory in start.get_advisories(hawkey.GT if old is not None else hawkey.EQ):
        named = [one for one in advisory.packages if one.name == pkg.name and one.arch == pkg.arch]
        if not any(base.sack.evr_cmp(one.evr, pkg.evr) <= 0 for one in named):
            continue
        refs = [ref.id for ref in advisory.references if ref.type == hawkey.REFERENCE_CVE and ref.id]
        found.append({'id': advisory.id, 'type': ADVISORY_TYPES.get(advisory.type, 'other'), 'severity': advisory.severity or '', 'cves': refs})
    return found

def goal_of(base, erasing):
    base.reset(goal=True)
    base.upgrade_all()
    goal = base.goal
    goal.add_protected(base.sack.query().filterm(name=base.conf.protected_packages))
    goal.run(allow_uninstall=erasing, force_best=False, ignore_weak_deps=not base.conf.install_weak_deps)
    return goal

def chosen(goal):
    if goal.problem_rules():
        return {}, []
    new = goal.list_upgrades() + goal.list_installs()
    gone = goal.list_obsoleted() + goal.list_erasures()
    return {(p.name, p.arch): p for p in new}, gone

def tell_updates(base, held):
    everything = hawkey.IGNORE_REGULAR_EXCLUDES
    installed = {}
    for pkg in base.sack.query().installed():
        installed.setdefault(pkg.name, []).append(pkg)
    plain, gone = chosen(goal_of(base, False))
    if base.goal.problem_rules():
        out('unsolved', text=words(dnf.util._format_resolve_problems(base.goal.problem_rules())))
    candidates = dict(plain)
    for pkg in base.sack.query(flags=everything).available().upgrades().latest():
        if (pkg.name, pkg.arch) not in candidates:
            candidates[(pkg.name, pkg.arch)] = pkg
    wider = None
    told = {}
    for (name, arch), pkg in sorted(candidates.items()):
        same = [one for one in installed.get(name, []) if one.arch == arch] or [one for one in installed.get(name, []) if 'noarch' in (one.arch, arch)]
        old = max(same) if same else None
        if old is not None and old >= pkg:
            continue
        blocked = None
        if (name, arch) not in plain or plain[(name, arch)] != pkg:
            if old is None and installed.get(name):
                continue
            if any(fnmatch.fnmatchcase(name, one) for one in held):
                blocked = 'held'
            elif old is not None and not base.conf.allow_vendor_change and (old.vendor or '') != (pkg.vendor or ''):
                blocked = 'vendor-change'
            else:
                if wider is None:
                    wider = chosen(goal_of(base, True))[0]
                blocked = 'removes-packages' if wider.get((name, arch)) == pkg else 'kept-back'
        told[(name, arch)] = pkg
        out('update', name=name, arch=arch, old=None if old is None else evr(old), new=evr(pkg), repo=pkg.reponame, size=pkg.downloadsize,
            sha256=sha256_of(pkg), blocked=blocked, advisories=advisories(base, pkg, old))
    for pkg in gone:
        out('removal', name=pkg.name, arch=pkg.arch, version=evr(pkg))
    return told

def main():
    rows = list(installed_rows())
    base = None
    refresh_if_asked()
    try:
        base = open_base()
        note_excluded(base)
        restarting = ask_restarting(base)
    except Exception as error:
        out('fault', what='dnf', text=words(error))
    tell_installed(rows, base)
    tell_broken(rows, base)
    tell_lock(new_base().conf)
    if base is not None:
        if not base.repos._any_enabled():
            out('norepos')
        else:
            try:
                told = tell_updates(base, apply_locks(base) | EXCLUDED)
                try:
                    tell_relations(base, told)
                except Exception as error:
                    out('unrelated', text=words(error))
            except Exception as error:
                out('fault', what='updates', text=words(error))
        tell_restarting(restarting)
    out('end', version=dnf.VERSION, rpm=rpm.__version__)

main()
`;
