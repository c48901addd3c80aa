/**
 * What the updates ask of other packages, and what installed ones ask of those that would be replaced. Requirements name
 * sonames and files; who provides them is known here only, so they are told as packages. Most are met by what stays
 * installed and are left out.
 */
export const RELATIONS = `
OPS = ('<', '<=', '=', '>=', '>')

# Every package there is and every candidate, and who provides what, each question asked once.
class World(object):
    def __init__(self, base, candidates):
        self.base = base
        self.coming = candidates
        self.known = {}
        self.found = {}
        self.beside = {}
        for pkg in base.sack.query().installed():
            self.known.setdefault(pkg.name, []).append(pkg)
        for pkg in candidates.values():
            self.known.setdefault(pkg.name, []).append(pkg)

    def providers(self, dep):
        key = str(dep)
        if key not in self.found:
            query = self.base.sack.query(flags=hawkey.IGNORE_REGULAR_EXCLUDES).filterm(provides=dep)
            self.found[key] = [pkg for pkg in query if pkg.reponame == hawkey.SYSTEM_REPO_NAME or self.coming.get((pkg.name, pkg.arch)) == pkg]
        return self.found[key]

    # A new version comes beside the old one, which stays.
    def stays(self, pkg):
        if pkg.name not in self.beside:
            self.beside[pkg.name] = is_multi(pkg.name, [str(dep).split()[0] for dep in pkg.provides])
        return self.beside[pkg.name]

    # Met by a package that stays, or whose update meets it too.
    def met(self, dep):
        found = self.providers(dep)
        for pkg in found:
            if pkg.reponame == hawkey.SYSTEM_REPO_NAME:
                new = self.coming.get((pkg.name, pkg.arch))
                if new is None or new in found or self.stays(pkg):
                    return True
        return False

    # The versions of each name that are meant, as few words as say it. A version without release means all its releases.
    def named(self, dep, packages):
        said = str(dep).split()
        result = []
        for name in sorted({pkg.name for pkg in packages}):
            if name == said[0] and len(said) == 1:
                result.append({'name': name})
                continue
            if name == said[0] and len(said) == 3 and said[1] in OPS and (said[1] in ('>=', '<') or '-' in said[2]):
                result.append({'name': name, 'op': said[1], 'version': said[2][2:] if said[2].startswith('0:') else said[2]})
                continue
            meant = [pkg for pkg in packages if pkg.name == name]
            others = [pkg for pkg in self.known.get(name, []) if pkg not in meant]
            if not others and name != said[0]:
                result.append({'name': name})
            elif all(pkg < min(meant) for pkg in others):
                result.append({'name': name, 'op': '>=', 'version': evr(min(meant))})
            elif all(pkg > max(meant) for pkg in others):
                result.append({'name': name, 'op': '<=', 'version': evr(max(meant))})
            else:
                result.extend({'name': name, 'op': '=', 'version': version} for version in sorted({evr(pkg) for pkg in meant}))
        return result

    def requires(self, pkg):
        result = []
        for dep in pkg.requires:
            word = str(dep)
            # Rich dependencies, rpm's own features, and what a package provides itself.
            if word.startswith(('(', 'rpmlib(', 'solvable:', 'config(')) or self.met(dep):
                continue
            found = self.providers(dep)
            if pkg in found:
                continue
            said = word.split()
            if found:
                result.append(self.named(dep, found))
            elif len(said) == 3 and said[1] in OPS:
                result.append([{'name': said[0], 'op': said[1], 'version': said[2]}])
            else:
                result.append([{'name': said[0]}])
        return result

    def conflicts(self, pkg):
        result = []
        for dep in pkg.conflicts:
            if not str(dep).startswith('('):
                result.extend(self.named(dep, [other for other in self.providers(dep) if other.name != pkg.name]))
        return result

    def replaces(self, pkg):
        result = []
        for dep in pkg.obsoletes:
            meant = [other for other in self.known.get(str(dep).split()[0], []) if other.name != pkg.name and self.base.sack.query(flags=hawkey.IGNORE_REGULAR_EXCLUDES).filterm(pkg=[pkg]).filterm(obsoletes=[other])]
            result.extend(self.named(dep, meant))
        return result

    # Installed packages that need something an update no longer provides.
    def bound(self):
        installed = self.base.sack.query().installed()
        found = set()
        for (name, arch), new in self.coming.items():
            kept = {str(dep) for dep in new.provides}
            for old in self.known.get(name, []):
                if old.reponame != hawkey.SYSTEM_REPO_NAME or old.arch != arch or self.stays(old):
                    continue
                for dep in old.provides:
                    if str(dep) not in kept:
                        found.update(installed.filter(requires=dep))
        return found

def tell_relations(base, candidates):
    world = World(base, candidates)
    def tell(pkg, installed, requires):
        conflicts, replaces = world.conflicts(pkg), [] if installed else world.replaces(pkg)
        if requires or conflicts or replaces:
            out('relations', name=pkg.name, arch=pkg.arch, version=evr(pkg), installed=installed, requires=requires[:500], conflicts=conflicts[:500], replaces=replaces[:500])
    for key in sorted(candidates):
        tell(candidates[key], False, world.requires(candidates[key]))
    bound = world.bound()
    for pkg in sorted(base.sack.query().installed()):
        if pkg in bound or pkg.conflicts:
            tell(pkg, True, world.requires(pkg) if pkg in bound else [])
    out('related')
`;
