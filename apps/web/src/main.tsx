import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './app.css';
import { SessionProvider } from './lib/session.js';
import { router } from './router.js';

// A part of the page from before an update is no longer there: the new page is. Once a minute at most, so that a part that is really missing shows as an error.
addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('backlot.renewed') ?? 0);
  if (Date.now() - last < 60_000) return;
  sessionStorage.setItem('backlot.renewed', String(Date.now()));
  event.preventDefault();
  location.reload();
});

const place = document.getElementById('console');
if (!place) throw new Error('index.html has no #console');
createRoot(place).render(
  <StrictMode>
    <SessionProvider>
      <RouterProvider router={router} />
    </SessionProvider>
  </StrictMode>,
);
