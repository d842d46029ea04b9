import { afterAll } from 'vitest';
import { removeTemporaryFolders } from './support/temporary-folder.js';

// Set up before the hooks of a test file, it is called after them: what they stop may still write.
afterAll(removeTemporaryFolders);
