/** A host's output: text only, the newest lines, following the end until the reader scrolls away from it. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDownToLine, ClipboardCopy } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Button } from '../../ui/Button.tsx';
import { formatCount, plural } from '../../ui/format.ts';
import { toast } from '../../ui/Toast.tsx';
import { entriesOf, type HostLog, type Step } from './hostLog.ts';

const LINE_REM = 1.25;
const linePx = () =>
  LINE_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize || '16');

export const OutputView = ({
  log,
  running,
  stepWords,
}: {
  log: HostLog;
  running: boolean;
  /** What the line between two steps says. Kept the same from one drawing to the next. */
  stepWords: (step: Step) => string;
}) => {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const { lines, dropped, host } = log;
  const entries = useMemo(() => entriesOf(log, stepWords), [log, stepWords]);
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => box.current,
    estimateSize: linePx,
    overscan: 20,
    getItemKey: (index) => entries[index]?.seq ?? index,
  });
  const items = virtual.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  const newest = entries.at(-1)?.seq;

  // biome-ignore lint/correctness/useExhaustiveDependencies: every new line scrolls to the end
  useEffect(() => {
    if (follows && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [follows, newest]);

  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    setFollows(element.scrollHeight - element.scrollTop - element.clientHeight < 2 * linePx());
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(lines.map((line) => line.text).join('\n'));
      toast({ tone: 'good', title: `${plural(lines.length, 'line')} copied` });
    } catch {
      toast({ tone: 'warn', title: 'The clipboard is not available here' });
    }
  };

  return (
    <div className="run-output">
      <div
        className="run-output-box mono"
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-live="off"
        aria-label={`Output of ${host}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        tabIndex={0}
      >
        {lines.length === 0 ? (
          <p className="muted">{running ? 'No output yet.' : 'This host printed nothing.'}</p>
        ) : (
          <div
            style={{
              paddingTop: `${first?.start ?? 0}px`,
              paddingBottom: `${virtual.getTotalSize() - (last?.end ?? 0)}px`,
            }}
          >
            {items.map((item) => (
              <div key={item.key} className="run-line" data-step={entries[item.index]?.step ? '' : undefined}>
                {entries[item.index]?.text}
              </div>
            ))}
          </div>
        )}
      </div>
      <div className="row spread small muted">
        <span>
          {plural(lines.length, 'line')}
          {dropped > 0 && `, ${formatCount(dropped)} older ones not kept here`}
        </span>
        <span className="row">
          {!follows && (
            <Button
              size="sm"
              icon={<ArrowDownToLine size={14} aria-hidden />}
              onClick={() => setFollows(true)}
            >
              To the end
            </Button>
          )}
          <Button
            size="sm"
            variant="ghost"
            icon={<ClipboardCopy size={14} aria-hidden />}
            disabled={lines.length === 0}
            onClick={() => void copy()}
          >
            Copy
          </Button>
        </span>
      </div>
    </div>
  );
};
