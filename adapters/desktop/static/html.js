// What the page is drawn with: Preact, its hooks and signals, and htm for the markup. index.html says where they are.

import { h } from 'preact';
import htm from 'htm';

export { render } from 'preact';
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
export { batch, computed, effect, signal, useSignal } from '@preact/signals';

export const html = htm.bind(h);
