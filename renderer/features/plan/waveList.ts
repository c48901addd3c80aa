/** Splits `1, 10%, 50%` at commas and spaces. */
export const waveList = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== '');
