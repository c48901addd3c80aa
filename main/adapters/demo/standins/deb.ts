/** awk functions every stand-in shares: control stanzas, the status file, the package lists, and dpkg's order of versions. */
import { script } from './script.ts';

export const DEB_AWK = script`
BEGIN { for (i = 1; i < 128; i++) ORD[sprintf("%c", i)] = i }

# dpkg's order: ~ before the end, the end before letters, letters before all else, runs of digits as numbers.
function ord(c) {
  if (c == "" || c ~ /^[0-9]$/) return 0
  if (c == "~") return -1
  return c ~ /^[A-Za-z]$/ ? ORD[c] : ORD[c] + 256
}
function part_cmp(a, b,   d, x, y) {
  while (a != "" || b != "") {
    while (a ~ /^[^0-9]/ || b ~ /^[^0-9]/) {
      d = ord(substr(a, 1, 1)) - ord(substr(b, 1, 1))
      if (d != 0) return d
      a = substr(a, 2); b = substr(b, 2)
    }
    sub(/^0+/, "", a); sub(/^0+/, "", b)
    match(a, /^[0-9]*/); x = substr(a, 1, RLENGTH); a = substr(a, RLENGTH + 1)
    match(b, /^[0-9]*/); y = substr(b, 1, RLENGTH); b = substr(b, RLENGTH + 1)
    if (length(x) != length(y)) return length(x) - length(y)
    if ((x "") != (y "")) return (x "") < (y "") ? -1 : 1
  }
  return 0
}
function vcmp(a, b,   ea, eb, ra, rb, d) {
  ea = index(a, ":") ? substr(a, 1, index(a, ":") - 1) : "0"; sub(/^[0-9]+:/, "", a)
  eb = index(b, ":") ? substr(b, 1, index(b, ":") - 1) : "0"; sub(/^[0-9]+:/, "", b)
  if (ea + 0 != eb + 0) return ea - eb
  ra = ""; if (match(a, /-[^-]*$/)) { ra = substr(a, RSTART + 1); a = substr(a, 1, RSTART - 1) }
  rb = ""; if (match(b, /-[^-]*$/)) { rb = substr(b, RSTART + 1); b = substr(b, 1, RSTART - 1) }
  d = part_cmp(a, b)
  return d != 0 ? d : part_cmp(ra, rb)
}
function holds(v, op, w,   d) {
  if (op == "") return 1
  d = vcmp(v, w)
  if (op == ">=") return d >= 0
  if (op == "<=") return d <= 0
  if (op == "=") return d == 0
  return op == ">>" ? d > 0 : d < 0
}

# The fields of one stanza into F; continuation lines are left out.
function fields(para, F,   n, L, i, c) {
  split("", F)
  n = split(para, L, "\n")
  for (i = 1; i <= n; i++) {
    if (L[i] ~ /^[ \t]/ || (c = index(L[i], ": ")) == 0) continue
    F[substr(L[i], 1, c - 1)] = substr(L[i], c + 2)
  }
}
# What is installed: SP[1..SN] names in order; of each name version, arch, state, hold, stanza.
function load_status(file,   para, F, w, p) {
  RS = ""; SN = 0
  while ((getline para < file) > 0) {
    fields(para, F); p = F["Package"]
    if (p == "") continue
    split(F["Status"], w, " ")
    SP[++SN] = p; SVER[p] = F["Version"]; SARCH[p] = F["Architecture"]; SSTATE[p] = w[3]; SHOLD[p] = w[1] == "hold"
    SDEP[p] = F["Depends"]; SCON[p] = F["Conflicts"]; SPARA[p] = para; SMA[p] = F["Multi-Arch"]
    if (w[3] != "config-files" && w[3] != "not-installed") IVER[p] = F["Version"]
  }
  close(file)
}
function origin_of(file) {
  if (file ~ /security/) return "Debian-Security:12/stable-security"
  return file ~ /updates/ ? "Debian:12-updates/stable-updates" : "Debian:12.8/stable"
}
function uri_of(file) {
  if (file ~ /security/) return "http://security.debian.demo/debian-security bookworm-security/main"
  return file ~ /updates/ ? "http://deb.debian.demo/debian bookworm-updates/main" : "http://deb.debian.demo/debian bookworm/main"
}
# One list: AV[p, 1..AN[p]] versions; of (p, version) dependencies, arch, origin, file, stanza. The first to name a version wins.
function load_list(file, origin, uri,   para, F, p, v) {
  RS = ""
  while ((getline para < file) > 0) {
    fields(para, F); p = F["Package"]; v = F["Version"]
    if (p == "" || v == "") continue
    if ((p, v) in ADEP) { AURI[p, v] = AURI[p, v] "\n" uri; continue }
    AV[p, ++AN[p]] = v
    ADEP[p, v] = F["Depends"]; ACON[p, v] = F["Conflicts"]; AARCH[p, v] = F["Architecture"]
    AORIGIN[p, v] = origin; AURI[p, v] = uri; AFILE[p, v] = F["Filename"]; ASIZE[p, v] = F["Size"]; ASHA[p, v] = F["SHA256"]; APARA[p, v] = para
    ALIST[p, v] = file
  }
  close(file)
}
# All lists of the host, newline separated in the environment: paths may hold blanks.
function load_lists(   n, L, i) {
  n = split(ENVIRON["LISTS"], L, "\n")
  for (i = 1; i <= n; i++) if (L[i] != "") load_list(L[i], origin_of(L[i]), uri_of(L[i]))
}
# Asking an awk array for what is not there puts it there: these do not.
function iver(p) { return p in IVER ? IVER[p] : "" }
function versions(p) { return p in AN ? AN[p] : 0 }
# What the guard's pins let through; without a guard everything.
function let_in(p, v,   line, f, rs) {
  if (ENVIRON["GUARD"] == "") return 1
  if (!GUARD_READ) {
    GUARD_READ = 1; rs = RS; RS = "\n"
    while ((getline line < ENVIRON["GUARD"]) > 0) { split(line, f, " "); LISTED[f[1], f[3]] = 1 }
    close(ENVIRON["GUARD"]); RS = rs
  }
  return (p, v) in LISTED
}
# The highest version there is, the installed one included; "" for none.
function candidate(p,   i, n, best) {
  best = iver(p); n = versions(p)
  for (i = 1; i <= n; i++) if (let_in(p, AV[p, i])) if (best == "" || vcmp(AV[p, i], best) > 0) best = AV[p, i]
  return best
}
function bare(name) { sub(/:[a-z0-9-]+$/, "", name); return name }
`;
