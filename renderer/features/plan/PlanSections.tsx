/** What most plans leave as it is: waves, window, hooks, limits and proof, each in a group that says what it is set to. */
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FieldErrors, UseFormRegister } from 'react-hook-form';
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx';
import { useNow } from '../../ui/Time.tsx';
import { durationComesTo, sectionText, slowStartComesTo, wavesComeTo, windowComesTo } from './fieldWords.ts';
import type { PlanFields, Section } from './planFields.ts';

export type SectionsProps = {
  register: UseFormRegister<PlanFields>;
  errors: FieldErrors<PlanFields>;
  fields: PlanFields;
  /** How many hosts are meant; undefined: not known. */
  targets: number | undefined;
  open: ReadonlySet<Section>;
  onOpen: (section: Section, open: boolean) => void;
};

/** Help, after what the field comes to. */
export const Comes = ({ to, children }: { to: string | undefined; children?: ReactNode }) => (
  <>
    {to !== undefined && <span className="field-result">{to}</span>}
    {to !== undefined && children !== undefined && ' '}
    {children}
  </>
);

const Group = ({
  id,
  title,
  of,
  children,
}: {
  id: Section;
  title: string;
  of: SectionsProps;
  children: ReactNode;
}) => {
  const open = of.open.has(id);
  return (
    <details
      className="plan-more"
      open={open}
      onToggle={(event) => {
        if (event.currentTarget.open !== open) of.onOpen(id, event.currentTarget.open);
      }}
    >
      <summary>
        <ChevronRight size={15} aria-hidden className="plan-chevron" />
        <span className="plan-more-title">{title}</span>
        {!open && <span className="small muted">{sectionText(id, of.fields, of.targets)}</span>}
      </summary>
      <div className="plan-more-body stack">{children}</div>
    </details>
  );
};

export const PlanSections = (of: SectionsProps) => (
  <div className="plan-mores">
    <Waves {...of} />
    <Ends {...of} />
    <Hooks {...of} />
    <Limits {...of} />
    <Proof {...of} />
  </div>
);

const Waves = (of: SectionsProps) => {
  const { register, errors, fields, targets } = of;
  return (
    <Group id="waves" title="Waves, gates and slow start" of={of}>
      <div className="fields fields-2">
        <Field
          label="Waves"
          optional
          error={errors.waves?.message}
          hint={
            <Comes to={wavesComeTo(fields, targets)}>
              How many hosts have started by then: 1, 10%, 50%, 100%. Made of the hosts that turn out to be
              changed.
            </Comes>
          }
        >
          <Input {...register('waves')} placeholder="1, 10%, 50%, 100%" maxLength={400} />
        </Field>
        <div className="stack">
          <Field label="The next wave begins">
            <Select {...register('gate')}>
              <option value="auto">by itself, when the one before is at rest</option>
              <option value="manual">when I approve it</option>
              <option value="soak">after a soak time</option>
            </Select>
          </Field>
          {fields.gate === 'soak' && (
            <Field
              label="Soak time"
              required
              error={errors.soak?.message}
              hint={
                <Comes to={durationComesTo(fields.soak)}>
                  Counted from when the wave before came to rest; it can be approved earlier.
                </Comes>
              }
            >
              <Input {...register('soak')} />
            </Field>
          )}
        </div>
      </div>
      <Checkbox
        {...register('slowStart')}
        label="Slow start"
        hint={
          <Comes to={slowStartComesTo(fields, targets)}>
            The cap is reached step by step, as hosts end well.
          </Comes>
        }
      />
    </Group>
  );
};

const Ends = (of: SectionsProps) => {
  const { register, errors, fields } = of;
  const now = useNow();
  return (
    <Group id="ends" title="Window and abort probe" of={of}>
      <div className="fields fields-2">
        <Field
          label="The window ends"
          optional
          error={errors.until?.message}
          hint={
            <Comes to={windowComesTo(fields, now)}>
              Times of {Intl.DateTimeFormat().resolvedOptions().timeZone}. A host that would not be done by
              then is not started.
            </Comes>
          }
        >
          <Input type="datetime-local" {...register('until')} />
        </Field>
        <Field
          label="End the run when this succeeds here"
          optional
          error={errors.abortIf?.message}
          hint="A command on this machine, e.g. a check of your monitoring. Exit 0 ends the run, 1 lets it go on."
        >
          <Input {...register('abortIf')} mono maxLength={4000} />
        </Field>
        {fields.abortIf.trim() !== '' && (
          <>
            <Field
              label="Ask it every"
              required
              error={errors.abortIfInterval?.message}
              hint={<Comes to={durationComesTo(fields.abortIfInterval)} />}
            >
              <Input {...register('abortIfInterval')} />
            </Field>
            <Field
              label="When it cannot be read"
              hint="It is missing, takes too long, or exits with anything but 0 and 1"
            >
              <Select {...register('abortIfUnreadable')}>
                <option value="abort">end the run</option>
                <option value="continue">go on</option>
              </Select>
            </Field>
          </>
        )}
      </div>
    </Group>
  );
};

