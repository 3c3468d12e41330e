// What the house has the page suggest, as its configuration says; any other word can be written.

import { signal } from './html.js';
import { get } from './parts.js';

export const settings = signal({ notReadyReasons: [], dispositions: [] });

get('/settings.json')
  .then((found) => { settings.value = found; })
  .catch(() => {}); // there are no suggestions then
