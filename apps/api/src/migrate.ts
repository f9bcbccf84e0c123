import { required } from '#libs/platform';
import { migrate } from '../../../migrations/index.js';

/** Run once before the processes start: brings the database to the current schema. */
await migrate(required('BACKLOT_DATABASE_OWNER_URL'), { app: required('BACKLOT_APP_PASSWORD'), jobs: required('BACKLOT_JOBS_PASSWORD') });
