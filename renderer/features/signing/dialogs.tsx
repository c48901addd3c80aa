/** Adding a signer, and saying how many signatures an environment wants. */
import { useState } from 'react';
import type { SigningPolicy } from '../../../shared/model/signature.ts';
import { Checkbox, Field, Input, Textarea } from '../../ui/Field.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { useSigning } from './store.ts';

export const AddSignerDialog = ({ onClose }: { onClose: () => void }) => {
  const add = useSigning((s) => s.add);
  const [principal, setPrincipal] = useState('');
  const [publicKey, setPublicKey] = useState('');
  const submit = async () => {
    return add({ principal: principal.trim(), publicKey: publicKey.trim() });
  };
  return (
    <FormDialog
      onClose={onClose}
      title="Add a signer"
      text="Compare the key's fingerprint with its owner first, by phone or in person."
      onSubmit={submit}
      action="Trust this key"
    >
      <Field label="Name" required hint="As in an allowed signers file, e.g. anna@example.org">
        <Input value={principal} onChange={(event) => setPrincipal(event.target.value)} />
      </Field>
      <Field label="Public key" required hint="What stands in the .pub file.">
        <Textarea
          mono
          value={publicKey}
          placeholder="ssh-ed25519 AAAA…"
          onChange={(event) => setPublicKey(event.target.value)}
        />
      </Field>
    </FormDialog>
  );
};

const NONE: SigningPolicy = {
  environment: '',
  freeze: 0,
  promote: 0,
  deploy: 1,
  signers: [],
  fourEyes: true,
};
const NUMBERS = [
  { field: 'freeze', label: 'To freeze' },
  { field: 'promote', label: 'To promote' },
  { field: 'deploy', label: 'To deploy' },
] as const;

export const PolicyDialog = ({
  policy,
  onClose,
}: {
  policy: SigningPolicy | undefined;
  onClose: () => void;
}) => {
  const setPolicy = useSigning((s) => s.setPolicy);
  const [now, setNow] = useState(policy ?? NONE);
  const [who, setWho] = useState((policy ?? NONE).signers.join(', '));
  const submit = async () => {
    const signers = who.split(/[\s,]+/).filter((name) => name !== '');
    return setPolicy({ ...now, environment: now.environment.trim(), signers });
  };
  return (
    <FormDialog
      onClose={onClose}
      title={policy === undefined ? 'Add a policy' : `Policy of ${policy.environment}`}
      text="How many people have to sign a revision before this console freezes, promotes or deploys it there. 0: none."
      onSubmit={submit}
      action="Save the policy"
    >
      {policy === undefined && (
        <Field label="Environment" required>
          <Input
            value={now.environment}
            placeholder="production"
            onChange={(event) => setNow({ ...now, environment: event.target.value })}
          />
        </Field>
      )}
      <div className="signing-numbers">
        {NUMBERS.map(({ field, label }) => (
          <Field key={field} label={label}>
            <Input
              type="number"
              min={0}
              max={20}
              value={now[field]}
              onChange={(event) => setNow({ ...now, [field]: Math.trunc(Number(event.target.value)) })}
            />
          </Field>
        ))}
      </div>
      <Checkbox
        label="Four eyes"
        hint="The signature of the revision's own author does not count."
        checked={now.fourEyes}
        onChange={(event) => setNow({ ...now, fourEyes: event.target.checked })}
      />
      <Checkbox
        label="Only what was promoted"
        hint="Nothing is deployed there that was not promoted into it."
        checked={now.requirePromotion === true}
        onChange={(event) => setNow({ ...now, requirePromotion: event.target.checked })}
      />
      <Checkbox
        label="Only what was tried"
        hint="Nothing is promoted into it that no run has tried elsewhere, whatever the reason."
        checked={now.requireEvidence === true}
        onChange={(event) => setNow({ ...now, requireEvidence: event.target.checked })}
      />
      <Field
        label="Only these signers"
        optional
        hint="Names with commas between them; none: all that are trusted."
      >
        <Input value={who} onChange={(event) => setWho(event.target.value)} />
      </Field>
    </FormDialog>
  );
};
