/** The window's pages as the specs speak of them: by roles and names only, as a screen reader would. */
import { errors, expect, type Locator, type Page } from '@playwright/test';

/** A run of a whole stage on demo hosts, on a machine that does other things too. */
export const RUN_TIMEOUT = 150_000;

type PlaceName =
  | 'Fleet'
  | 'Snapshots'
  | 'Rules'
  | 'Catalogue'
  | 'Freezes'
  | 'Signing'
  | 'Runs'
  | 'Reports'
  | 'Audit log';
export const place = (page: Page, name: PlaceName): Locator =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: new RegExp(`^${name}`) });

export const heading = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('heading', { level: 1, name });

/**
 * Presses the button that asks for a file, and gives it one. On a machine that does other things a press can fall between two
 * drawings of the page and be nobody's: then it is pressed once more, as a person would.
 */
export const chooseFile = async (button: Locator, file: string): Promise<void> => {
  const press = async () => {
    const asked = button.page().waitForEvent('filechooser', { timeout: 15_000 });
    const [chooser] = await Promise.all([asked, button.click()]);
    await chooser.setFiles(file);
  };
  await press().catch(async (error: unknown) => {
    if (!(error instanceof errors.TimeoutError)) throw error;
    await press();
  });
};

/** A row of a table by the link in it. */
const row = (grid: Locator, name: string): Locator =>
  grid.getByRole('row').filter({ has: grid.page().getByRole('link', { name, exact: true }) });

export const fleet = (page: Page) => {
  const grid = page.getByRole('grid', { name: 'Hosts' });
  return {
    offer: page.getByRole('button', { name: 'Start the demo fleet' }),
    grid,
    row: (host: string) => row(grid, host),
    filter: page.getByRole('searchbox', { name: 'Filter hosts' }),
    scanAll: page.getByRole('button', { name: 'Scan all' }),
    plan: page.getByRole('button', { name: 'Plan a snapshot…' }),
    progress: page.getByRole('region', { name: 'Going on now' }).getByRole('progressbar'),
    /** `24 hosts · 20 with security updates …` below the title. */
    summary: page.getByText(/ with security updates · /),
  };
};

export const createDialog = (page: Page) => {
  const dialog = page.getByRole('dialog', { name: 'New snapshot' });
  return {
    dialog,
    name: dialog.getByRole('textbox', { name: 'Name' }),
    selector: dialog.getByRole('textbox', { name: 'From the last scans of' }),
    leaveOut: dialog.getByRole('button', { name: /^Leave out/ }),
    create: dialog.getByRole('button', { name: 'Create', exact: true }),
  };
};

export const editor = (page: Page) => {
  const grid = page.getByRole('grid', { name: 'Entries' });
  const handle = (name: string) =>
    page.getByRole('button', { name: new RegExp(`^Move ${literally(name)}, position`) });
  const entry = (name: string) => grid.getByRole('row').filter({ has: handle(name) });
  const save = page.getByRole('region', { name: 'Unsaved changes' });
  return {
    grid,
    search: page.getByRole('searchbox', { name: 'Find an entry' }),
    handle,
    entry,
    decision: (name: string) => grid.getByRole('button', { name: new RegExp(`^${literally(name)} is `) }),
    stage: (name: string) => grid.getByRole('combobox', { name: `Stage of ${name}`, exact: true }),
    more: (name: string) => grid.getByRole('button', { name: `More for ${name}`, exact: true }),
    undo: page.getByRole('button', { name: /^Undo/ }),
    redo: page.getByRole('button', { name: /^Redo/ }),
    unsaved: save,
    message: save.getByRole('textbox', { name: 'Message for the new revision' }),
    save: save.getByRole('button', { name: /^Save as/ }),
    freeze: page.getByRole('button', { name: 'Freeze…' }),
    plan: page.getByRole('button', { name: 'Plan a run…' }),
    /** Where an entry stands: `3 of 12 in stage 1`. */
    position: async (name: string): Promise<string> =>
      /position (.*)$/.exec((await handle(name).getAttribute('aria-label')) ?? '')?.[1] ?? '',
  };
};

export const freezeDialog = (page: Page) => {
  const dialog = page.getByRole('dialog', { name: /^Freeze / });
  const end = (legend: 'Begins' | 'Ends') => {
    const group = dialog.getByRole('group', { name: legend, exact: true });
    return {
      calendar: group.getByRole('grid'),
      today: group.getByRole('gridcell').and(group.locator('[aria-current="date"]')),
      /** A day of the month that is shown; days from 8 to 22 are in no neighbour's last or first week. */
      day: (day: number) => group.getByRole('gridcell', { name: new RegExp(` ${day} `) }),
      nextMonth: group.getByRole('button', { name: 'Month after' }),
      time: group.getByRole('textbox', { name: 'Time' }),
      date: group.getByRole('textbox', { name: 'Day' }),
    };
  };
  return {
    dialog,
    hosts: dialog.getByRole('textbox', { name: 'Hosts' }),
    zone: dialog.getByRole('combobox', { name: 'Time zone' }),
    begins: end('Begins'),
    ends: end('Ends'),
    withDependencies: dialog.getByRole('radio', { name: /^Dependencies of listed entries/ }),
    words: dialog.getByText(/^Frozen from/),
    freeze: dialog.getByRole('button', { name: /^Freeze on/ }),
  };
};

