/** The text of rules with its lines numbered, those with a fault marked, and every fault below it as a way to its line. */
import { CircleAlert } from 'lucide-react';
import { useRef, useState } from 'react';
import type { RuleIssue } from '../../../shared/model/rule.ts';
import { Field, Textarea } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';

/** Selects a line, and scrolls it into sight. */
const goTo = (area: HTMLTextAreaElement, line: number): void => {
  const lines = area.value.split('\n');
  const from = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area.focus();
  area.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  const height = area.scrollHeight / Math.max(1, lines.length);
  area.scrollTop = Math.max(0, (line - 4) * height);
};

export const RulesText = ({
  text,
  issues,
  onChange,
}: {
  text: string;
  issues: readonly RuleIssue[];
  onChange: (text: string) => void;
}) => {
  const area = useRef<HTMLTextAreaElement>(null);
  const [scroll, setScroll] = useState(0);
  const faulty = new Set(issues.map((issue) => issue.line));
  const lines = text.split('\n').length;
  return (
    <div className="rules-text">
      <Field
        label="Rules (YAML)"
        error={
          issues.length === 0
            ? undefined
            : `${plural(issues.length, 'fault')}: nothing can be taken by these rules yet`
        }
      >
        <div className="rules-area">
          <div className="rules-gutter" aria-hidden>
            <div style={{ transform: `translateY(${-scroll}px)` }}>
              {Array.from({ length: lines }, (_, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
                <span key={index} data-fault={faulty.has(index + 1) ? '' : undefined}>
                  {index + 1}
                </span>
              ))}
            </div>
          </div>
          <Textarea
            ref={area}
            mono
            wrap="off"
            rows={16}
            value={text}
            onChange={(event) => onChange(event.target.value)}
            onScroll={(event) => setScroll(event.currentTarget.scrollTop)}
          />
        </div>
      </Field>
      {issues.length > 0 && (
        <ul className="rules-issues" aria-label="Faults">
          {issues.map((issue) => (
            <li key={`${issue.line}:${issue.column}:${issue.path}:${issue.message}`}>
              <button
                type="button"
                className="rules-issue"
                onClick={() => area.current !== null && goTo(area.current, issue.line)}
              >
                <CircleAlert size={14} aria-hidden />
                <span>
                  <strong>Line {issue.line}</strong>
                  {issue.path !== '' && <code> {issue.path}</code>}: {issue.message}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
};
