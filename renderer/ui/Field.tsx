/** A labelled field with hint and error; the control inside takes its id and descriptions from it. */
import { CircleAlert } from 'lucide-react';
import {
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useContext,
  useEffect,
  useId,
  useRef,
} from 'react';

type FieldContext = { id: string; describedBy: string | undefined; invalid: boolean; required: boolean };
const Context = createContext<FieldContext | null>(null);

export type FieldProps = {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  required?: boolean;
  /** The label is there for screen readers only. */
  hideLabel?: boolean;
  children: ReactNode;
  className?: string;
};

export const Field = ({
  label,
  hint,
  error,
  optional = false,
  required = false,
  hideLabel = false,
  children,
  className,
}: FieldProps) => {
  const id = useId();
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const described = [hint === undefined ? '' : hintId, error === undefined ? '' : errorId]
    .filter((part) => part !== '')
    .join(' ');
  return (
    <div className={`field ${className ?? ''}`}>
      <label htmlFor={id} className={hideLabel ? 'visually-hidden' : 'field-label'}>
        {label} {optional && <span className="field-optional">(optional)</span>}
      </label>
      <Context.Provider
        value={{
          id,
          describedBy: described === '' ? undefined : described,
          invalid: error !== undefined,
          required,
        }}
      >
        {children}
      </Context.Provider>
      {hint !== undefined && (
        <div id={hintId} className="field-hint">
          {hint}
        </div>
      )}
      {error !== undefined && (
        <div id={errorId} className="field-error" role="alert">
          <CircleAlert size={14} aria-hidden />
          <span>{error}</span>
        </div>
      )}
    </div>
  );
};

const useField = () => {
  const field = useContext(Context);
  return field === null
    ? {}
    : {
        id: field.id,
        'aria-describedby': field.describedBy,
        'aria-invalid': field.invalid || undefined,
        'aria-required': field.required || undefined,
      };
};

export type InputProps = InputHTMLAttributes<HTMLInputElement> & {
  ref?: Ref<HTMLInputElement> | undefined;
  mono?: boolean;
};
export const Input = ({ mono = false, className, ...rest }: InputProps) => (
  <input
    autoComplete="off"
    spellCheck={false}
    {...useField()}
    {...rest}
    className={`input ${className ?? ''}`}
    data-mono={mono ? '' : undefined}
  />
);

export type TextareaProps = TextareaHTMLAttributes<HTMLTextAreaElement> & {
  ref?: Ref<HTMLTextAreaElement> | undefined;
  mono?: boolean;
};
export const Textarea = ({ mono = false, className, ...rest }: TextareaProps) => (
  <textarea
    spellCheck={false}
    rows={3}
    {...useField()}
    {...rest}
    className={`input ${className ?? ''}`}
    data-mono={mono ? '' : undefined}
  />
);

export type SelectProps = SelectHTMLAttributes<HTMLSelectElement> & {
  ref?: Ref<HTMLSelectElement> | undefined;
};
/** The platform's own list: works with every keyboard, zoom and screen reader. Children are `<option>`s. */
export const Select = ({ className, children, ...rest }: SelectProps) => (
  <select {...useField()} {...rest} className={`input ${className ?? ''}`}>
    {children}
  </select>
);

export type CheckboxProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'type'> & {
  label: ReactNode;
  hint?: ReactNode;
  hideLabel?: boolean;
  indeterminate?: boolean;
  ref?: Ref<HTMLInputElement> | undefined;
};
export const Checkbox = ({
  label,
  hint,
  hideLabel = false,
  indeterminate = false,
  ref,
  className,
  ...rest
}: CheckboxProps) => {
  const own = useRef<HTMLInputElement | null>(null);
  const hintId = useId();
  useEffect(() => {
    if (own.current !== null) own.current.indeterminate = indeterminate;
  }, [indeterminate]);
  return (
    <label className={`check ${className ?? ''}`}>
      <input
        {...rest}
        type="checkbox"
        aria-describedby={hint === undefined ? undefined : hintId}
        ref={(node) => {
          own.current = node;
          if (typeof ref === 'function') ref(node);
          else if (ref) ref.current = node;
        }}
      />
      <span className={hideLabel ? 'visually-hidden' : ''}>
        {label}
        {hint !== undefined && (
          <span id={hintId} className="check-hint">
            {hint}
          </span>
        )}
      </span>
    </label>
  );
};

/** A few choices side by side, one of them taken: radio buttons in one bar. */
export const Segmented = <V extends string>({
  label,
  value,
  options,
  onChange,
  hideLabel = false,
}: {
  label: string;
  value: V;
  options: readonly { value: V; label: ReactNode }[];
  onChange: (value: V) => void;
  hideLabel?: boolean;
}) => {
  const name = useId();
  return (
    <fieldset className="group">
      <legend className={hideLabel ? 'visually-hidden' : 'field-label'}>{label}</legend>
      <div className="segmented">
        {options.map((option) => (
          <label key={option.value}>
            <input
              type="radio"
              name={name}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
};
