/** What every `Transport` does, whatever carries it. A setup brings a host that runs commands in a real POSIX shell. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandSpec, Route, Transport } from '../../../main/core/ports.ts';
import type { ErrorCode, FrostError, Result } from '../../../shared/errors.ts';

export type Subject = {
  transport: Transport;
  route: Route;
  /** The same machine, reached through itself. */
  jumpRoute: Route;
  close: () => Promise<void>;
};

const script = (text: string, change: Partial<CommandSpec> = {}): CommandSpec => ({
  script: text,
  root: false,
  timeoutMs: 20_000,
  maxOutputBytes: 1_000_000,
  ...change,
});

const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const errorOf = (result: Result<unknown>, code: ErrorCode): FrostError => {
  if (result.ok) throw new Error(`expected ${code}, but it worked`);
  expect(result.error).toMatchObject({ code });
  return result.error;
};

export const transportSuite = (name: string, setUp: () => Promise<Subject>): void => {
  describe(`a transport: ${name}`, () => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await setUp();
    });
    afterAll(() => subject.close());
    const run = (spec: CommandSpec, options = {}) => subject.transport.run(subject.route, spec, options);

    it('gives stdout, stderr and the exit code as they are', async () => {
      expect(must(await run(script('echo out; echo err >&2; exit 7')))).toEqual({
        stdout: 'out\n',
        stderr: 'err\n',
        exitCode: 7,
      });
      expect(must(await run(script('printf x'))).stdout).toBe('x');
      expect(must(await run(script(''))).exitCode).toBe(0);
      expect(must(await run(script('# only a comment'))).exitCode).toBe(0);
    });

    it('runs the whole script, with quotes, here-documents, exits and functions in it', async () => {
      const text = `f() { echo "in f: $1"; }
cat <<'EOF'
it's "quoted" $HOME \`id\` }
EOF
f 'a  b'
if true; then exit 4; fi
echo never`;
      expect(must(await run(script(text)))).toEqual({
        stdout: `it's "quoted" $HOME \`id\` }\nin f: a  b\n`,
        stderr: '',
        exitCode: 4,
      });
    });

    it('gives programs an empty stdin, so that none of them eats the rest of a long script', async () => {
      const filler = `: ${'x'.repeat(99)}\n`.repeat(2_000);
      expect(must(await run(script(`cat\n${filler}read -r x; echo "rest: $x"`))).stdout).toBe('rest: \n');
    });

    it('keeps the script out of every command line', async () => {
      const result = must(await run(script('ps ax -o args= 2>/dev/null || true; echo marker-in-the-script')));
      expect(result.stdout.match(/marker-in-the-script/g)).toHaveLength(1);
    });

    it('takes scripts of a megabyte', async () => {
      const filler = `: ${'x'.repeat(99)}\n`.repeat(10_000);
      expect(must(await run(script(`${filler}echo end`))).stdout).toBe('end\n');
    });

    it('reports a script with a syntax error by its exit code and runs nothing of it', async () => {
      const result = must(await run(script('echo before\nif then fi (')));
      expect(result.exitCode).not.toBe(0);
      expect(result.stdout).toBe('');
    });

    it('decodes UTF-8 across chunks and replaces what is none', async () => {
      const result = must(await run(script(`printf 'sn\\303\\266w \\342\\235\\204 \\377 end'`)));
      expect(result.stdout).toBe('snöw ❄ � end');
    });

    it('shows the end by a signal as 128 and its number', async () => {
      expect(must(await run(script('kill -TERM $$'))).exitCode).toBe(143);
      expect(must(await run(script('kill -KILL $$'))).exitCode).toBe(137);
    });

    it('ends a command that prints too much, on either stream', async () => {
      const limit = { maxOutputBytes: 100_000 };
      errorOf(await run(script('yes', limit)), 'host.output-too-large');
      errorOf(await run(script('yes >&2', limit)), 'host.output-too-large');
      expect(must(await run(script('head -c 100000 /dev/zero', limit))).stdout).toHaveLength(100_000);
      errorOf(await run(script('head -c 100001 /dev/zero', limit)), 'host.output-too-large');
    });

    it('streams stdout in order and without limit, and leaves it out of the result', async () => {
      let bytes = 0;
      let tail = '';
      const result = must(
        await run(script('head -c 3000000 /dev/zero; echo end', { maxOutputBytes: 1000 }), {
          onStdout: (chunk: Uint8Array) => {
            bytes += chunk.length;
            tail = Buffer.from(chunk).toString().slice(-4);
          },
        }),
      );
      expect(bytes).toBe(3_000_004);
      expect(tail).toBe('end\n');
      expect(result).toEqual({ stdout: '', stderr: '', exitCode: 0 });
    });

    it('ends a command at its time limit', async () => {
      errorOf(await run(script('echo on; sleep 30', { timeoutMs: 300 })), 'host.timeout');
    });

    it('ends a command that is cancelled, before and while it runs', async () => {
      const before = new AbortController();
      before.abort();
      errorOf(await run(script('true'), { signal: before.signal }), 'cancelled');
      const during = new AbortController();
      errorOf(
        await run(script('echo on; sleep 30'), { signal: during.signal, onStdout: () => during.abort() }),
        'cancelled',
      );
      expect(must(await run(script('echo next'))).stdout).toBe('next\n');
    });

    it('runs many commands at once over as few connections as the host allows, each with its own output', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          run(script(`echo ${i}; echo "$SSH_CONNECTION" >&2`, { timeoutMs: 60_000 })),
        ),
      );
      const values = results.map(must);
      expect(values.map((value) => value.stdout)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}\n`));
      expect(new Set(values.map((value) => value.stderr)).size).toBeLessThanOrEqual(2);
    }, 90_000);

    it('goes through another host', async () => {
      expect(must(await subject.transport.run(subject.jumpRoute, script('echo through'))).stdout).toBe(
        'through\n',
      );
      expect(must(await subject.transport.probeKey(subject.jumpRoute)).status).toBe('trusted');
    });

    it('connects anew after its connections were released', async () => {
      const address = script('echo "$SSH_CONNECTION"');
      const first = must(await run(address)).stdout;
      subject.transport.release(subject.route.host.id);
      const second = must(await run(address)).stdout;
      expect(second).not.toBe(first);
    });
  });
};
