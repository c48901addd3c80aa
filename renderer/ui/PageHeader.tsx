/** Head of every page: where one is, what it is about, and what can be done. */
import { type ReactNode, useEffect } from 'react';

export const PageHeader = ({
  title,
  plainTitle,
  crumb,
  badges,
  subtitle,
  actions,
}: {
  title: ReactNode;
  /** For the window's title bar, where `title` is not a string. */
  plainTitle?: string;
  /** A link back, above the title. */
  crumb?: ReactNode;
  badges?: ReactNode;
  subtitle?: ReactNode;
  actions?: ReactNode;
}) => {
  const name = plainTitle ?? (typeof title === 'string' ? title : '');
  useEffect(() => {
    document.title = name === '' ? 'Frostline' : `${name} · Frostline`;
  }, [name]);
  return (
    <header className="page-head">
      {crumb !== undefined && <div className="crumb">{crumb}</div>}
      <div className="page-head-row">
        <div className="grow">
          <h1 className="page-title" tabIndex={-1}>
            <span>{title}</span>
            {badges}
          </h1>
          {subtitle !== undefined && <div className="page-sub">{subtitle}</div>}
        </div>
        {actions !== undefined && <div className="row">{actions}</div>}
      </div>
      <hr className="gauge" />
    </header>
  );
};
