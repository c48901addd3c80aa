/**
 * awk for apt-get's resolver. From the environment: STATUS, LISTS, SOURCES (files of --with-source), MODE (`install`,
 * `upgrade`, `dist-upgrade`), SPECS (newline separated), FLAGS (words), PLAN (file to write the actions to). Prints what apt
 * prints. Plan lines, tab separated: `I name arch from|- to file auto`, `R name arch version`; `file` is where the package
 * comes from. Exit code 100 when it cannot be done.
 */
import { script } from './script.ts';

export const RESOLVE_AWK = script`
function flag(word) { return index(" " ENVIRON["FLAGS"] " ", " " word " ") > 0 }
function final(p) { if (p in GONE) return ""; return p in WANT ? WANT[p] : iver(p) }
function fail(text) { print "E: " text; failed = 1 }

# One alternative, e.g. "libssl3 (>= 3.0.15)", into dname, dop, dver.
function read_dep(text,   w) {
  gsub(/[()]/, "", text); sub(/^ +/, "", text)
  split(text, w, " "); dname = bare(w[1]); dop = w[2]; dver = w[3]
}
function dep_met(group,   n, alt, i) {
  n = split(group, alt, "|")
  for (i = 1; i <= n; i++) {
    read_dep(alt[i])
    if (final(dname) != "" && holds(final(dname), dop, dver)) return 1
  }
  return 0
}
function best_for(p, op, v,   i, best) {
  best = ""
  for (i = 1; i <= versions(p); i++) if (let_in(p, AV[p, i]) && holds(AV[p, i], op, v) && (best == "" || vcmp(AV[p, i], best) > 0)) best = AV[p, i]
  return best
}
function mark(p, v, by) {
  WANT[p] = v; delete GONE[p]; changed = 1; WHY[p] = by
  if (!(p in IVER)) { NEW[p] = 1; if (!(p in FIXED)) AUTO[p] = 1 }
}
function drop(p, by) { delete WANT[p]; GONE[p] = 1; WHY[p] = by; changed = 1 }
function unmet(p, group) {
  read_dep(group)
  UNMET = UNMET " " p " : Depends: " group " but " (final(dname) == "" ? "it is not going to be installed" : final(dname) " is to be installed") "\n"
  BLAME[p] = 1
}
function meet(p, group,   n, alt, i, v) {
  n = split(group, alt, "|")
  for (i = 1; i <= n; i++) {
    read_dep(alt[i])
    if (dname in FIXED || dname in GONE) continue
    if (dname in SHOLD && SHOLD[dname] && !flag("change-held") && !flag("ignore-hold")) continue
    v = best_for(dname, dop, dver)
    if (v != "") { mark(dname, v, p); return 1 }
  }
  return 0
}
function deps_of(p) { return ADEP[p, WANT[p]] }
function conflicts_of(p) { return ACON[p, WANT[p]] }
# Whether what a version needs is there or could be had.
function could_be(p, v,   n, g, i, m, alt, j, ok) {
  n = split(ADEP[p, v], g, ", *")
  for (i = 1; i <= n; i++) {
    ok = dep_met(g[i]); m = split(g[i], alt, "|")
    for (j = 1; j <= m && !ok; j++) { read_dep(alt[j]); ok = !(dname in FIXED) && !(dname in GONE) && best_for(dname, dop, dver) != "" }
    if (!ok) return 0
  }
  return 1
}
# Anything installed that what is wanted would break: bring it along, or let it go.
function mend_installed(   i, p, n, g, j, c) {
  for (i = 1; i <= SN; i++) {
    p = SP[i]
    if (!(p in IVER) || p in WANT || p in GONE) continue
    n = split(SDEP[p], g, ", *")
    for (j = 1; j <= n; j++) {
      if (dep_met(g[j])) continue
      read_dep(g[j])
      if (!(dname in WANT) && !(dname in GONE)) continue
      c = candidate(p)
      why = dname
      if (vcmp(c, IVER[p]) > 0 && !SHOLD[p] && could_be(p, c)) mark(p, c, why)
      else drop(p, why)
      break
    }
  }
}
function settle_conflicts(p,   n, g, i) {
  n = split(conflicts_of(p), g, ", *")
  for (i = 1; i <= n; i++) {
    read_dep(g[i])
    if (dname == p || final(dname) == "" || !holds(final(dname), dop, dver)) continue
    if (dname in FIXED || (dname in SHOLD && SHOLD[dname])) { UNMET = UNMET " " p " : Conflicts: " g[i] "\n"; BLAME[p] = 1 }
    else drop(dname, p)
  }
}
function resolve(   round, p, n, g, i) {
  UNMET = ""; split("", BLAME)
  for (round = 0; round < 100; round++) {
    changed = 0
    for (p in WANT) {
      n = split(deps_of(p), g, ", *")
      for (i = 1; i <= n; i++) if (!dep_met(g[i]) && !meet(p, g[i])) unmet(p, g[i])
      settle_conflicts(p)
      if (UNMET != "") return 0
    }
    mend_installed()
    if (!changed) return 1
  }
  return 0
}
function reset() { split("", WANT); split("", GONE); split("", NEW); split("", AUTO); split("", WHY) }
# Who asked for a package first: follows the reasons back.
function root_of(p,   i) { for (i = 0; i < 50 && WHY[p] != ""; i++) p = WHY[p]; return p }
function upgrade_all(   i, p, again, c) {
  do {
    again = 0; reset()
    for (i = 1; i <= SN; i++) {
      p = SP[i]
      if (!(p in IVER) || p in KEPT) continue
      c = candidate(p)
      if (vcmp(c, IVER[p]) <= 0) continue
      if (SHOLD[p] && !flag("ignore-hold")) { KEPT[p] = 1; continue }
      WANT[p] = c; WHY[p] = ""
    }
    if (!resolve()) { for (p in BLAME) { KEPT[root_of(p)] = 1; again = 1 } continue }
    if (ENVIRON["MODE"] == "dist-upgrade") break
    for (p in GONE) { KEPT[root_of(p)] = 1; again = 1 }
    if (!flag("new-packages")) for (p in NEW) { KEPT[root_of(p)] = 1; again = 1 }
  } while (again)
}
function ask(spec,   p, v, i) {
  p = spec; v = ""
  if (spec ~ /^\// || spec ~ /^\.\//) { p = FILE_NAME[spec]; v = FILE_VER[spec]; if (p == "") return fail("Unsupported file " spec " given on commandline") }
  else if (index(spec, "=")) { p = substr(spec, 1, index(spec, "=") - 1); v = substr(spec, index(spec, "=") + 1) }
  else if (spec ~ /-$/ && !(spec in AN) && !(spec in IVER)) {
    p = bare(substr(spec, 1, length(spec) - 1))
    if (p in IVER) { FIXED[p] = 1; drop(p, "") } else print "Package '" p "' is not installed, so not removed"
    return
  }
  p = bare(p)
  if (!(p in AN) && !(p in IVER)) return fail("Unable to locate package " p)
  if (v == "") v = candidate(p)
  else if (v != iver(p) && !((p, v) in ADEP)) return fail("Version '" v "' for '" p "' was not found")
  if (v == "") return fail("Package '" p "' has no installation candidate")
  FIXED[p] = 1; ASKED[p] = 1
  if (v == iver(p) && !flag("reinstall")) { print p " is already the newest version (" v ")."; return }
  WANT[p] = v; WHY[p] = ""
  if (!(p in IVER)) NEW[p] = 1
}
function visit(p,   n, g, i) {
  if (p in SEEN) return
  SEEN[p] = 1
  n = split(ADEP[p, WANT[p]], g, ", *")
  for (i = 1; i <= n; i++) { read_dep(g[i]); if (dname in WANT) visit(dname) }
  ORDER[++ORDERED] = p
}
function sorted(set, out,   n, i, j, t, p) {
  n = 0
  for (p in set) out[++n] = p
  for (i = 2; i <= n; i++) { t = out[i]; for (j = i - 1; j > 0 && (out[j] "") > (t ""); j--) out[j + 1] = out[j]; out[j + 1] = t }
  return n
}
function listed(title, set,   n, L, i, line) {
  n = sorted(set, L)
  if (n == 0) return
  print title
  line = " "
  for (i = 1; i <= n; i++) line = line " " L[i]
  print line
}
function target(p,   o) {
  o = AORIGIN[p, WANT[p]]
  return "(" WANT[p] (o == "" ? "" : " " o) " [" AARCH[p, WANT[p]] "])"
}
BEGIN {
  mode = ENVIRON["MODE"]; plan = ENVIRON["PLAN"]
  load_status(ENVIRON["STATUS"])
  n = split(ENVIRON["SOURCES"], L, "\n")
  for (i = 1; i <= n; i++) if (L[i] != "") load_list(L[i], "", "")
  load_lists()
  n = split(ENVIRON["FILES"], L, "\n")
  for (i = 1; i <= n; i++) {
    if (split(L[i], w, "\t") != 2) continue
    RS = ""
    if ((getline para < w[2]) > 0) {
      fields(para, F); p = F["Package"]; v = F["Version"]; FILE_NAME[w[1]] = p; FILE_VER[w[1]] = v
      if (!((p, v) in ADEP)) { AV[p, ++AN[p]] = v; ADEP[p, v] = F["Depends"]; ACON[p, v] = F["Conflicts"]; AARCH[p, v] = F["Architecture"] }
      AFILE[p, v] = w[2]; ALIST[p, v] = ""
    }
    close(w[2])
  }
  print "Reading package lists...\nBuilding dependency tree...\nReading state information..."
  if (mode == "install") {
    n = split(ENVIRON["SPECS"], L, "\n")
    for (i = 1; i <= n; i++) if (L[i] != "") ask(L[i])
    if (!failed && !resolve()) {
      print "Some packages could not be installed. This may mean that you have\nrequested an impossible situation.\nThe following packages have unmet dependencies:"
      printf "%s", UNMET
      fail("Unable to correct problems, you have held broken packages.")
    }
    if (failed) exit 100
  } else { print "Calculating upgrade..."; upgrade_all() }

  for (i = 1; i <= SN; i++) {
    p = SP[i]
    if (p in IVER && !(p in WANT) && !(p in GONE) && vcmp(candidate(p), IVER[p]) > 0) { left++; if (mode != "install") BACK[p] = 1 }
  }
  for (p in WANT) {
    if (!(p in IVER)) { ADDED[p] = 1; added++ }
    else if (vcmp(WANT[p], IVER[p]) < 0) { DOWN[p] = 1; down++ }
    else { UP[p] = 1; up++ }
    if (p in IVER && SHOLD[p]) HELD[p] = 1
  }
  for (p in GONE) { gone++; if (SHOLD[p]) HELD[p] = 1 }
  listed("The following NEW packages will be installed:", ADDED)
  listed("The following packages will be REMOVED:", GONE)
  listed("The following packages have been kept back:", BACK)
  listed("The following held packages will be changed:", HELD)
  listed("The following packages will be upgraded:", UP)
  listed("The following packages will be DOWNGRADED:", DOWN)
  printf "%d upgraded, %d newly installed, %s%d to remove and %d not upgraded.\n", up, added, (down ? down " downgraded, " : ""), gone, left
  if (gone && flag("no-remove")) fail("Packages need to be removed but remove is disabled.")
  if (failed) exit 100
  if (!flag("simulate") && flag("yes")) {
    for (p in HELD) if (!flag("change-held")) fail("Held packages were changed and -y was used without --allow-change-held-packages.")
    for (p in DOWN) if (!failed && !flag("downgrades")) fail("Packages were downgraded and -y was used without --allow-downgrades.")
    if (failed) exit 100
  }
  n = sorted(GONE, L)
  for (i = 1; i <= n; i++) {
    if (flag("simulate")) print (flag("purge") ? "Purg " : "Remv ") L[i] " [" IVER[L[i]] "]"
    print "R\t" L[i] "\t" SARCH[L[i]] "\t" IVER[L[i]] > plan
  }
  split("", W2); n = sorted(WANT, W2)
  for (i = 1; i <= n; i++) visit(W2[i])
  for (i = 1; i <= ORDERED; i++) {
    p = ORDER[i]; v = WANT[p]; f = AFILE[p, v]
    # A relative file name of --with-source is beside that source; a list's is in the pool.
    if (f !~ /^\// && ALIST[p, v] != "" && AORIGIN[p, v] == "") { d = ALIST[p, v]; sub(/\/[^\/]*$/, "", d); sub(/^\.\//, "", f); f = d "/" f }
    if (flag("simulate")) print "Inst " p (p in IVER ? " [" IVER[p] "]" : "") " " target(p)
    print "I\t" p "\t" AARCH[p, v] "\t" (p in IVER ? IVER[p] : "-") "\t" v "\t" f "\t" (p in AUTO ? 1 : 0) "\t" ASIZE[p, v] "\t" ASHA[p, v] > plan
  }
  if (flag("simulate")) for (i = 1; i <= ORDERED; i++) print "Conf " ORDER[i] " " target(ORDER[i])
  for (p in ASKED) print "M\t" p > plan
}
`;
