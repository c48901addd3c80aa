/** Every option of plan and run: what it takes, and what it says to what it does not take. */
import { afterAll, describe, expect, test } from 'vitest';
import { Frostline } from './support.ts';

const frostline = new Frostline();
afterAll(() => frostline.close());

const error = (code: string, message: unknown = expect.any(String)) => ({
  error: expect.objectContaining({ code, message }),
});

describe('the parameters of a run', () => {
  test.each([
    ['--waves', '10,5'],
    ['--on-failure', 'hope'],
  ])('%s %j is bad input, and the message names the option', async (option, value) => {
    // Judged before anything is looked up: neither the snapshot nor the host exists.
    expect(await frostline.json('plan', 'none', 'none', option, value)).toEqual({
      code: 2,
      document: error('input.invalid', expect.stringContaining(option)),
    });
  });

  test('what a parameter has no effect without is said', async () => {
    const { stderr } = await frostline.run(['plan', 'none', 'none', '--gate', 'manual']);
    expect(stderr).toContain('--gate has no effect without --waves.');
  });

  test('the plan has every one of them, and the numbers they result in', async () => {
    await frostline.json('hosts', 'add', 'away', '--address', '127.0.0.1', '--port', '9');
    await frostline.json('snapshot', 'create', 'numbers', '--empty');
    const words = [
      ...['--concurrency', '50%', '--slow-start', '--waves', ' 1, 50% ,100%', '--gate', '30m'],
      ...['--max-failures', '25%-of-completed', '--min-completed', '3', '--ignore-unreachable'],
      ...['--on-failure', 'keep', '--reboot', 'if-required', '--before', 'drain', '--after', 'undrain'],
      ...['--probe', 'true', '--probe-retries', '1', '--probe-interval', '2s', '--probe-timeout', '3s'],
      ...['--abort-if', 'false', '--abort-interval', '4s', '--abort-unreadable', 'continue'],
      ...[
        '--until',
        '2037-01-01T12:00',
        '--zone',
        'Asia/Kolkata',
        '--timeout',
        '1h',
        '--prepare-timeout',
        '5m',
      ],
      ...['--reboot-timeout', '6m', '--hook-timeout', '7m', '--lock-timeout', '8m', '--retries', '0'],
      '--require-proof',
    ];
    expect(await frostline.json('plan', 'numbers', 'away', ...words)).toMatchObject({
      document: {
        plan: {
          parameters: {
            concurrency: 1,
            slowStart: true,
            waves: ['1', '50%', '100%'],
            resolvedGate: { kind: 'soak', seconds: 1800 },
            maxFailures: '25%-of-completed',
            abortsAtFailure: null,
            abortsAtShare: { percent: 25, minCompleted: 1 },
            ignoreUnreachable: true,
            onFailure: 'keep',
            reboot: 'if-required',
            before: 'drain',
            after: 'undrain',
            probe: 'true',
            probeRetries: 1,
            probeIntervalSeconds: 2,
            probeTimeoutSeconds: 3,
            abortIf: 'false',
            abortIfSeconds: 4,
            abortIfUnreadable: 'continue',
            until: '2037-01-01T06:30:00.000Z',
            timeoutSeconds: 3600,
            prepareTimeoutSeconds: 300,
            rebootTimeoutSeconds: 360,
            hookTimeoutSeconds: 420,
            lockTimeoutSeconds: 480,
            retries: 0,
            requireProof: true,
          },
        },
      },
    });
    await frostline.json('hosts', 'remove', 'away', '--yes');
  });

  test.each([
    ['--wave', '0'],
    ['--wave', '1', '--host', 'h01'],
  ])('runs rollback %s %s is bad input', async (...words) => {
    expect(await frostline.json('runs', 'rollback', 'none', ...words)).toEqual({
      code: 2,
      document: error('input.invalid', expect.stringContaining('--wave')),
    });
  });

  test('a run that is not there cannot be approved', async () => {
    expect(await frostline.json('runs', 'approve', 'ffff')).toEqual({
      code: 2,
      document: error('not-found'),
    });
  });
});
