/**
 * What the scripts for zypper hosts share. zypper's own dry run (`--dry-run`, zypper(8)) answers without root, and takes no
 * lock, where it is given another root: `$T/root`, a link to `/`. It reads the caches that are there and keeps its own in
 * the temporary folder, so nothing on the host is touched. Beside zypper and rpm the scripts need the usual awk, sed, grep,
 * sort, cut, head, tail, tr, wc, cat, cp, ln, mkdir, mktemp, rm, date, df, uname, gzip.
 */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput } from '../../ports.ts';
import { FACT_FUNCTIONS } from '../facts.ts';
import { GUARD_MARK } from '../guard.ts';
import { UNPACK_FUNCTION } from '../metadata.ts';
import { framedScript, plainLine, readSections, type Sections, WORK_FUNCTION } from '../shell.ts';
import { LOCKS_UNBLOCK } from './guard.ts';

/** Alias of the repository that stands for package files which the console brought, or a capture put aside. */
export const EXTRA = 'frostline-files';

/**
 * `fl_ours`: settings of our own in $T/zypp.conf where the host is under guard, which counts for others and not for us.
 * `fl_own_conf FILE` writes them with FILE as the locks. `fl_locked`: "pid TAB command" of who has libzypp's lock; fails where
 * nobody has. The file that names it stays behind, so a number alone proves nothing.
 */
export const ZYPP_FUNCTIONS = `${LOCKS_UNBLOCK}
fl_own_conf() {
  fl_f=$R/etc/zypp/zypp.conf
  [ -r "$fl_f" ] || fl_f=$R/usr/etc/zypp/zypp.conf
  [ -r "$fl_f" ] || fl_f=/dev/null
  { printf '[main]\\nlocksfile.path = %s\\n' "$1"; grep -v '^[[:space:]]*\\(\\[main\\]\\|locksfile\\.path\\)' "$fl_f"; } >"$T/zypp.conf"
  ZYPP_CONF=$T/zypp.conf; export ZYPP_CONF
}
fl_ours() {
  ! grep -q ${GUARD_MARK} "$R/etc/zypp/locks" 2>/dev/null || { fl_unblock "$R/etc/zypp/locks" >"$T/locks" && fl_own_conf "$T/locks"; }
}
fl_locked() {
  fl_p=
  [ ! -r "$R/run/zypp.pid" ] || read -r fl_p <"$R/run/zypp.pid" || :
  case $fl_p in ''|*[!0-9]*) return 1 ;; esac
  [ "$fl_p" != "$$" ] && [ -r "$R/proc/$fl_p/cmdline" ] || return 1
  fl_c=$(tr '\\000' ' ' <"$R/proc/$fl_p/cmdline" 2>/dev/null | head -c 300)
  if [ -r "$R/proc/$fl_p/maps" ] && fl_m=$(grep -c libzypp "$R/proc/$fl_p/maps" 2>/dev/null) && [ -n "$fl_m" ]; then [ "$fl_m" != 0 ] || return 1
  else case $fl_c in *zypp*|*packagekit*|*y2*|*YaST*|*transactional*) ;; *) return 1 ;; esac; fi
  printf '%s\\t%s\\n' "$fl_p" "$fl_c"
}`;

/**
 * `fl_ready`: the private root; needs $T. `fl_ask`: zypper there. `fl_rows`, `fl_multi`, `fl_autos`: what is installed, which
 * of it may be there several times (zypp.conf(5), `multiversion`), and what came in for others only. `fl_lists FILE`: what the enabled
 * repositories' lists say of the packages named in FILE. `fl_advice FILE`: their advisories.
 */
