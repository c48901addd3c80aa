/** A defect in one page must not take the window with it, nor the sight of a run under way. */
import { Component, type ReactNode } from 'react';
import { Button } from '../ui/Button.tsx';
import { Notice } from '../ui/Notice.tsx';

type Props = {
  children: ReactNode /** A new value forgets the defect: the page's path. */;
  resetKey?: string;
};
type State = { failed: Error | undefined; resetKey: string | undefined };

export class ErrorBoundary extends Component<Props, State> {
  override state: State = { failed: undefined, resetKey: this.props.resetKey };

  static getDerivedStateFromError(failed: unknown): Partial<State> {
    return { failed: failed instanceof Error ? failed : new Error(String(failed)) };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetKey === state.resetKey ? null : { failed: undefined, resetKey: props.resetKey };
  }

  override render(): ReactNode {
    if (this.state.failed === undefined) return this.props.children;
    return (
      <div className="page-body">
        <Notice
          tone="bad"
          title="This page has a defect and cannot be shown."
          hint="Hosts and runs are not touched by it; the command line shows the same. Please report what you did."
          actions={
            <Button size="sm" onClick={() => this.setState({ failed: undefined })}>
              Show it again
            </Button>
          }
        >
          <p className="small mono">{this.state.failed.message}</p>
        </Notice>
      </div>
    );
  }
}
