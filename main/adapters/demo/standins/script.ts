/**
 * The stand-ins are sh and awk kept in TypeScript, so that they come along in a bundle. `script` takes text as it stands,
 * backslashes included; only the two characters that would end or open something in a template are written otherwise: `@{`
 * stands for a dollar sign and a brace.
 */
export const script = (text: TemplateStringsArray): string => text.raw.join('').replaceAll('@{', '$\u007b');
