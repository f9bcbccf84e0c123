import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import path from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react(), tailwindcss()],
  build: {
    outDir: path.resolve(import.meta.dirname, '../../dist/web'),
    emptyOutDir: true,
    // The page's policy admits files of this origin only: no data: addresses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: {
    // `vite apps/web` beside a running product: the console reloads, everything else is the product's.
    proxy: Object.fromEntries(
      ['/graphql', '/uploads', '/objects', '/titles/', '/deliveries'].map((at) => [at, { target: 'http://127.0.0.1:4000', bypass: pageOf }]),
    ),
  },
});

/** `/titles/ID` is a page, `/titles/ID/proxy.m3u8` is the product's. */
function pageOf(request: { url?: string; headers: { accept?: string } }): string | undefined {
  return request.headers.accept?.includes('text/html') ? '/index.html' : undefined;
}
