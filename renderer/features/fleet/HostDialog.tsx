/** Adds a host, or changes one. */
import { useState } from 'react';
import { type SubmitHandler, useForm } from 'react-hook-form';
import type { FrostError } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { present } from '../../app/loadable.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Checkbox, Field, Input, Select, Textarea } from '../../ui/Field.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { toast } from '../../ui/Toast.tsx';
import { useVault } from '../vault/store.ts';
import { emptyFields, fieldsOf, type HostFields, hostResolver, toChange, toNewHost } from './hostForm.ts';
import { useFleet } from './store.ts';

export type HostDialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** The host to change; undefined: a new one. */
  host?: Host | undefined;
  /** After it was added or changed. */
  onDone?: (host: Host) => void;
};

export const HostDialog = (props: HostDialogProps) => (
  <Dialog
    open={props.open}
    onClose={() => props.onOpenChange(false)}
    size="lg"
    title={props.host === undefined ? 'Add a host' : `Change ${props.host.name}`}
    text={
      props.host === undefined
        ? 'Next you confirm its host key, then it can be scanned. Nothing is changed on it.'
        : undefined
    }
  >
    {props.open && <HostForm {...props} />}
  </Dialog>
);

const HostForm = ({ host, onOpenChange, onDone }: HostDialogProps) => {
  const { known, add, change } = useFleet((state) => ({
    known: present(state.hosts),
    add: state.add,
    change: state.change,
  }));
  const ask = useVault((state) => state.ask);
  const [error, setError] = useState<FrostError>();
  const others = (known ?? []).map((each) => each.host).filter((each) => each.id !== host?.id);
  const form = useForm<HostFields>({
    defaultValues: host === undefined ? emptyFields : fieldsOf(host),
    resolver: hostResolver(new Set(others.map((each) => each.name.toLowerCase())), host),
  });
  const { register, handleSubmit, watch, formState } = form;
  const { errors, isSubmitting } = formState;
  const authKind = watch('authKind');
  const sudo = watch('sudo');

  const submit: SubmitHandler<HostFields> = async (fields) => {
    setError(undefined);
    const result = host === undefined ? await add(toNewHost(fields)) : await change(toChange(host, fields));
    if (!result.ok) return setError(result.error);
    toast({
      tone: 'good',
      title: host === undefined ? `Added ${result.value.host.name}` : `Changed ${result.value.host.name}`,
    });
    onOpenChange(false);
    onDone?.(result.value.host);
  };
  const onSubmit = handleSubmit(submit);
  const kept = host === undefined ? undefined : 'Leave it empty to keep the one in the vault.';

  return (
    <form onSubmit={(event) => void onSubmit(event)} noValidate>
      <div className="fields fields-2">
        <Field
          label="Name"
          required
          error={errors.name?.message}
          hint="How it is called here and in selectors"
        >
          <Input {...register('name')} autoFocus maxLength={63} />
        </Field>
        <Field
          label="Environment"
          optional
          error={errors.environment?.message}
          hint="production, staging, test …"
        >
          <Input {...register('environment')} maxLength={63} list="environments" />
        </Field>
        <Field label="Address" required error={errors.address?.message}>
          <Input {...register('address')} mono maxLength={255} placeholder="web-01.example.net or 10.0.0.5" />
        </Field>
        <Field label="Port" required error={errors.port?.message}>
          <Input {...register('port')} inputMode="numeric" maxLength={5} />
        </Field>
      </div>
      <datalist id="environments">
        {[...new Set(others.map((each) => each.environment))].map(
          (environment) => environment !== undefined && <option key={environment} value={environment} />,
        )}
      </datalist>

      <fieldset className="group">
        <legend>Log in</legend>
        <div className="fields fields-2">
          <Field label="Account" required error={errors.user?.message}>
            <Input {...register('user')} mono maxLength={64} />
          </Field>
          <Field label="With">
            <Select {...register('authKind')}>
              <option value="key">a private key</option>
              <option value="agent">the SSH agent</option>
              <option value="password">a password</option>
            </Select>
          </Field>
          {authKind === 'key' && (
            <>
              <Field
                label="Key file"
                required
                error={errors.keyFile?.message}
                hint="On the machine Frostline runs on"
              >
                <Input {...register('keyFile')} mono maxLength={4096} />
              </Field>
              <Field
                label="Key passphrase"
                optional
                error={errors.keyPassphrase?.message}
                hint={kept ?? 'Kept in the vault'}
              >
                <Input {...register('keyPassphrase')} type="password" autoComplete="new-password" />
              </Field>
            </>
          )}
          {authKind === 'password' && (
            <Field
              label="Password"
              required
              error={errors.password?.message}
              hint={kept ?? 'Kept in the vault'}
            >
              <Input {...register('password')} type="password" autoComplete="new-password" />
            </Field>
          )}
        </div>
      </fieldset>

      <fieldset className="group">
        <legend>Become root</legend>
        <div className="fields fields-2">
          <Field label="Through" hint="Scans need no root; patching does">
            <Select {...register('sudo')}>
              <option value="none">nothing: the account is root</option>
              <option value="nopasswd">sudo, without a password</option>
              <option value="password">sudo, with a password</option>
            </Select>
          </Field>
          {sudo === 'password' && (
            <Field
              label="sudo password"
              required
              error={errors.sudoPassword?.message}
              hint={kept ?? 'Kept in the vault, given to sudo on its standard input'}
            >
              <Input {...register('sudoPassword')} type="password" autoComplete="new-password" />
            </Field>
          )}
        </div>
      </fieldset>

      <fieldset className="group">
        <legend>More</legend>
        <div className="fields fields-2">
          <Field label="Tags" optional error={errors.tags?.message} hint="For selectors: web, rack=r1">
            <Input {...register('tags')} mono maxLength={2000} />
          </Field>
          <Field label="Go through" optional error={errors.jump?.message} hint="A jump host">
            <Select {...register('jump')}>
              <option value="">directly</option>
              {others.map((each) => (
                <option key={each.id} value={each.name}>
                  {each.name}
                </option>
              ))}
            </Select>
          </Field>
          <Field label="Note" optional error={errors.note?.message}>
            <Textarea {...register('note')} rows={2} maxLength={2000} />
          </Field>
          <Checkbox
            {...register('legacyAlgorithms')}
            label="Also offer old algorithms"
            hint="Only for servers that know nothing better: SHA-1 signatures, CBC ciphers, small groups"
          />
        </div>
      </fieldset>

      {error !== undefined && (
        <ErrorState
          error={error}
          actions={
            error.code === 'vault.locked' ? (
              <Button size="sm" variant="primary" onClick={() => ask(() => void onSubmit())}>
                Unlock the vault and save
              </Button>
            ) : undefined
          }
        />
      )}
      <div className="form-end">
        <Button onClick={() => onOpenChange(false)}>Cancel</Button>
        <Button type="submit" variant="primary" busy={isSubmitting}>
          {host === undefined ? 'Add host' : 'Save'}
        </Button>
      </div>
    </form>
  );
};
