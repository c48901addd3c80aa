/** Some of the chosen hosts have no scan to go by: nothing of theirs can be in the list. */
import { Button } from '../../ui/Button.tsx';
import { formatList, plural } from '../../ui/format.ts';
import { Notice } from '../../ui/Notice.tsx';

export const UnscannedNotice = ({
  hosts,
  onLeaveOut,
}: {
  hosts: readonly string[];
  onLeaveOut: () => void;
}) => (
  <Notice
    tone="warn"
    title={`${formatList(hosts, 5)} had no good scan yet: nothing is known of ${hosts.length === 1 ? 'its' : 'their'} updates.`}
    hint="Scan first, or leave them out; a snapshot never leaves hosts out silently."
    actions={
      <Button size="sm" onClick={onLeaveOut}>
        Leave out {plural(hosts.length, 'host')}
      </Button>
    }
  />
);
