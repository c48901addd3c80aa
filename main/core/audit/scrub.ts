/** A command's input as the audit log keeps it: everything that says what was done, nothing that opens a door. */

/** Names of fields that hold secrets, whatever they hold. `keyFile` and the like are paths, and stay. */
const SECRET_NAME =
  /^(secrets?|.*pass(word|phrase|code)|.*(secret|token|credentials?)|identity|identities|private.*|.*privateKey|key|keys|keyText|keyData|armor)$/i;
/** What is a secret under any name: private keys as OpenSSH, PEM, age and PuTTY write them. */
const SECRET_TEXT =
  /-----BEGIN [A-Z0-9 ]*(PRIVATE KEY|ENCRYPTED FILE)|AGE-SECRET-KEY-|PuTTY-User-Key-File|\$ANSIBLE_VAULT/;
/** Name and password in an address. */
const USERINFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]*@/gi;
/** `password=…`, `token: …` inside a command line or a note. */
const ASSIGNED =
  /\b(pass(?:word|phrase|wd)?|secret|token|api[_-]?key)(\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s"',;&]+)/gi;

/** Whole files in an input would drown the log; their length says enough. */
const LONGEST_TEXT = 500;
const LONGEST_DETAIL = 4000;
const LONGEST_REASON = 2000;
export const SECRET = '(secret)';

/** Free text without what looks like a secret in it. */
export const scrubText = (text: string): string =>
  SECRET_TEXT.test(text) ? SECRET : text.replace(USERINFO, `$1${SECRET}@`).replace(ASSIGNED, `$1$2${SECRET}`);

const clip = (text: string, limit: number): string => text.slice(0, limit).toWellFormed();

export const auditDetail = (input: unknown): string =>
  clip(
    JSON.stringify(input, (name, value: unknown) => {
      if (name !== '' && SECRET_NAME.test(name))
        return value === undefined || value === null ? value : SECRET;
      if (typeof value !== 'string') return value;
      if (SECRET_TEXT.test(value)) return SECRET;
      return value.length > LONGEST_TEXT ? `(${value.length} characters)` : scrubText(value);
    }) ?? '',
    LONGEST_DETAIL,
  );

/** Why it was done, where the input says so: a reason, or the message on a revision. */
export const auditReason = (input: unknown): string | undefined => {
  if (typeof input !== 'object' || input === null) return undefined;
  const said = ['reason' in input && input.reason, 'message' in input && input.message].find(
    (text): text is string => typeof text === 'string' && text.trim() !== '',
  );
  // Other control characters than these two have no place in a line of text.
  return said === undefined
    ? undefined
    : clip(scrubText(said.replace(/[^\P{Cc}\t\n]/gu, ' ')), LONGEST_REASON);
};
