/** This machine's IANA time zone. Asked for where it is needed: to look it up takes longer than starting most commands. */
export const machineZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