export const planDialog = (page: Page) => {
  const dialog = page.getByRole('dialog', { name: 'Plan a snapshot' });
  return {
    dialog,
    snapshot: dialog.getByRole('combobox', { name: 'Snapshot' }),
    hosts: dialog.getByRole('textbox', { name: 'Hosts', exact: true }),
    concurrency: dialog.getByRole('textbox', { name: 'Hosts at once' }),
    maxFailures: dialog.getByRole('textbox', { name: 'Failures allowed' }),
    reboot: dialog.getByRole('combobox', { name: 'Reboot' }),
    /** Opens or closes one of the groups below. */
    group: (title: string) => dialog.locator('summary').filter({ hasText: title }),
    waves: dialog.getByRole('textbox', { name: /^Waves/ }),
    gate: dialog.getByRole('combobox', { name: 'The next wave begins' }),
    rebootTimeout: dialog.getByRole('textbox', { name: 'Limit for a reboot' }),
    make: dialog.getByRole('button', { name: 'Make the plan' }),
  };
};

export const plan = (page: Page) => ({
  refusals: page.getByRole('region', { name: 'Refusals' }),
  comesTo: page.getByRole('region', { name: 'What it comes to' }),
  howItRuns: page.getByRole('region', { name: 'How it would run' }),
  byHost: page.getByRole('tab', { name: /^By host/ }),
  byPackage: page.getByRole('tab', { name: 'By package' }),
  byProof: page.getByRole('tab', { name: 'Rollback proof' }),
  proofs: page.getByRole('grid', { name: 'Rollback proof' }),
  packages: page.getByRole('grid', { name: 'Packages' }),
  group: (name: string) => page.getByRole('region', { name, exact: true }),
  run: page.getByRole('button', { name: /^Run/ }),
  confirm: page.getByRole('alertdialog', { name: /^Run .* on \d+ hosts?\?$/ }),
});

export const run = (page: Page) => {
  const hosts = page.getByRole('group', { name: /^Hosts, \d+ shown$/ });
  const summary = page.getByRole('region', { name: 'Progress of the run' });
  const panel = (host: string) => page.getByRole('complementary', { name: `Host ${host}` });
  return {
    hosts,
    /** Its name: host, state, and what it does. */
    cell: (host: string) => hosts.getByRole('button', { name: new RegExp(`^${literally(host)} `) }),
    cells: hosts.getByRole('button'),
    summary,
    bar: summary.getByRole('progressbar', { name: 'All hosts' }),
    /** Filter chips: `succeeded 4`. */
    chip: (state: string) => summary.getByRole('button', { name: new RegExp(`^${state} \\d+$`) }),
    panel,
    output: (host: string) => page.getByRole('log', { name: `Output of ${host}` }),
    waves: page.getByRole('region', { name: 'Waves' }).getByRole('listitem'),
    approve: page.getByRole('button', { name: /^Approve wave/ }),
    approveDialog: page.getByRole('alertdialog', { name: /^Approve wave/ }),
    abort: page.getByRole('button', { name: /^Abort(…| further)/ }),
    rollbackAll: page.getByRole('button', { name: /^Roll back( all)?…$/ }).first(),
    rollbackDialog: page.getByRole('dialog', { name: /^Roll back / }),
    accept: page.getByRole('button', { name: 'Accept…' }),
  };
};

/** States as the page calls them, where that is not the model's own word. */
const SHOWN: Record<string, string> = {
  'rolling-back': 'rolling back',
  'rolled-back': 'rolled back',
  'rollback-failed': 'rollback failed',
  'needs-attention': 'needs attention',
};
export const shownState = (state: string): string => SHOWN[state] ?? state;

/** Every host's state as the cells tell it, by host. */
export const statesShown = async (page: Page): Promise<Record<string, string>> => {
  const texts = await run(page).cells.allInnerTexts();
  return Object.fromEntries(
    texts.map((text) => {
      const [host = '', state = ''] = text.split('\n');
      return [host.trim(), (state.split('·')[0] ?? '').replace(/\d+ %/, '').trim()];
    }),
  );
};

export const idOfRun = (page: Page): string => /runs\/([^/?#]+)$/.exec(page.url())?.[1] ?? '';

export const expectRunFinished = async (page: Page): Promise<void> => {
  await expect(run(page).accept).toBeVisible({ timeout: RUN_TIMEOUT });
};

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
