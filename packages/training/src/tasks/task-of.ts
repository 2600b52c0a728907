import type { RunConfig } from '../config/run-config.js';
import { registration } from './registration.js';
import { segmentation } from './segmentation.js';
import type { Task } from './task.js';

/** The task that a configuration names. */
export function taskOf(config: RunConfig): Task {
  return config.task === 'registration' ? registration(config) : segmentation(config);
}
