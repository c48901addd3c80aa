/** `fl_sha FILE`: its SHA-256 as lower-case hex, with whatever the host has for it. */
export const HASH_FUNCTION = `fl_sha() {
  if fl_has sha256sum; then sha256sum "$1" | cut -c 1-64
  elif fl_has shasum; then shasum -a 256 "$1" | cut -c 1-64
  else openssl dgst -sha256 -r "$1" | cut -c 1-64; fi
}`;
