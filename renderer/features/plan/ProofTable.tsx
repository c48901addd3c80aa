/** Whether one host's packages could be put back: to which version, from where, and why (not). What falls short stands first. */
import type { ProofReason } from '../../../shared/model/plan.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { proofLook } from '../../ui/states.ts';
import { byProof, sourceText } from './proof.ts';

export const ProofTable = ({ reasons, host }: { reasons: readonly ProofReason[]; host: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
  <section className="plan-table-box" tabIndex={0} aria-label={`Rollback proof on ${host}`}>
    <table className="plan-table">
      <thead>
        <tr>
          <th scope="col">Rollback</th>
          <th scope="col">Package</th>
          <th scope="col">Back to</th>
          <th scope="col">Old version from</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {byProof(reasons).map((reason) => (
          <tr key={`${reason.package ?? ''}:${reason.arch ?? ''} ${reason.version ?? ''} ${reason.reason}`}>
            <td>
              <StatusDot {...proofLook[reason.proof]}>{PROOF_WORD[reason.proof]}</StatusDot>
            </td>
            <td className="mono">
              {reason.package ?? 'the host'}
              {reason.arch !== undefined && <span className="muted">:{reason.arch}</span>}
            </td>
            <td className="mono">{reason.version ?? 'removed'}</td>
            <td>{sourceText(reason)}</td>
            <td className="plan-why">{reason.reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

export const PROOF_WORD = {
  proven: 'proven',
  'best-effort': 'best effort',
  impossible: 'impossible',
} as const;