export const ASK_FUNCTIONS = `${ZYPP_FUNCTIONS}
${UNPACK_FUNCTION}
fl_ready() {
  ln -s "$R/" "$T/root" && mkdir -p "$T/solv" || return 1
  cp -r "$R"/var/cache/zypp/solv/. "$T/solv/" 2>/dev/null
  fl_ours
}
fl_ask() ( umask 022; ZYPP_READONLY_HACK=1 ZYPP_LOCK_TIMEOUT=0 zypper -R "$T/root" -x -n --no-refresh --solv-cache-dir "$T/solv" \${X:+--reposd-dir} \${X:+"$T/repos.d"} \${X:+--raw-cache-dir} \${X:+"$T/raw"} "$@" )
# fl_offer FOLDER: its package files count as if a repository offered them, before all others. They were checked by their hashes.
X=
fl_offer() {
  mkdir -p "$T/repos.d" "$T/raw" || return 1
  # Those of which nothing was ever read stay out: zypper would ask for them first, and wait for networks that are not there.
  for fl_f in "$R"/etc/zypp/repos.d/*.repo; do
    [ -r "$fl_f" ] || continue
    sed -n 's/^[[:space:]]*\\[\\(.*\\)\\].*/\\1/p' "$fl_f" | while IFS= read -r fl_alias; do
      [ -r "$R/var/cache/zypp/raw/$(printf '%s' "$fl_alias" | tr / _)/repodata/repomd.xml" ] || printf '[%s]\\n' "$fl_alias"
    done >"$T/unread"
    awk 'FILENAME == ARGV[1] { off[$0] = 1; next } /^[[:space:]]*\\[/ { gsub(/^[[:space:]]+|[[:space:]]+$/, ""); out = ($0 in off) } !(out && /^[[:space:]]*enabled[[:space:]]*=/) { print } /^\\[/ && out { print "enabled=0" }' "$T/unread" "$fl_f" >"$T/repos.d/\${fl_f##*/}"
  done
  for fl_f in "$R"/var/cache/zypp/raw/*; do [ ! -d "$fl_f" ] || ln -s "$fl_f" "$T/raw/"; done
  printf '[${EXTRA}]\\nname=${EXTRA}\\nenabled=1\\nautorefresh=0\\nbaseurl=dir:%s\\ntype=plaindir\\ngpgcheck=0\\npriority=1\\n' "$1" >"$T/repos.d/${EXTRA}.repo" || return 1
  X=1
  ZYPP_READONLY_HACK=1 zypper -R "$T/root" -x -n --reposd-dir "$T/repos.d" --raw-cache-dir "$T/raw" --solv-cache-dir "$T/solv" refresh ${EXTRA} >"$T/offered" 2>&1
}
# One line for each error that zypper told in a file.
fl_errors() { awk '/^<message type="error">/ { sub(/^<[^>]*>/, ""); on = 1 } on { l = $0; done = sub(/<\\/message>.*/, "", l); said = said " " l; if (done) { print substr(said, 2); said = ""; on = 0 } }' "$1"; }
# zypper as it is for all, with what is offered besides. Root. What it writes down may be read by all, as it should.
fl_do() ( umask 022; zypper -x -n --no-refresh \${X:+--reposd-dir} \${X:+"$T/repos.d"} \${X:+--raw-cache-dir} \${X:+"$T/raw"} \${X:+--solv-cache-dir} \${X:+"$T/solv"} "$@" )
fl_refresh() ( umask 022; zypper -x -n refresh )
fl_rpm() { rpm \${R:+--root} \${R:+"$R"} "$@"; }
fl_rows() { fl_rpm -qa --qf '%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\t%{SOURCERPM}\\t%{VENDOR}\\t%{LONGSIZE}\\n' | grep -v '^gpg-pubkey	'; }
fl_multi() {
  fl_f=$R/etc/zypp/zypp.conf
  [ -r "$fl_f" ] || fl_f=$R/usr/etc/zypp/zypp.conf
  sed -n 's/^[[:space:]]*multiversion[[:space:]]*=//p' "$fl_f" 2>/dev/null | tr ',' '\\n' | while read -r fl_w; do
    case $fl_w in
      '') ;;
      provides:*) fl_rpm -q --qf '%{NAME}\\n' --whatprovides "\${fl_w#provides:}" 2>/dev/null | grep -v ' ' ;;
      *) printf '%s\\n' "$fl_w" ;;
    esac
  done | sort -u
}
# Which kernel each package of one brings, as uname calls it: by the names of its files.
fl_kernels() {
  fl_rpm -q --qf '[%{=NAME}\\t%{=ARCH}\\t%|EPOCH?{%{EPOCH}:}:{}|%{=VERSION}-%{=RELEASE}\\t%{FILENAMES}\\n]' --whatprovides 'multiversion(kernel)' 2>/dev/null | awk -F '\\t' -v OFS='\\t' '
{ f = $4 }
f ~ /^\\/boot\\/(vmlinu[xz]|[Ii]mage|zImage|uImage)-/ { sub(/^\\/boot\\/[A-Za-z]*-/, "", f); print $1, $2, $3, f; next }
f ~ /^(\\/usr)?\\/lib\\/modules\\/[^\\/]+\\/(vmlinu[xz]|[Ii]mage|zImage)$/ { sub(/^(\\/usr)?\\/lib\\/modules\\//, "", f); sub(/\\/.*/, "", f); print $1, $2, $3, f }' | sort -u
}
fl_autos() { [ ! -r "$R/var/lib/zypp/AutoInstalled" ] || sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$R/var/lib/zypp/AutoInstalled"; }
fl_lock() { fl_locked || :; }
# zypper needs-rebooting ends with 102 for yes.
fl_restart() {
  [ ! -e "$R/run/reboot-needed" ] || printf 'file\\n'
  zypper -q needs-rebooting >/dev/null 2>&1; printf 'code\\t%s\\n' "$?"
}
fl_enabled() { sed -n 's/^<repo alias="\\([^"]*\\)".* enabled="1".*/\\1/p' "$1" | sed -e "s/&apos;/'/g" -e 's/&quot;/"/g' -e 's/&lt;/</g' -e 's/&gt;/>/g' -e 's/&amp;/\\&/g'; }
# Package names in what zypper printed.
fl_named() { grep -h -o '\\(<update kind="package"\\|<solvable type="package"\\) name="[^"]*"' "$@" | sed 's/.* name="\\([^"]*\\)"/\\1/' | sort -u; }
# A tag at a time, whatever the lines are. Each package: "P name arch version type checksum bytes installed place vendor", then its relations.
fl_primary() {
  awk -v names="$1" '
function attr(s, k, p) { p = index(s, " " k "=\\""); if (!p) return ""; s = substr(s, p + length(k) + 3); return substr(s, 1, index(s, "\\"") - 1) }
function evr(s, e) { e = attr(s, "epoch"); return (e != "" && e != "0" ? e ":" : "") attr(s, "ver") (attr(s, "rel") == "" ? "" : "-" attr(s, "rel")) }
function body(s) { s = substr(s, index(s, ">") + 1); sub(/[ \\n\\t]+$/, "", s); return s }
BEGIN { RS = "<"; getline all < names; n = split(all, list, "\\n"); for (i = 1; i <= n; i++) want[list[i]] = 1 }
{ gsub(/[\\n\\t]/, " ") }
/^package / { name = ""; keep = 0; rel = ""; next }
/^name>/ { name = body($0); keep = name in want; next }
!keep { next }
/^arch>/ { arch = body($0) }
/^version / { version = evr($0) }
/^checksum / { type = attr($0, "type"); sum = body($0) }
/^size / { bytes = attr($0, "package"); installed = attr($0, "installed") }
/^location / { place = attr($0, "href") }
/^rpm:vendor>/ { vendor = body($0) }
/^rpm:(provides|requires|conflicts|obsoletes)>/ { kind = substr($0, 5, index($0, ">") - 5) }
/^\\/rpm:/ { kind = "" }
/^rpm:entry / && kind != "" { rel = rel "R\\t" kind "\\t" attr($0, "name") "\\t" attr($0, "flags") "\\t" evr($0) "\\n" }
/^\\/package>/ { printf "P\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n%s", name, arch, version, type, sum, bytes, installed, place, vendor, rel; vendor = "" }'
}
fl_updateinfo() {
  awk -v names="$1" '
function attr(s, k, p) { p = index(s, " " k "=\\""); if (!p) return ""; s = substr(s, p + length(k) + 3); return substr(s, 1, index(s, "\\"") - 1) }
function body(s) { s = substr(s, index(s, ">") + 1); sub(/[ \\n\\t]+$/, "", s); return s }
BEGIN { RS = "<"; getline all < names; n = split(all, list, "\\n"); for (i = 1; i <= n; i++) want[list[i]] = 1 }
{ gsub(/[\\n\\t]/, " ") }
/^update / { type = attr($0, "type"); id = severity = cves = packages = ""; next }
/^id>/ && id == "" { id = body($0) }
/^severity>/ { severity = body($0) }
/^reference / && attr($0, "type") == "cve" { cves = cves " " attr($0, "id") }
/^package / && (attr($0, "name") in want) { e = attr($0, "epoch"); packages = packages "N\\t" attr($0, "name") "\\t" attr($0, "arch") "\\t" (e != "" && e != "0" ? e ":" : "") attr($0, "version") "-" attr($0, "release") "\\n" }
/^\\/update>/ && packages != "" { printf "A\\t%s\\t%s\\t%s\\t%s\\n%s", id, type, severity, cves, packages }'
}
# $1 the file of names, $2 the list of repositories, $3 which list, $4 its reader.
fl_each_list() {
  fl_enabled "$2" | while IFS= read -r fl_alias; do
    fl_d=$R/var/cache/zypp/raw/$(printf '%s' "$fl_alias" | tr / _)/repodata
    fl_r=$(date -r "$fl_d/repomd.xml" +%s 2>/dev/null)
    printf 'repo\\t%s\\t%s\\n' "$fl_alias" "$fl_r"
    for fl_f in "$fl_d"/*"$3".xml*; do
      # Lists of an earlier day may lie beside those of today.
      [ -r "$fl_f" ] && grep -qF "\${fl_f##*/}" "$fl_d/repomd.xml" || continue
      { fl_cat "$fl_f" || printf 'unread\\t%s\\n' "$fl_alias" >&2; } | "$4" "$1"
    done
  done
}
fl_lists() { fl_each_list "$1" "$2" primary fl_primary; }
fl_advice() { fl_each_list "$1" "$2" updateinfo fl_updateinfo; }`;

