#!/usr/bin/env node
import { descriptorLimit } from '../core/descriptor-limit.js';
import { AppError } from '../core/errors.js';

/** Loading the program alone opens more files at once than this. */
const LEAST_DESCRIPTORS = 192;

const limit = descriptorLimit();
if (limit !== null && limit < LEAST_DESCRIPTORS) {
  const error = new AppError('DESCRIPTORS_EXHAUSTED', 'Too few file descriptors to start', {
    where: 'ulimit -n',
    expected: `${LEAST_DESCRIPTORS} at least, and two for each call`,
    found: String(limit),
    hint: 'Raise the limit: ulimit -n 65536',
  });
  process.stderr.write(`trunkstorm: ${error.format()}\n`);
  process.exitCode = error.exitCode;
} else await import('./program.js');
