/** Releases as os-release's VERSION_ID names them, out of the code names that advisory data goes by. */

const DEBIAN = new Map(
  Object.entries({
    stretch: '9',
    buster: '10',
    bullseye: '11',
    bookworm: '12',
    trixie: '13',
    forky: '14',
    duke: '15',
  }),
);
const UBUNTU = new Map(
  Object.entries({
    trusty: '14.04',
    xenial: '16.04',
    bionic: '18.04',
    focal: '20.04',
    jammy: '22.04',
    noble: '24.04',
    oracular: '24.10',
    plucky: '25.04',
    questing: '25.10',
    resolute: '26.04',
  }),
);

/** A code name that is not known stays: a host's own code name may be the same. */
export const debianRelease = (codename: string): string => DEBIAN.get(codename) ?? codename;
/** `esm-infra/focal` is focal with its support paid for. */
export const ubuntuRelease = (codename: string): string => {
  const bare = codename.replace(/^.*\//, '');
  return UBUNTU.get(bare) ?? bare;
};
