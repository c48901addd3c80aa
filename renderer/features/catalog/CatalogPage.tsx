/** The catalogue: every package the scans ever saw, and the advisory data they are judged by. */
import { useState } from 'react';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { Tabs } from '../../ui/Tabs.tsx';
import { AdvisoriesTab } from './AdvisoriesTab.tsx';
import { PackagesTab } from './PackagesTab.tsx';
import './catalog.css';

export const CatalogPage = () => {
  const [tab, setTab] = useState('packages');
  return (
    <div className="page">
      <PageHeader
        title="Catalogue"
        subtitle="Every package version the scans ever saw, when and where it was first seen, and who has it."
      />
      <div className="page-body">
        <Tabs
          label="Catalogue"
          value={tab}
          onChange={setTab}
          items={[
            { id: 'packages', label: 'Packages', content: <PackagesTab /> },
            { id: 'advisories', label: 'Advisories', content: <AdvisoriesTab /> },
          ]}
        />
      </div>
    </div>
  );
};