const Hooks = (of: SectionsProps) => {
  const { register, errors, fields } = of;
  const hooks = fields.before.trim() !== '' || fields.after.trim() !== '';
  return (
    <Group id="hooks" title="Hooks and health probe" of={of}>
      <div className="fields fields-2">
        <Field
          label="Before the packages are changed"
          optional
          error={errors.before?.message}
          hint="On each host, as root, once: e.g. take it out of the load balancer. If it fails, nothing is changed."
        >
          <Input {...register('before')} mono maxLength={4000} />
        </Field>
        <Field
          label="After they are in place"
          optional
          error={errors.after?.message}
          hint="On each host, as root, after a reboot if there is one. If it fails, the host has failed."
        >
          <Input {...register('after')} mono maxLength={4000} />
        </Field>
        {hooks && (
          <Field
            label="Limit for a hook"
            required
            error={errors.hookTimeout?.message}
            hint={<Comes to={durationComesTo(fields.hookTimeout)} />}
          >
            <Input {...register('hookTimeout')} />
          </Field>
        )}
        <Field
          label="A host is healthy when this succeeds"
          optional
          error={errors.probe?.message}
          hint="On the host, as root, e.g. systemctl is-active nginx"
        >
          <Input {...register('probe')} mono maxLength={4000} />
        </Field>
        {fields.probe.trim() !== '' && (
          <>
            <Field
              label="Tries after the first"
              required
              error={errors.probeRetries?.message}
              hint={<Comes to={triesText(fields)}>A host that is never healthy has failed.</Comes>}
            >
              <Input {...register('probeRetries')} inputMode="numeric" />
            </Field>
            <Field
              label="Between two tries"
              required
              error={errors.probeInterval?.message}
              hint={<Comes to={durationComesTo(fields.probeInterval)} />}
            >
              <Input {...register('probeInterval')} />
            </Field>
            <Field
              label="Limit for one try"
              required
              error={errors.probeTimeout?.message}
              hint={<Comes to={durationComesTo(fields.probeTimeout)} />}
            >
              <Input {...register('probeTimeout')} />
            </Field>
          </>
        )}
      </div>
    </Group>
  );
};

const triesText = ({ probeRetries }: PlanFields): string | undefined =>
  /^\d{1,4}$/.test(probeRetries.trim()) ? `Up to ${Number(probeRetries) + 1} in all.` : undefined;

const LIMITS = [
  { name: 'timeout', label: 'Limit for one host', help: 'For its whole change' },
  {
    name: 'prepareTimeout',
    label: 'Limit for each phase before',
    help: 'Simulating, capturing, staging',
  },
  {
    name: 'lockTimeout',
    label: 'Wait for the package lock',
    help: 'While another process on the host holds it',
  },
  { name: 'rebootTimeout', label: 'Limit for a reboot', help: 'A host not back by then needs attention' },
] as const;

const Limits = (of: SectionsProps) => {
  const { register, errors, fields } = of;
  return (
    <Group id="limits" title="Time limits and retries" of={of}>
      <div className="fields">
        {LIMITS.map(({ name, label, help }) => (
          <Field
            key={name}
            label={label}
            required
            error={errors[name]?.message}
            hint={<Comes to={durationComesTo(fields[name])}>{help}</Comes>}
          >
            <Input {...register(name)} />
          </Field>
        ))}
        <Field
          label="Connection retries"
          required
          error={errors.retries?.message}
          hint="With growing pauses; a change is never repeated."
        >
          <Input {...register('retries')} inputMode="numeric" />
        </Field>
      </div>
    </Group>
  );
};

const Proof = (of: SectionsProps) => (
  <Group id="proof" title="Proof and counting" of={of}>
    <Checkbox
      {...of.register('requireProof')}
      label="Only hosts whose rollback is proven"
      hint="Others are refused in the plan, with the packages that fall short"
    />
    <Checkbox
      {...of.register('ignoreUnreachable')}
      label="Unreachable hosts do not count as failures"
      hint="The run is still not called a success without them"
    />
  </Group>
);