const MOUNTS = '/ /usr /var /var/lib/rpm /var/cache/zypp /boot /tmp';

/** Sections `host`, `mounts`, `readonly`. */
export const HOST_BODY = `fl_sec host fl_facts
fl_sec mounts fl_mounts ${MOUNTS}
fl_sec readonly fl_readonly
`;

/** Sections of what is installed, with marks and locks; `notmp` where there is no room to work. Needs no repository. */
export const INVENTORY_BODY = `fl_work && fl_ready || { fl_mark notmp; fl_mark end; return 1; }
fl_sec rows fl_rows
fl_sec multi fl_multi
fl_sec auto fl_autos
fl_sec locks fl_ask ll --matches --solvables
fl_sec kernels fl_kernels
fl_sec restart fl_restart
fl_sec lock fl_lock
`;

export const script = (nonce: string, body: string): string =>
  framedScript(
    nonce,
    `${FACT_FUNCTIONS}
${WORK_FUNCTION}
${ASK_FUNCTIONS}`,
    body,
  );

/** zypper(8): some repositories were left out; what is said of the others holds. */
export const REPOSITORIES_SKIPPED = 106;

/** `fl_cached`: package files in libzypp's cache. */
export const CACHE_FUNCTION = `fl_cached() { find "$R/var/cache/zypp/packages" -type f -name '*.rpm' 2>/dev/null; }`;

export const NO_ROOM = { hint: 'Free space there (zypper clean helps), then try again.' };

/** Errors: `host.output-malformed`, `host.disk-full`. */
export function readAnswer(
  output: CommandOutput,
  nonce: string,
  required: readonly string[],
): Result<Sections> {
  const read = readSections(output, nonce, []);
  if (!read.ok) return read;
  const sections = read.value;
  if (sections.has('notmp'))
    return fail('host.disk-full', "There is no room in the host's temporary folders.", NO_ROOM);
  const missing = required.filter((name) => !sections.has(name));
  return missing.length === 0
    ? ok(sections)
    : fail('host.output-malformed', `The script's output lacks ${missing.join(', ')}.`, {
        hint: plainLine(`It printed: ${output.stderr}`, 500),
      });
}
