/** Facts and readiness of a host. */
import type { Host } from '../../../shared/model/host.ts';
import type { Scan } from '../../../shared/model/scan.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { formatBytes, formatDuration } from '../../ui/format.ts';
import { useNow } from '../../ui/Time.tsx';
import { tagsToText } from '../fleet/hostForm.ts';
import { readiness } from './readiness.ts';

const AUTH = { key: 'private key', password: 'password in the vault', agent: 'SSH agent' } as const;
const SUDO = {
  none: 'the account is root',
  nopasswd: 'sudo without a password',
  password: 'sudo with a password',
} as const;

export const OverviewTab = ({ host, scan }: { host: Host; scan: Scan }) => {
  const now = useNow();
  const { facts } = scan;
  return (
    <div className="host-overview">
      {facts !== undefined && (
        <section className="panel" aria-labelledby="readiness">
          <h2 id="readiness" className="panel-title">
            Ready to be patched?
          </h2>
          <ul className="checks">
            {readiness(facts, now).map((check) => (
              <li key={check.id}>
                <StatusDot tone={check.tone}>{check.label}</StatusDot>
                <span className="wrap-any">{check.text}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <div className="stack">
        {facts !== undefined && (
          <section className="panel" aria-labelledby="facts">
            <h2 id="facts" className="panel-title">
              What it is
            </h2>
            <dl className="facts">
              <dt>System</dt>
              <dd>
                {facts.osName}, {facts.arch}
              </dd>
              <dt>Host name</dt>
              <dd>{facts.hostname}</dd>
              <dt>Kernel</dt>
              <dd>
                {facts.kernel}
                {facts.newestKernel !== undefined && facts.newestKernel !== facts.kernel && (
                  <span className="muted"> (newest installed {facts.newestKernel})</span>
                )}
              </dd>
              {facts.bootedAt !== undefined && (
                <>
                  <dt>Up for</dt>
                  <dd>{formatDuration((now - Date.parse(facts.bootedAt)) / 1000)}</dd>
                </>
              )}
              <dt>Packages</dt>
              <dd>
                {facts.manager} {facts.managerVersion ?? ''}, {scan.packages.length} installed
              </dd>
              <dt>Free space</dt>
              <dd>
                {facts.mounts.map((mount) => (
                  <div key={mount.target} className="mount">
                    <code>{mount.target}</code>{' '}
                    <span className="num">
                      {formatBytes(mount.availableBytes)}
                      {mount.readOnly && ', read-only'}
                    </span>
                  </div>
                ))}
              </dd>
            </dl>
          </section>
        )}
        <section className="panel" aria-labelledby="reach">
          <h2 id="reach" className="panel-title">
            How it is reached
          </h2>
          <dl className="facts">
            <dt>Address</dt>
            <dd>
              <code>
                {host.user}@{host.address}:{host.port}
              </code>
            </dd>
            <dt>Log in</dt>
            <dd>
              {AUTH[host.auth.kind]}
              {host.auth.kind === 'key' && (
                <>
                  {' '}
                  <code>{host.auth.keyFile}</code>
                </>
              )}
            </dd>
            <dt>Root</dt>
            <dd>{SUDO[host.sudo]}</dd>
            {host.jump !== undefined && (
              <>
                <dt>Through</dt>
                <dd>{host.jump}</dd>
              </>
            )}
            {Object.keys(host.tags).length > 0 && (
              <>
                <dt>Tags</dt>
                <dd>{tagsToText(host.tags)}</dd>
              </>
            )}
            {host.legacyAlgorithms && (
              <>
                <dt>Algorithms</dt>
                <dd>old ones are offered, too</dd>
              </>
            )}
            {host.note !== undefined && (
              <>
                <dt>Note</dt>
                <dd className="host-note">{host.note}</dd>
              </>
            )}
          </dl>
        </section>
      </div>
    </div>
  );
};
