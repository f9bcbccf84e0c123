import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useCan } from '../../lib/session.js';
import { Page, Tabs } from '../../ui/page.js';
import { Decisions } from './decisions.js';
import { Entries } from './entries.js';
import { LogHead } from './log-head.js';

const route = getRouteApi('/log');

/** What was decided and done here, and how anyone can check that nothing was changed since. */
export function LogPage() {
  const can = useCan();
  const { type } = route.useSearch();
  const mayRead = can('read Log');
  const [open, setOpen] = useState<'decisions' | 'entries'>(mayRead && type ? 'entries' : 'decisions');
  return (
    <Page title="Log" lead="Why each thing was allowed or refused, and the record that nobody can change unseen.">
      {mayRead && <LogHead />}
      <Tabs
        label="Log"
        open={open}
        onOpen={setOpen}
        tabs={[{ name: 'decisions', label: 'Allowed or refused' }, ...(mayRead ? [{ name: 'entries' as const, label: 'Every entry' }] : [])]}
      />
      {open === 'decisions' ? <Decisions /> : <Entries />}
    </Page>
  );
}
