/** What a first start shows: the demo fleet one click away, or the first host. */
import { FlaskConical, Plus, Upload } from 'lucide-react';
import { Button } from '../../ui/Button.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { useDemo } from './store.ts';
import './demo.css';

export const DemoOffer = ({
  offered,
  onAdd,
  onImport,
}: {
  /** The demo fleet was not declined before. */
  offered: boolean;
  onAdd: () => void;
  onImport: () => void;
}) => {
  const { busy, error, start, dismiss } = useDemo((state) => state);
  return (
    <div className="welcome">
      <section className="welcome-part" aria-labelledby="welcome-own">
        <h2 id="welcome-own">Add your first host</h2>
        <p>
          Frostline reaches hosts over SSH with your key, a password or your agent. Nothing is installed on
          them, and a scan changes nothing.
        </p>
        <div className="row">
          <Button
            variant={offered ? 'secondary' : 'primary'}
            icon={<Plus size={15} aria-hidden />}
            onClick={onAdd}
          >
            Add a host
          </Button>
          <Button icon={<Upload size={15} aria-hidden />} onClick={onImport}>
            Import from SSH config, Ansible or CSV
          </Button>
        </div>
      </section>
      {offered && (
        <section className="welcome-part welcome-demo" aria-labelledby="welcome-demo">
          <h2 id="welcome-demo">Or try it on a demo fleet</h2>
          <p>
            24 hosts run in one process on this machine: real SSH servers over stand-ins of the package
            manager. One fails, one is slow, one wants a reboot, one cannot be reached. No root, no network,
            gone when you stop it.
          </p>
          <div className="row">
            <Button
              variant="primary"
              icon={<FlaskConical size={15} aria-hidden />}
              busy={busy === 'starting'}
              onClick={() => void start()}
            >
              Start the demo fleet
            </Button>
            <Button variant="ghost" onClick={() => void dismiss()}>
              Do not offer it again
            </Button>
          </div>
          {error !== undefined && <ErrorState error={error} title="The demo fleet could not be started" />}
        </section>
      )}
    </div>
  );
};
