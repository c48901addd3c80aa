/** Packages as a command's options name them. */
import { invalid } from './context.ts';

/** `PKG` or `PKG:ARCH`. */
export const named = (text: string): { name: string; arch?: string } => {
  const at = text.lastIndexOf(':');
  return at < 1 ? { name: text } : { name: text.slice(0, at), arch: text.slice(at + 1) };
};

/** Versions hold colons (epochs), so an architecture is only what follows the last colon and looks like one. */
const ARCH_SUFFIX =
  /:(all|amd64|arm64|armhf|armel|i386|ppc64el|s390x|riscv64|mips64el|x86_64|aarch64|noarch|i686)$/;

/** `PKG=VERSION`, `PKG=VERSION:ARCH` or `PKG:ARCH=VERSION`, as `option` takes it. */
export const packageVersion = (
  text: string,
  option = '--add',
): { name: string; arch?: string; version: string } => {
  const at = text.indexOf('=');
  if (at < 1) throw invalid(`${option} ${text}: expected PACKAGE=VERSION or PACKAGE=VERSION:ARCH.`);
  const rest = text.slice(at + 1);
  const arch = ARCH_SUFFIX.exec(rest)?.[1];
  const version = arch === undefined ? rest : rest.slice(0, -arch.length - 1);
  return { ...named(text.slice(0, at)), version, ...(arch === undefined ? {} : { arch }) };
};
