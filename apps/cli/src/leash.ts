/**
 * Loaded before each process of the product (`node --import`): when the supervisor dies, even by kill -9, its IPC
 * channel closes, and a process that went on alone would hold the port and the leases of the next start.
 */
process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), 5_000).unref();
});
process.channel?.unref();

export {};
